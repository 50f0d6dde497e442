"""A clothed body as solid parts: tapered capsules between points that move with the skeleton."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_tools.twin.body import Bones, Posed
from minipose.skeletons import H36M_32

Colour = tuple[float, float, float]  # 0-1, linear enough for a lamp-lit room


@dataclass(frozen=True)
class Cloth:
    """A colour with an optional pattern: a second colour in ``bands`` rings along the part."""

    colour: Colour
    second: Colour | None = None
    bands: float = 0.0


@dataclass(frozen=True)
class Outfit:
    """What somebody looks like. Sleeves and legs: 0 is bare, 1 covers the limb's upper half, 2 all.

    ``hair``: "short", "long", "bun" or "bald".
    """

    skin: Colour
    hair_colour: Colour
    hair: str
    shirt: Cloth
    trousers: Cloth
    shoes: Colour
    sleeves: int
    legs: int
    skirt: bool = False


@dataclass(frozen=True)
class Parts:
    """K tapered capsules over T frames.

    Attributes
    ----------
    a, b : (T, K, 3), mm, world: the ends
    radius_a, radius_b : (K,), mm
    cloths : K cloths
    """

    a: np.ndarray
    b: np.ndarray
    radius_a: np.ndarray
    radius_b: np.ndarray
    cloths: tuple[Cloth, ...]

    def at(self, frame: int) -> Parts:
        """The parts of a single frame, with one entry on the first axis."""
        return replace(self, a=self.a[frame : frame + 1], b=self.b[frame : frame + 1])


SKINS = ((0.87, 0.68, 0.56), (0.80, 0.58, 0.45), (0.62, 0.42, 0.30), (0.93, 0.76, 0.66),
         (0.45, 0.30, 0.22))  # fmt: skip
HAIRS = ((0.10, 0.08, 0.07), (0.28, 0.18, 0.10), (0.55, 0.40, 0.22), (0.40, 0.38, 0.36))
FABRICS = ((0.15, 0.20, 0.38), (0.55, 0.12, 0.14), (0.20, 0.36, 0.24), (0.82, 0.82, 0.78),
           (0.14, 0.14, 0.15), (0.62, 0.52, 0.36), (0.36, 0.50, 0.66), (0.72, 0.56, 0.18),
           (0.42, 0.28, 0.46), (0.45, 0.45, 0.47))  # fmt: skip


def draw_outfit(rng: np.random.Generator) -> Outfit:
    """Random but plausible clothes."""
    shirt, second, trousers = (FABRICS[i] for i in rng.choice(len(FABRICS), 3, replace=False))
    banded = rng.random() < 0.35
    return Outfit(
        skin=SKINS[rng.integers(len(SKINS))],
        hair_colour=HAIRS[rng.integers(len(HAIRS))],
        hair=str(rng.choice(["short", "short", "long", "bun", "bald"])),
        shirt=Cloth(shirt, second if banded else None, float(rng.integers(2, 5))),
        trousers=Cloth(trousers),
        shoes=[(0.08, 0.08, 0.09), (0.75, 0.75, 0.74), (0.30, 0.18, 0.10)][rng.integers(3)],
        sleeves=int(rng.integers(0, 3)),
        legs=int(rng.choice([1, 2, 2, 2])),
        skirt=bool(rng.random() < 0.12),
    )


def dress(posed: Posed, bones: Bones, outfit: Outfit) -> Parts:
    """The parts of a clothed body in all frames of a pose."""
    at = {name: posed.joints[:, i] for i, name in enumerate(H36M_32)}
    build = _Builder(bones.build)
    _trunk(build, at, posed.turns, outfit)
    _head(build, at, posed.turns["head"], outfit)
    for side in ("Right", "Left"):
        _arm(build, at, side, outfit)
        _leg(build, at, side, outfit)
    if outfit.skirt:
        _skirt(build, at, posed.turns["pelvis"], outfit)
    return build.parts()


class _Builder:
    def __init__(self, build: float) -> None:
        self.build = build
        self.rows: list[tuple] = []

    def add(self, a, b, radius_a: float, radius_b: float, cloth: Cloth, fleshy: bool = True):
        k = self.build if fleshy else 1.0
        self.rows.append((a, b, k * radius_a, k * radius_b, cloth))

    def parts(self) -> Parts:
        a, b, radius_a, radius_b, cloths = zip(*self.rows, strict=True)
        return Parts(
            np.stack(a, axis=1),
            np.stack(b, axis=1),
            np.array(radius_a),
            np.array(radius_b),
            cloths,
        )


def _place(origin: np.ndarray, turn: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    return origin + turn @ np.array([x, y, z])


def _trunk(build: _Builder, at: dict, turns: dict, outfit: Outfit) -> None:
    pelvis, chest = turns["pelvis"], turns["chest"]
    shirt, trousers = outfit.shirt, outfit.trousers
    wide = build.build
    build.add(at["RightUpLeg"], at["LeftUpLeg"], 92, 92, trousers)
    for y in (-1, 1):
        seat = _place(at["Hips"], pelvis, -42, y * 72, -45)
        build.add(seat, seat, 78, 78, trousers)
        belly_low = _place(at["Hips"], pelvis, 8, y * 52 * wide, 45)
        belly_high = _place(at["Spine1"], chest, 4, y * 55 * wide, 0)
        build.add(belly_low, belly_high, 92, 88, shirt)
        ribs = _place(at["Neck"], chest, 0, y * 68 * wide, -95)
        build.add(belly_high, ribs, 90, 92, shirt)
    build.add(_mid(at["RightArm"], at["Neck"]), _mid(at["LeftArm"], at["Neck"]), 62, 62, shirt)
    build.add(at["RightArm"], at["Neck"], 56, 58, shirt)
    build.add(at["LeftArm"], at["Neck"], 56, 58, shirt)


def _head(build: _Builder, at: dict, head: np.ndarray, outfit: Outfit) -> None:
    skin, hair = Cloth(outfit.skin), Cloth(outfit.hair_colour)
    dark = Cloth((0.09, 0.07, 0.07))
    lips = Cloth(tuple(0.55 * c + 0.45 * d for c, d in zip(outfit.skin, (0.55, 0.1, 0.1))))
    skull = _place(at["HeadSite"], head, -22, 0, -92)
    add = lambda *row: build.add(*row, fleshy=False)  # noqa: E731
    add(at["Neck"], _place(skull, head, -8, 0, -70), 58, 52, skin)
    add(skull, _place(skull, head, 12, 0, -25), 88, 78, skin)
    add(_place(skull, head, 22, 0, -50), _place(skull, head, 34, 0, -66), 62, 48, skin)
    add(_place(skull, head, 84, 0, -12), _place(skull, head, 98, 0, -34), 10, 14, skin)
    add(_place(skull, head, 76, -18, -72), _place(skull, head, 76, 18, -72), 8, 8, lips)
    for y in (-1, 1):
        add(_place(skull, head, 79, y * 30, 0), _place(skull, head, 77, y * 36, 0), 10, 9, dark)
        brow = _place(skull, head, 80, y * 20, 20), _place(skull, head, 72, y * 46, 19)
        add(*brow, 6, 5, hair)
        ear = _place(skull, head, -4, y * 86, -14), _place(skull, head, -8, y * 88, -38)
        add(*ear, 17, 12, skin)
    if outfit.hair == "bald":
        return
    add(_place(skull, head, -12, 0, 14), _place(skull, head, 10, 0, 26), 93, 82, hair)
    add(_place(skull, head, -36, 0, -30), _place(skull, head, -26, 0, 0), 78, 86, hair)
    if outfit.hair == "long":
        add(_place(skull, head, -48, 0, -40), _place(skull, head, -72, 0, -200), 76, 58, hair)
    if outfit.hair == "bun":
        bun = _place(skull, head, -100, 0, 28)
        add(bun, bun, 40, 40, hair)


def _arm(build: _Builder, at: dict, side: str, outfit: Outfit) -> None:
    skin, shirt = Cloth(outfit.skin), outfit.shirt
    shoulder, elbow, wrist = at[f"{side}Arm"], at[f"{side}ForeArm"], at[f"{side}Hand"]
    build.add(shoulder, elbow, 50, 39, skin if outfit.sleeves == 0 else shirt)
    if outfit.sleeves == 0:
        build.add(shoulder, _mid(shoulder, elbow, 0.12), 58, 54, shirt)
    build.add(elbow, wrist, 39, 28, shirt if outfit.sleeves == 2 else skin)
    knuckles = at[f"{side}WristEnd"]
    build.add(_mid(wrist, knuckles, 0.2), knuckles, 31, 33, skin, False)
    build.add(knuckles, _mid(knuckles, at[f"{side}WristSite"], 0.9), 27, 17, skin, False)
    thumb = at[f"{side}ThumbSite"]
    build.add(_mid(wrist, thumb, 0.3), thumb, 17, 13, skin, False)


def _leg(build: _Builder, at: dict, side: str, outfit: Outfit) -> None:
    skin, trousers = Cloth(outfit.skin), outfit.trousers
    hip, knee, ankle = at[f"{side}UpLeg"], at[f"{side}Leg"], at[f"{side}Foot"]
    toes, tip = at[f"{side}ToeBase"], at[f"{side}ToeSite"]
    build.add(hip, knee, 88, 57, trousers)
    calf = _mid(knee, ankle, 0.3)
    if outfit.legs == 2:
        build.add(knee, calf, 58, 57, trousers)
        build.add(calf, _mid(knee, ankle, 0.96), 57, 47, trousers)
    else:
        build.add(knee, calf, 53, 55, skin)
        build.add(calf, ankle, 55, 36, skin)
    shoe = Cloth(outfit.shoes)
    heel = ankle - 0.30 * (toes - ankle)
    heel[:, 2] = np.minimum(heel[:, 2], ankle[:, 2]) - 38
    build.add(ankle, heel, 46, 40, shoe, False)
    build.add(heel, toes, 40, 42, shoe, False)
    build.add(_mid(ankle, toes, 0.25), toes, 45, 40, shoe, False)
    build.add(toes, tip, 42, 30, shoe, False)


def _skirt(build: _Builder, at: dict, pelvis: np.ndarray, outfit: Outfit) -> None:
    knees = [_mid(at[f"{s}UpLeg"], at[f"{s}Leg"], 0.8) for s in ("Right", "Left")]
    for share in (0.0, 0.33, 0.67, 1.0):
        top = _place(at["Hips"], pelvis, 0, -60 + 120 * share, 10)
        build.add(top, _mid(*knees, share), 92, 112, outfit.trousers)


def _mid(a: np.ndarray, b: np.ndarray, share: float = 0.5) -> np.ndarray:
    return a + share * (b - a)
