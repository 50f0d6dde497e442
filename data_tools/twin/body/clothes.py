"""A clothed body as solid parts: tapered capsules between points that move with the skeleton."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_tools.twin.body.kinematics import Bones, Posed
from minipose.skeletons import H36M_32

Colour = tuple[float, float, float]  # 0-1, linear enough for a lamp-lit room


@dataclass(frozen=True)
class Cloth:
    """A colour, with a second one in ``bands`` rings along a part or ``stripes`` around it.

    ``folds`` is how strongly the cloth's creases catch the light; skin has none.
    """

    colour: Colour
    second: Colour | None = None
    bands: float = 0.0
    stripes: float = 0.0
    folds: float = 0.0


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
    flat : (K,) bool, whether the part is cut off at b (a cuff, a hem) and not rounded
    """

    a: np.ndarray
    b: np.ndarray
    radius_a: np.ndarray
    radius_b: np.ndarray
    cloths: tuple[Cloth, ...]
    flat: np.ndarray | None = None

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
    pattern = str(rng.choice(["plain", "plain", "bands", "stripes", "checks"]))
    return Outfit(
        skin=SKINS[rng.integers(len(SKINS))],
        hair_colour=HAIRS[rng.integers(len(HAIRS))],
        hair=str(rng.choice(["short", "short", "short", "long", "bun", "bald"])),
        shirt=Cloth(
            shirt,
            None if pattern == "plain" else second,
            bands=float(rng.integers(3, 6)) if pattern in ("bands", "checks") else 0.0,
            stripes=float(rng.integers(2, 5)) if pattern in ("stripes", "checks") else 0.0,
            folds=0.06,
        ),
        trousers=Cloth(trousers, folds=0.05),
        shoes=[(0.08, 0.08, 0.09), (0.75, 0.75, 0.74), (0.30, 0.18, 0.10)][rng.integers(3)],
        sleeves=int(rng.integers(0, 3)),
        legs=int(rng.choice([1, 2, 2, 2])),
        skirt=bool(rng.random() < 0.12),
    )


def dress(posed: Posed, bones: Bones, outfit: Outfit) -> Parts:
    """The parts of a clothed body in all frames of a pose."""
    at = {name: posed.joints[:, i] for i, name in enumerate(H36M_32)}
    build = _Builder(bones.build)
    _trunk(build, at, posed.rotations, bones, outfit)
    _head(build, at, posed.rotations["head"], outfit)
    for side, sign in (("Right", -1.0), ("Left", 1.0)):
        _arm(build, at, side, outfit)
        _leg(build, at, side, sign, posed.rotations["pelvis"], bones, outfit)
    if outfit.skirt:
        _skirt(build, at, posed.rotations["pelvis"], outfit)
    return build.parts()


class _Builder:
    def __init__(self, build: float) -> None:
        self.build = build
        self.rows: list[tuple] = []

    def add(
        self,
        a: np.ndarray,
        b: np.ndarray,
        radius_a: float,
        radius_b: float,
        cloth: Cloth,
        fleshy: bool = True,
        flat: bool = False,
    ) -> None:
        k = self.build if fleshy else 1.0
        self.rows.append((a, b, k * radius_a, k * radius_b, cloth, flat))

    def parts(self) -> Parts:
        a, b, radius_a, radius_b, cloths, flat = zip(*self.rows, strict=True)
        return Parts(
            np.stack(a, axis=1),
            np.stack(b, axis=1),
            np.array(radius_a),
            np.array(radius_b),
            cloths,
            np.array(flat),
        )


def _place(origin: np.ndarray, rotation: np.ndarray, x: float, y: float, z: float) -> np.ndarray:
    return origin + rotation @ np.array([x, y, z])


