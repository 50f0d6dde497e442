"""Single poses: a random stance of a random kind, and the body that takes it on the floor."""

from __future__ import annotations

import numpy as np

from data_tools.twin.body import Angles, Bones, Posed, pose
from data_tools.twin.stances import KINDS, Stance

SOLE_HEEL, SOLE_TOES = 85.0, 25.0  # mm from the ankle and the toes' base down to the floor


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


def stand_up(bones: Bones, stance: Stance, heading: float = 0.0) -> Posed:
    """The body in its stance, feet on the floor (or ``lift`` above it), hips over the origin."""
    angles = dict(stance.angles)
    for side, pointed in zip(("right", "left"), stance.pointed, strict=True):
        if pointed:
            shin = angles.get("pelvis_pitch", 0) - angles[f"hip_{side}"] + angles[f"knee_{side}"]
            angles[f"foot_{side}"] = shin + angles.get(f"foot_{side}", 0.0)
    posed = pose(bones, Angles(heading=heading, **angles), 1)
    joints = posed.joints[0]
    lowest = min(
        (joints[[3, 8], 2] - SOLE_HEEL).min(),
        (joints[[4, 9], 2] - SOLE_TOES).min(),
        joints[[2, 7], 2].min() - 60.0,  # knees
        joints[:, 2].min() - 40.0,
    )
    return posed.shifted(np.array([[0.0, 0.0, stance.lift - lowest]]))


def _mirrored(stance: Stance) -> Stance:
    swap = {"right": "left", "left": "right"}
    angles = {}
    for name, value in stance.angles.items():
        stem, _, side = name.rpartition("_")
        if side in swap:
            angles[f"{stem}_{swap[side]}"] = value
        else:
            turned = name in ("side_lean", "shoulder_yaw", "head_yaw", "pelvis_roll")
            angles[name] = -value if turned else value
    return Stance(angles, stance.lift, stance.seat, stance.pointed[::-1])
