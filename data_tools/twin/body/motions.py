"""What people do beside walking: discuss, eat, greet, take a photo, walk a dog.

Each motion is a function of a body, of random numbers that belong to the person and to the take,
and of the number of frames: hands go to places about the chest (mm from the neck: forward,
outwards, up) where ``arms.reach`` brings them, feet stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from data_tools.twin.body.arms import SIDES, reach
from data_tools.twin.body.footing import smooth, soles
from data_tools.twin.body.gait import FPS, draw_walker, walk
from data_tools.twin.body.kinematics import Angles, Bones, Posed, pose, ry, rz
from data_tools.twin.body.timing import between, changes, during, slow_noise

Random = np.random.Generator
Motion = Callable[[Bones, Random, Random, int], Posed]
HANGING = (60.0, 60.0, -500.0)  # beyond the shoulder, so that the arm is long


def discuss(bones: Bones, person: Random, take: Random, frames: int) -> Posed:
    """Talking: both hands in the air with a beat, one in the other, or at rest; nods and looks."""
    t = np.arange(frames) / FPS
    angles = _standing(person, take, t)
    number, way = changes(take, t, (0.6, 2.5), (0.35, 0.8))
    n = number.max() + 2
    talking = take.random(n) < 0.75
    beat = during(talking, number, way) * np.sin(2 * np.pi * take.uniform(1.4, 2.4) * t)
    for side in SIDES:
        here = take.uniform((190, -20, -330), (420, 240, -40), (n, 3))
        quiet = [_out(HANGING), (150.0, -30.0, -300.0)][take.integers(2)]
        rests = ~talking | (take.random(n) < 0.25)  # one hand talks where both need not
        here[rests] = quiet
        path = between(here, number, way)
        path += (beat * take.uniform(15, 45))[:, None] * np.array([0.6, 0.3, 1.0])
        _hand(angles, bones, side, path + _tremble(take, t, 12))
    nods = during(take.random(n) < 0.5, number, way) * np.sin(2 * np.pi * 1.1 * t)
    angles.head_pitch = angles.head_pitch + 7 * nods
    angles.head_yaw = between(take.normal(0, 22, n), number, way) + 3 * slow_noise(take, t, 0.4)
    return _stand(bones, angles, take)


def greet(bones: Bones, person: Random, take: Random, frames: int) -> Posed:
    """Somebody waves with a raised arm, offers a hand and shakes it, bows."""
    t = np.arange(frames) / FPS
    angles = _standing(person, take, t)
    number, way = changes(take, t, (1.3, 2.6), (0.5, 0.9))
    n = number.max() + 2
    kinds = (take.integers(0, 3, n) + np.arange(n)) % 4  # wave, shake hands, bow, wait
    wave, shake, bow = (during(kinds == k, number, way) for k in range(3))
    side, other = ("right", "left") if person.random() < 0.85 else ("left", "right")
    places = np.array([(130.0, 330.0, 300.0), (430, -60, -230), _out(HANGING), _out(HANGING)])
    path = between(places[kinds], number, way)
    swing = np.sin(2 * np.pi * person.uniform(1.5, 2.3) * t)
    path[:, 1] += 170 * wave * swing
    path[:, 2] += 45 * shake * np.sin(2 * np.pi * 2.2 * t)
    _hand(angles, bones, side, path + _tremble(take, t, 8), (-0.2, 1.0, -0.7))
    _hand(angles, bones, other, np.tile(_out(HANGING), (frames, 1)) + _tremble(take, t, 15))
    _bow(angles, bow * person.uniform(28, 48))
    angles.lean = angles.lean + 9 * shake
    angles.head_pitch = angles.head_pitch + 12 * bow - 5 * wave
    return _stand(bones, angles, take)


def photograph(bones: Bones, person: Random, take: Random, frames: int) -> Posed:
    """Both hands bring a camera to the eyes, hold it still, turn with it; and lower it to look."""
    t = np.arange(frames) / FPS
    angles = _standing(person, take, t)
    number, way = changes(take, t, (1.5, 4.0), (0.5, 1.0))
    n = number.max() + 2
    aims = (np.arange(n) + take.integers(2)) % 3 > 0
    aiming = during(aims, number, way)
    low = during(aims & (take.random(n) < 0.4), number, way)  # from a crouch
    _crouch(angles, low * take.uniform(35, 55))
    angles.shoulder_yaw = aiming * between(take.normal(0, 14, n), number, way)
    angles.head_yaw = (1 - aiming) * 5 * slow_noise(take, t, 0.2)
    angles.head_pitch = 5 + (1 - aiming) * 18 + between(take.uniform(-9, 9, n), number, way)
    head = rz(np.deg2rad(angles.head_yaw)) @ ry(np.deg2rad(angles.head_pitch))
    camera = head @ np.array([285.0, 0.0, 75.0])
    camera = camera + (1 - aiming)[:, None] * np.array([20.0, 0.0, -300.0])
    for side, sign in SIDES.items():
        hand = camera + np.array([-70.0, sign * 85.0, -75.0])
        _hand(angles, bones, side, hand, (-0.1, 0.45, -1.0), across=sign)
    return _stand(bones, angles, take)


def eat(bones: Bones, person: Random, take: Random, frames: int) -> Posed:
    """On a chair, a bowl in one hand; the other takes spoon after spoon to the mouth."""
    t = np.arange(frames) / FPS
    pitch = person.uniform(-8, 4)
    angles = Angles(
        heading=take.uniform(-180, 180) + slow_noise(take, t, 0.1),
        pelvis_pitch=pitch,
        lean=pitch + person.uniform(4, 16) + 2 * slow_noise(take, t, 0.2),
        side_lean=1.5 * slow_noise(take, t, 0.15),
        **{f"hip_{s}": 88 + pitch + person.normal(0, 3) + slow_noise(take, t, 0.1) for s in SIDES},
        **{f"knee_{s}": take.uniform(70, 98) + slow_noise(take, t, 0.1) for s in SIDES},
        **{f"hip_abduction_{s}": take.uniform(0, 14) for s in SIDES},
    )
    number, way = changes(take, t, (0.25, 1.0), (0.6, 1.0))
    n = number.max() + 2
    at_mouth = np.arange(n) % 2 == 1
    bite = during(at_mouth, number, way)
    angles.head_pitch = 14 + person.uniform(0, 8) - 4 * bite + 2 * slow_noise(take, t, 0.3)
    angles.head_yaw = between(np.where(at_mouth, 0, take.normal(0, 12, n)), number, way)
    head = rz(np.deg2rad(angles.head_yaw)) @ ry(np.deg2rad(angles.head_pitch))
    side, other = ("right", "left") if person.random() < 0.88 else ("left", "right")
    sign = SIDES[side]
    mouth = head @ np.array([215.0, sign * 95.0, -15.0])
    bowl = np.array([300.0, -sign * 20.0, -270.0]) + _tremble(take, t, 10)
    spoon = bowl + np.array([-30.0, sign * 130.0, 70.0])
    _hand(angles, bones, side, spoon + bite[:, None] * (mouth - spoon), across=sign)
    _hand(angles, bones, other, bowl + np.array([-70.0, -sign * 70.0, -10.0]), across=-sign)
    posed = pose(bones, angles, frames)
    floor = _onto_the_floor(posed, np.zeros(2))
    floor[:, :2] = take.uniform(-500, 500, 2)  # the hips stay, on the chair
    return posed.shifted(floor)


def walk_dog(bones: Bones, person: Random, take: Random, frames: int) -> Posed:
    """Walking behind a dog that pulls, dawdles and hurries: one arm ahead with the leash."""
    walker = draw_walker(person, take)
    walker = replace(
        walker,
        arm_style="swing",
        haste=float(take.uniform(0.16, 0.24)),
        stride_hz=0.85 * walker.stride_hz,
        shape=0.3 * walker.shape,
    )
    side = "right" if person.random() < 0.7 else "left"

    def hold_leash(angles: Angles, t: np.ndarray) -> None:
        pull = 0.5 + 0.5 * np.tanh(slow_noise(take, t, 0.25))
        path = np.array([190.0, 130.0, -400.0]) + pull[:, None] * np.array([230.0, -30.0, 110.0])
        _hand(angles, bones, side, path + _tremble(take, t, 20))
        angles.head_pitch = angles.head_pitch + 16
        angles.lean = angles.lean - 4 * pull

    return walk(bones, walker, frames, FPS, hold_leash)


def _out(place: tuple[float, float, float]) -> np.ndarray:
    return np.array(place) + np.array([0.0, 130.0, 0.0])


def _hand(
    angles: Angles,
    bones: Bones,
    side: str,
    path: np.ndarray,
    elbow: tuple[float, float, float] = (-0.4, 0.5, -1.0),
    across: float | None = None,
) -> None:
    """Bring a hand along a path (T, 3): forward, outwards, up; with ``across``, to the left."""
    mirror = np.array([1.0, SIDES[side] if across is None else 1.0, 1.0])
    for name, values in reach(bones, side, path * mirror, elbow).items():
        setattr(angles, name, values)


def _tremble(rng: Random, t: np.ndarray, mm: float) -> np.ndarray:
    return mm * np.stack([slow_noise(rng, t, 0.5) for _ in range(3)], axis=1)


def _standing(person: Random, take: Random, t: np.ndarray) -> Angles:
    """Upright, the weight now on one leg, now on the other, facing now here, now there."""
    number, way = changes(take, t, (2.0, 6.0), (0.7, 1.6))
    n = number.max() + 2
    weight = between(take.uniform(-1, 1, n), number, way)  # 1: all on the right leg
    turn = np.cumsum(take.normal(0, 35, n))
    angles = Angles(
        heading=take.uniform(-180, 180) + between(turn, number, way),
        pelvis_roll=2.5 * weight,
        lean=person.uniform(0, 6) + 1.5 * slow_noise(take, t, 0.15),
        side_lean=-1.5 * weight + 1.2 * slow_noise(take, t, 0.15),
        shoulder_yaw=5 * slow_noise(take, t, 0.15),
        head_yaw=8 * slow_noise(take, t, 0.2),
        head_pitch=person.uniform(-2, 6) + 3 * slow_noise(take, t, 0.25),
    )
    step = np.sin(np.pi * way) * np.clip(np.abs(np.diff(turn)) / 25, 0, 1)[number]
    apart = person.uniform(1, 7)
    for side, sign in SIDES.items():
        free = np.maximum(sign * weight, 0)  # this leg bears less
        lifted = step * np.maximum(sign * np.sin(2 * np.pi * 1.3 * t), 0)
        bend = 4 + 16 * free + 32 * lifted
        for name, value in (
            (f"knee_{side}", bend),
            (f"hip_{side}", 0.5 * bend + 2 * free),
            (f"hip_abduction_{side}", apart + 2 * free),
            (f"hip_twist_{side}", person.uniform(3, 18)),
            (f"foot_{side}", 14 * lifted),
        ):
            setattr(angles, name, value)
    return angles


def _bow(angles: Angles, degrees: np.ndarray) -> None:
    """From the hips: the pelvis tips by half as much, and the legs stay."""
    angles.lean = angles.lean + degrees
    angles.pelvis_pitch = angles.pelvis_pitch + 0.5 * degrees
    for side in SIDES:
        name = f"hip_{side}"
        setattr(angles, name, getattr(angles, name) + 0.5 * degrees)


def _crouch(angles: Angles, degrees: np.ndarray) -> None:
    """Knees bend by twice as much as the hips, so that the pelvis stays over the feet.

    Both legs come to bear alike, or one foot would hang in the air.
    """
    alike = np.clip(degrees / 30, 0, 1)
    angles.pelvis_roll = (1 - alike) * angles.pelvis_roll
    for joint, part in (("hip", 1.0), ("knee", 2.0), ("hip_abduction", 0.0), ("hip_twist", 0.0)):
        bends = [getattr(angles, f"{joint}_{side}") for side in SIDES]
        for side, bend in zip(SIDES, bends, strict=True):
            value = bend + alike * (sum(bends) / 2 - bend) + part * degrees
            setattr(angles, f"{joint}_{side}", value)
    angles.lean = angles.lean + 0.25 * degrees


def _stand(bones: Bones, angles: Angles, take: Random) -> Posed:
    heading = np.asarray(angles.heading, float)
    posed = pose(bones, angles, len(heading))
    return posed.shifted(_onto_the_floor(posed, take.uniform(-900, 900, 2)))


def _onto_the_floor(posed: Posed, place: np.ndarray) -> np.ndarray:
    """The shift (T, 3) that puts the lower foot on the floor and keeps the feet where they are."""
    feet = soles(posed)  # (T, foot, heel | ball, xyz)
    middle = feet[..., :2].mean(axis=(1, 2))
    height = -smooth(feet[..., 2].min(axis=(1, 2)), 5)
    return np.column_stack([place - middle, height])


MOTIONS: dict[str, Motion] = {
    "Discussion": discuss,
    "Eating": eat,
    "Greeting": greet,
    "TakingPhoto": photograph,
    "WalkingDog": walk_dog,
}
