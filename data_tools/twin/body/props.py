"""Things that belong to what people do: a bowl, a spoon and a chair, a camera, a leash and a dog.

Each is made of tapered capsules as the body is. What is in a hand belongs to the person's
silhouette; a chair and a dog do not, and hide of it what is behind them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_tools.twin.body.clothes import Cloth, Parts
from data_tools.twin.body.kinematics import Posed
from data_tools.twin.body.timing import slow_noise
from minipose.skeletons import H36M_32

AT = {name: i for i, name in enumerate(H36M_32)}
METAL, PORCELAIN, BLACK = Cloth((0.62, 0.63, 0.66)), Cloth((0.85, 0.85, 0.82)), Cloth((0.05,) * 3)
FOOD = Cloth((0.50, 0.30, 0.10), folds=0.1)
WOOD = Cloth((0.42, 0.27, 0.16), folds=0.04)
COATS = ((0.45, 0.30, 0.16), (0.10, 0.09, 0.08), (0.80, 0.74, 0.62), (0.55, 0.52, 0.50))
STEP = 4.0  # 1/s: how often a dog sets a foot down


@dataclass(frozen=True)
class Prop:
    """One capsule: ends (T, 3) mm, world, radii mm; whether somebody holds it."""

    a: np.ndarray
    b: np.ndarray
    radius_a: float
    radius_b: float
    cloth: Cloth
    held: bool = True


def props_of(action: str, posed: Posed, rng: np.random.Generator, seconds: float) -> list[Prop]:
    """What an action needs, for every frame of it, ``seconds`` apart."""
    if action == "Eating":
        return _bowl(posed) + _chair(posed)
    if action == "TakingPhoto":
        return _camera(posed)
    if action == "WalkingDog":
        return _dog(posed, rng, seconds)
    return []


def with_props(parts: Parts, props: list[Prop]) -> tuple[Parts, int]:
    """Body and things as one; and how many of the parts are the person with what they hold."""
    if not props:
        return parts, len(parts.cloths)
    ordered = sorted(props, key=lambda prop: not prop.held)
    flat = np.zeros(len(parts.cloths), bool) if parts.flat is None else parts.flat
    joined = Parts(
        np.concatenate([parts.a, np.stack([p.a for p in ordered], axis=1)], axis=1),
        np.concatenate([parts.b, np.stack([p.b for p in ordered], axis=1)], axis=1),
        np.concatenate([parts.radius_a, [p.radius_a for p in ordered]]),
        np.concatenate([parts.radius_b, [p.radius_b for p in ordered]]),
        (*parts.cloths, *(p.cloth for p in ordered)),
        np.concatenate([flat, np.zeros(len(ordered), bool)]),
    )
    return joined, len(parts.cloths) + sum(prop.held for prop in props)


def _grip(posed: Posed, side: str) -> np.ndarray:
    """The middle of a fist, (T, 3)."""
    return 0.5 * (posed.joints[:, AT[f"{side}Hand"]] + posed.joints[:, AT[f"{side}WristEnd"]])


def _camera(posed: Posed) -> list[Prop]:
    """Between the hands, its lens where the head looks."""
    right, left = _grip(posed, "Right"), _grip(posed, "Left")
    forward = posed.rotations["head"] @ np.array([1.0, 0.0, 0.0])
    up = posed.rotations["head"] @ np.array([0.0, 0.0, 1.0])
    middle = 0.5 * (right + left) + 45 * up
    aside = _unit(left - right)
    body = [
        Prop(middle - 55 * aside + z * up, middle + 55 * aside + z * up, 34, 34, BLACK)
        for z in (-22, 22)
    ]
    lens = Prop(middle + 30 * forward, middle + 95 * forward, 34, 38, BLACK)
    ring = Prop(middle + 96 * forward, middle + 112 * forward, 39, 36, METAL)
    return [*body, lens, ring]


def _bowl(posed: Posed) -> list[Prop]:
    """A bowl in the hand that is lower, a spoon in the other."""
    right, left = _grip(posed, "Right"), _grip(posed, "Left")
    eats_right = right[:, 2].mean() > left[:, 2].mean()
    spoon, bowl = (right, left) if eats_right else (left, right)
    chest = posed.rotations["chest"]
    hips = posed.joints[:, 0]
    ahead = chest @ np.array([1.0, 0.0, 0.0])
    mouth = posed.joints[:, AT["HeadSite"]] + posed.rotations["head"] @ np.array([55.0, 0, -175.0])
    middle = bowl + np.array([0, 0, 45.0]) + 0.25 * ((hips + 330 * ahead) - bowl) * [1, 1, 0]
    rim = middle + np.array([0, 0, 40.0])
    tip = spoon + 120 * _unit(np.where(spoon[:, 2:] > middle[:, 2:] + 130, mouth, middle) - spoon)
    return [
        Prop(middle, rim, 48, 70, PORCELAIN),
        Prop(rim + [0, 0, 26.0], rim + [0, 0, 27.0], 57, 57, FOOD),
        Prop(spoon, tip, 7, 7, METAL),
        Prop(tip, tip, 19, 19, METAL),
    ]


def _chair(posed: Posed) -> list[Prop]:
    """Seat, legs and back; it stays where it is, under where the hips are on average."""
    frames = len(posed.joints)
    x, y, z = posed.joints[:, 0].mean(axis=0)
    front = posed.rotations["pelvis"][:, :2, 0].mean(axis=0)
    front = np.append(front / np.linalg.norm(front), 0.0)
    left = np.array([-front[1], front[0], 0.0])
    top = z - 150.0

    def at(forward: float, outward: float, height: float) -> np.ndarray:
        place = np.array([x, y, 0.0]) + forward * front + outward * left
        return np.tile([place[0], place[1], height], (frames, 1))

    def bar(a: tuple, b: tuple, radius: float) -> Prop:
        return Prop(at(*a), at(*b), radius, radius, WOOD, held=False)

    seat = [bar((-190, y, top), (210, y, top), 32) for y in (-175, -90, 0, 90, 175)]
    legs = [bar((x, y, top), (1.1 * x, y, 20), 20) for x in (-200, 200) for y in (-180, 180)]
    posts = [bar((-215, y, top), (-275, y, top + 480), 20) for y in (-180, 180)]
    rails = [bar((-245, -180, top + h), (-245, 180, top + h), 28) for h in (250, 360, 470)]
    return seat + legs + posts + rails


def _dog(posed: Posed, rng: np.random.Generator, seconds: float) -> list[Prop]:
    """Ahead of the walker, swerving; a leash runs from the hand that is further ahead."""
    t = np.arange(len(posed.joints)) * seconds
    pelvis = posed.rotations["pelvis"]
    turned = np.arctan2(pelvis[:, 1, 0], pelvis[:, 0, 0]) + 0.25 * slow_noise(rng, t, 0.2)
    front = np.column_stack([np.cos(turned), np.sin(turned), np.zeros(len(t))])
    left = np.column_stack([-front[:, 1], front[:, 0], np.zeros(len(t))])
    size = rng.uniform(0.8, 1.2)
    ahead = 1050 + 130 * slow_noise(rng, t, 0.2)
    middle = posed.joints[:, 0] * [1, 1, 0] + ahead[:, None] * front
    coat = Cloth(COATS[rng.integers(len(COATS))], folds=0.06)

    def at(forward: float, outward: float, height: float) -> np.ndarray:
        place = forward * front + outward * left + np.array([0.0, 0.0, height])
        return middle + size * place

    neck, head = at(235, 0, 440), at(330, 0, 545)
    body = [
        (at(-190, 0, 385), at(190, 0, 395), 95, 112),
        (at(170, 0, 400), head, 70, 66),
        (head, at(450, 0, 515), 68, 40),
        (at(310, 45, 600), at(305, 75, 560), 24, 18),
        (at(310, -45, 600), at(305, -75, 560), 24, 18),
        (at(-250, 0, 420), at(-380, 0, 560), 26, 14),
    ]
    stride = np.sin(np.pi * STEP * t)[:, None] * front
    for x, y, sign in ((190, 60, 1), (190, -60, -1), (-190, 60, -1), (-190, -60, 1)):
        body.append((at(x, y, 340), at(x, y, 30) + sign * 70 * stride, 48, 30))
    dog = [Prop(a, b, size * ra, size * rb, coat, held=False) for a, b, ra, rb in body]
    right, leading = _grip(posed, "Right"), _grip(posed, "Left")
    hips = posed.joints[:, 0]
    further = [((hand - hips) * front).sum(axis=1).mean() for hand in (right, leading)]
    hand = right if further[0] > further[1] else leading
    return [*dog, Prop(hand, neck, 9, 9, Cloth((0.55, 0.08, 0.08)), held=False)]


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)