def _trunk(build: _Builder, at: dict, rotations: dict, bones: Bones, outfit: Outfit) -> None:
    """Flat and wide: each level is a few capsules side by side."""
    pelvis, chest = rotations["pelvis"], rotations["chest"]
    shirt, trousers = outfit.shirt, outfit.trousers
    hips, neck = at["Hips"], at["Neck"]
    ribs_wide, hips_wide = 0.46 * bones.shoulder, 0.46 * bones.hip
    build.add(
        _place(hips, pelvis, 0, -hips_wide, -8), _place(hips, pelvis, 0, hips_wide, -8),
        92, 92, trousers,
    )  # fmt: skip
    waist = _place(at["Spine1"], chest, 4, 0, -20)
    for y in (-1.0, 0.0, 1.0):
        seat = _place(hips, pelvis, -26, y * 58, -52)
        build.add(_place(hips, pelvis, -14, y * 50, 10), seat, 86, 80, trousers)
        low = _place(hips, pelvis, 4, y * hips_wide * 0.95, 18)
        middle = waist + chest @ np.array([0, y * 46, 0])
        ribs = _place(neck, chest, 12, y * ribs_wide, -150)
        build.add(middle, low, 88, 97, shirt, flat=True)
        build.add(ribs, middle, 93, 87, shirt)
        build.add(ribs, _place(neck, chest, 2, y * ribs_wide, -70), 92, 74, shirt)
    for side, sign in (("Right", -1), ("Left", 1)):
        shoulder = _mid(at[f"{side}Arm"], neck, 0.08)
        build.add(shoulder, _place(neck, chest, 0, sign * 45, -38), 54, 66, shirt)
        build.add(shoulder, _place(neck, chest, -4, sign * 30, 22), 44, 44, shirt)


def _head(build: _Builder, at: dict, head: np.ndarray, outfit: Outfit) -> None:
    skin, hair = Cloth(outfit.skin), Cloth(outfit.hair_colour, folds=0.08)
    dark = Cloth((0.09, 0.07, 0.07))
    lips = Cloth(tuple(0.55 * c + 0.45 * d for c, d in zip(outfit.skin, (0.55, 0.1, 0.1))))
    skull = _place(at["HeadSite"], head, -22, 0, -92)
    add = lambda *row: build.add(*row, fleshy=False)  # noqa: E731
    add(_place(at["Neck"], head, 8, 0, 12), _place(skull, head, -8, 0, -70), 56, 52, skin)
    add(skull, _place(skull, head, 12, 0, -25), 86, 77, skin)
    add(_place(skull, head, 22, 0, -50), _place(skull, head, 34, 0, -68), 60, 45, skin)
    add(_place(skull, head, 84, 0, -12), _place(skull, head, 98, 0, -34), 10, 14, skin)
    add(_place(skull, head, 74, -18, -74), _place(skull, head, 74, 18, -74), 8, 8, lips)
    for y in (-1, 1):
        add(_place(skull, head, 79, y * 30, 0), _place(skull, head, 77, y * 36, 0), 10, 9, dark)
        brow = _place(skull, head, 80, y * 20, 20), _place(skull, head, 72, y * 46, 19)
        add(*brow, 6, 5, hair)
        ear = _place(skull, head, -4, y * 84, -14), _place(skull, head, -8, y * 86, -38)
        add(*ear, 16, 11, skin)
    if outfit.hair == "bald":
        return
    add(_place(skull, head, -12, 0, 14), _place(skull, head, 10, 0, 26), 92, 80, hair)
    add(_place(skull, head, -36, 0, -30), _place(skull, head, -26, 0, 0), 74, 84, hair)
    if outfit.hair == "long":
        for y in (-1, 1):
            top = _place(skull, head, -38, y * 34, -20)
            add(top, _place(skull, head, -70, y * 40, -190), 62, 44, hair)
    if outfit.hair == "bun":
        bun = _place(skull, head, -104, 0, 28)
        add(bun, bun, 40, 40, hair)


