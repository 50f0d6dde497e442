"""What people do: stand, walk, run, squat, sit, lunge, kick, jump, ..., as random joint angles.

Each kind draws angles within human ranges, for one side only where the two differ: who calls it
swaps the sides in half of the cases. ``lift`` raises the body off the floor, and ``seat`` asks for
something to sit on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Stance:
    """Angles in degrees by the names of ``body.Angles``; those missing keep their rest value."""

    angles: dict[str, float] = field(default_factory=dict)
    lift: float = 0.0  # mm between the lowest sole and the floor
    seat: bool = False
    pointed: tuple[bool, bool] = (False, False)  # a raised foot (right, left) follows its shin


def _pair(rng: np.random.Generator, name: str, low: float, high: float, alike: float = 0.0) -> dict:
    """An angle for both sides; ``alike`` 1 makes them equal."""
    right, left = rng.uniform(low, high, 2)
    return {f"{name}_right": right, f"{name}_left": alike * right + (1 - alike) * left}


def _hanging_arm(rng: np.random.Generator, side: str) -> dict:
    return {
        f"shoulder_{side}": rng.uniform(-20, 25),
        f"shoulder_abduction_{side}": rng.uniform(4, 25),
        f"shoulder_twist_{side}": rng.uniform(-30, 30),
        f"elbow_{side}": rng.uniform(3, 55),
    }


def any_arm(rng: np.random.Generator, side: str) -> dict:
    """Hanging, on the hip, bent in front, stretched ahead, sideways, or up."""
    kind = rng.choice(6, p=(0.34, 0.12, 0.16, 0.12, 0.13, 0.13))
    if kind == 0:
        return _hanging_arm(rng, side)
    ranges = (
        ((-35, -5), (35, 60), (30, 75), (75, 115)),  # hand on the hip
        ((5, 60), (2, 25), (-20, 60), (60, 130)),  # bent in front
        ((55, 110), (-8, 25), (-30, 30), (0, 50)),  # ahead
        ((-15, 25), (65, 110), (-40, 40), (0, 70)),  # sideways
        ((120, 178), (-8, 30), (-40, 40), (0, 60)),  # up
    )[kind - 1]
    names = ("shoulder", "shoulder_abduction", "shoulder_twist", "elbow")
    return {f"{n}_{side}": rng.uniform(*r) for n, r in zip(names, ranges, strict=True)}


def _arms(rng: np.random.Generator) -> dict:
    return any_arm(rng, "right") | any_arm(rng, "left")


def _standing(rng: np.random.Generator) -> Stance:
    knee = abs(rng.normal(0, 6)) + 2
    angles = {
        "hip_right": knee / 2 + rng.normal(0, 2),
        "knee_right": knee,
        "hip_left": knee / 2 + rng.normal(0, 2),
        "knee_left": knee,
        "lean": rng.normal(2, 4),
        "pelvis_roll": rng.normal(0, 2),
        **_pair(rng, "hip_abduction", 0, 14, 0.7),
        **_pair(rng, "hip_twist", 0, 25),
    }
    if rng.random() < 0.35:  # the weight on one leg
        angles |= {"hip_left": rng.uniform(8, 22), "knee_left": rng.uniform(15, 35)}
        angles["pelvis_roll"] = rng.uniform(-6, 0)
        angles["foot_left"] = rng.uniform(0, 12)
    return Stance(angles | _arms(rng))


def _walking(rng: np.random.Generator) -> Stance:
    reach = rng.uniform(10, 30)
    swing = rng.uniform(0, 35)
    angles = {
        "lean": rng.uniform(0, 9),
        "hip_right": reach,
        "knee_right": rng.uniform(2, 20),
        "foot_right": rng.uniform(-20, 5),
        "hip_left": -0.7 * reach + rng.uniform(0, 8),
        "knee_left": rng.uniform(8, 50),
        "foot_left": rng.uniform(10, 50),
        "shoulder_yaw": rng.normal(6, 6),
        "shoulder_right": -swing,
        "shoulder_left": swing,
        **_pair(rng, "shoulder_abduction", 5, 22),
        **_pair(rng, "elbow", 8, 70),
        **_pair(rng, "hip_abduction", -2, 6),
    }
    if rng.random() < 0.25:
        angles |= any_arm(rng, "right")
    return Stance(angles)


def _running(rng: np.random.Generator) -> Stance:
    swing = rng.uniform(15, 60)
    angles = {
        "lean": rng.uniform(3, 22),
        "pelvis_pitch": rng.uniform(0, 10),
        "hip_right": rng.uniform(25, 85),
        "knee_right": rng.uniform(25, 110),
        "hip_left": rng.uniform(-30, 15),
        "knee_left": rng.uniform(5, 100),
        "foot_right": rng.uniform(-15, 15),
        "foot_left": rng.uniform(10, 35),
        "shoulder_yaw": rng.normal(10, 8),
        "shoulder_right": -swing,
        "shoulder_left": swing,
        **_pair(rng, "shoulder_abduction", 5, 30),
        **_pair(rng, "elbow", 60, 115),
    }
    return Stance(angles, float(rng.uniform(0, 160)) * rng.integers(2), pointed=(True, True))


def _squatting(rng: np.random.Generator) -> Stance:
    hip = rng.uniform(45, 115)
    pitch = rng.uniform(0, 25)
    angles = {
        "pelvis_pitch": pitch,
        "lean": pitch + rng.uniform(0, 30),
        "hip_right": hip + pitch,
        "hip_left": hip + pitch,
        "knee_right": 1.1 * hip + rng.uniform(0, 20),
        **_pair(rng, "hip_abduction", 3, 30, 0.8),
        **_pair(rng, "hip_twist", 0, 25, 0.8),
        **_arms(rng),
    }
    angles["knee_left"] = angles["knee_right"] + rng.normal(0, 2)
    return Stance(angles)


def _sitting(rng: np.random.Generator) -> Stance:
    pitch = rng.uniform(-12, 12)
    angles = {
        "pelvis_pitch": pitch,
        "lean": pitch + rng.uniform(-8, 30),
        **_pair(rng, "hip_abduction", -2, 22, 0.5),
        **_arms(rng),
    }
    for side in ("right", "left"):
        angles[f"hip_{side}"] = 85 + pitch + rng.normal(0, 5)
        angles[f"knee_{side}"] = rng.uniform(60, 100)
    return Stance(angles, seat=True)


def _lunging(rng: np.random.Generator) -> Stance:
    deep = rng.uniform(30, 75)
    angles = {
        "lean": rng.uniform(-5, 30),
        "hip_right": deep,
        "knee_right": deep + rng.uniform(-10, 15),
        "hip_left": rng.uniform(-35, -5),
        "knee_left": rng.uniform(5, 60),
        "foot_left": rng.uniform(20, 60),
        **_pair(rng, "hip_abduction", -3, 18),
        **_arms(rng),
    }
    return Stance(angles)


def _straddling(rng: np.random.Generator) -> Stance:
    wide = rng.uniform(15, 42)
    angles = {
        "lean": rng.uniform(-5, 35),
        "side_lean": rng.normal(0, 14),
        "hip_abduction_right": wide,
        "hip_abduction_left": wide + rng.normal(0, 4),
        "knee_right": rng.uniform(2, 30),
        "knee_left": rng.uniform(2, 30),
        **_pair(rng, "hip", 0, 20),
        **_arms(rng),
    }
    return Stance(angles)


def _kicking(rng: np.random.Generator) -> Stance:
    angles = {
        "lean": rng.uniform(-22, 15),
        "side_lean": rng.normal(0, 8),
        "hip_right": rng.uniform(25, 105),
        "knee_right": rng.uniform(0, 90),
        "foot_right": rng.uniform(0, 40),
        "hip_abduction_right": rng.uniform(-5, 30),
        "hip_left": rng.uniform(-12, 8),
        "knee_left": rng.uniform(3, 25),
        **_arms(rng),
    }
    return Stance(angles, pointed=(True, False))


def _leg_behind(rng: np.random.Generator) -> Stance:
    lean = rng.uniform(0, 60)
    angles = {
        "lean": lean,
        "pelvis_pitch": 0.6 * lean,
        "hip_right": rng.uniform(-30, 5),
        "knee_right": rng.uniform(0, 110),
        "foot_right": rng.uniform(0, 40),
        "hip_left": 0.6 * lean + rng.uniform(-5, 8),
        "knee_left": rng.uniform(3, 25),
        **_arms(rng),
    }
    return Stance(angles, pointed=(True, False))


def _jumping(rng: np.random.Generator) -> Stance:
    angles = {
        "lean": rng.normal(5, 12),
        "side_lean": rng.normal(0, 10),
        "pelvis_roll": rng.normal(0, 6),
        **_pair(rng, "hip", -20, 85, 0.4),
        **_pair(rng, "knee", 5, 110, 0.4),
        **_pair(rng, "hip_abduction", -3, 32, 0.5),
        **_pair(rng, "foot", 5, 45),
        **_arms(rng),
    }
    return Stance(angles, float(rng.uniform(80, 600)), pointed=(True, True))


def _bending(rng: np.random.Generator) -> Stance:
    lean = rng.uniform(25, 85)
    pitch = lean * rng.uniform(0.3, 0.6)
    knee = rng.uniform(3, 50)
    angles = {
        "lean": lean,
        "pelvis_pitch": pitch,
        "head_pitch": -rng.uniform(0, 35),
        "hip_right": pitch + knee / 2,
        "hip_left": pitch + knee / 2,
        "knee_right": knee,
        "knee_left": knee,
        **_pair(rng, "hip_abduction", 0, 18, 0.8),
        **_arms(rng),
    }
    return Stance(angles)


KINDS = {
    _standing: 5.0,
    _walking: 3.0,
    _running: 2.0,
    _squatting: 1.2,
    _sitting: 0.7,
    _lunging: 1.2,
    _straddling: 1.2,
    _kicking: 1.2,
    _leg_behind: 0.9,
    _jumping: 1.5,
    _bending: 1.2,
}


def draw_stance(rng: np.random.Generator) -> Stance:
    """A random stance of a random kind."""
    names, weights = zip(*KINDS.items(), strict=True)
    kind = names[rng.choice(len(names), p=np.array(weights) / sum(weights))]
    stance = kind(rng)
    a = stance.angles
    for name, spread in (
        ("head_yaw", 18),
        ("head_pitch", 9),
        ("shoulder_yaw", 7),
        ("side_lean", 3),
    ):
        a[name] = a.get(name, 0.0) + rng.normal(0, spread)
    if rng.random() < 0.5:
        stance = _mirrored(stance)
    return stance


def _mirrored(stance: Stance) -> Stance:
    swap = {"right": "left", "left": "right"}
    angles = {}
    for name, value in stance.angles.items():
        stem, _, side = name.rpartition("_")
        if side in swap:
            angles[f"{stem}_{swap[side]}"] = value
        else:
            sideways = name in ("side_lean", "shoulder_yaw", "head_yaw", "pelvis_roll")
            angles[name] = -value if sideways else value
    return Stance(angles, stance.lift, stance.seat, stance.pointed[::-1])