def _arm(build: _Builder, at: dict, side: str, outfit: Outfit) -> None:
    skin, shirt = Cloth(outfit.skin), replace(outfit.shirt, bands=0.6 * outfit.shirt.bands)
    elbow, wrist = at[f"{side}ForeArm"], at[f"{side}Hand"]
    shoulder = _mid(at[f"{side}Arm"], at["Neck"], 0.06)
    upper = _mid(shoulder, elbow, 0.35)  # the deltoid's end
    bare = outfit.sleeves < 2
    for a, b, ra, rb in ((shoulder, upper, 53, 48), (upper, elbow, 48, 39)):
        build.add(a, b, ra, rb, skin if bare else shirt)
    if outfit.sleeves == 0:
        build.add(shoulder, _mid(shoulder, elbow, 0.14), 57, 55, shirt, flat=True)
    if outfit.sleeves == 1:
        build.add(shoulder, _mid(shoulder, elbow, 0.62), 57, 56, shirt, flat=True)
    bulge = _mid(elbow, wrist, 0.3)
    build.add(elbow, bulge, 38, 40, skin if bare else shirt)
    build.add(bulge, wrist, 40, 27, skin)
    if not bare:
        build.add(bulge, _mid(elbow, wrist, 0.95), 43, 35, shirt, flat=True)
    knuckles = at[f"{side}WristEnd"]
    build.add(_mid(wrist, knuckles, 0.2), knuckles, 30, 32, skin, False)
    build.add(knuckles, _mid(knuckles, at[f"{side}WristSite"], 0.9), 27, 17, skin, False)
    thumb = at[f"{side}ThumbSite"]
    build.add(_mid(wrist, thumb, 0.3), thumb, 17, 13, skin, False)


def _leg(
    build: _Builder,
    at: dict,
    side: str,
    sign: float,
    pelvis: np.ndarray,
    bones: Bones,
    outfit: Outfit,
) -> None:
    """Human3.6M's hip joints lie near the skin; the thigh's middle is further in."""
    skin, trousers = Cloth(outfit.skin), outfit.trousers
    hip = _place(at[f"{side}UpLeg"], pelvis, -4, -sign * 0.36 * bones.hip, -10)
    knee, ankle = at[f"{side}Leg"], at[f"{side}Foot"]
    toes, tip = at[f"{side}ToeBase"], at[f"{side}ToeSite"]
    bare = outfit.legs == 1 or outfit.skirt
    thigh = _mid(hip, knee, 0.4)
    build.add(hip, thigh, 86, 78, trousers)
    calf = _mid(knee, ankle, 0.3)
    if bare:
        build.add(thigh, knee, 72, 55, skin)
        build.add(knee, calf, 53, 56, skin)
        build.add(calf, ankle, 56, 36, skin)
        build.add(thigh, _mid(hip, knee, 0.85), 80, 74, trousers, flat=True)
    else:
        build.add(thigh, knee, 78, 61, trousers)
        build.add(knee, calf, 61, 61, trousers)
        build.add(calf, _mid(knee, ankle, 1.02), 61, 52, trousers, flat=True)
    shoe = Cloth(outfit.shoes)
    heel = ankle - 0.30 * (toes - ankle)
    heel[:, 2] = np.minimum(heel[:, 2], ankle[:, 2]) - 38
    build.add(ankle, heel, 44, 38, shoe, False)
    build.add(heel, toes, 38, 40, shoe, False)
    build.add(_mid(ankle, toes, 0.25), toes, 44, 38, shoe, False)
    build.add(toes, tip, 40, 28, shoe, False)


def _skirt(build: _Builder, at: dict, pelvis: np.ndarray, outfit: Outfit) -> None:
    """A bell from the hips to above the knees that gives way to both thighs."""
    knees = [_mid(at[f"{s}UpLeg"], at[f"{s}Leg"], 0.86) for s in ("Right", "Left")]
    for fraction in (0.02, 0.26, 0.5, 0.74, 0.98):
        top = _place(at["Hips"], pelvis, -4, -62 + 124 * fraction, 0)
        build.add(top, _mid(*knees, fraction), 94, 112, outfit.trousers, flat=True)


def _mid(a: np.ndarray, b: np.ndarray, fraction: float = 0.5) -> np.ndarray:
    return a + fraction * (b - a)
