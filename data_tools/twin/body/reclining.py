"""People who sit or lie on the floor: seldom in photographs of sports, often in a room."""

from __future__ import annotations

import numpy as np

from data_tools.twin.body.kinematics import Bones
from data_tools.twin.body.stances import Stance, any_arm

SEAT = 100.0  # mm from the hips down to what they sit on


def recline(rng: np.random.Generator, bones: Bones) -> Stance:
    """From upright on the floor to flat on the back, legs stretched, drawn up or in the air."""
    lean = rng.uniform(-85, 15)
    pitch = lean * rng.uniform(0.7, 1.0)
    raised = rng.uniform(85, 150)  # of a thigh from hanging down: 90 is level
    angles = {"lean": lean, "pelvis_pitch": pitch, "head_pitch": rng.uniform(0, 40)}
    for side in ("right", "left"):
        thigh = float(np.clip(raised + rng.normal(0, 15), 85, 165))
        bent = rng.uniform(50, 130) if rng.random() < 0.6 else rng.uniform(0, 30)
        # The heel comes down to the floor and no further.
        down = (SEAT - bones.thigh * np.cos(np.deg2rad(thigh))) / bones.shin
        lowest = thigh - np.rad2deg(np.arccos(np.clip(down, -1, 1)))
        angles[f"hip_{side}"] = thigh + pitch
        angles[f"knee_{side}"] = float(np.clip(bent, 0, lowest))
        angles[f"hip_abduction_{side}"] = rng.uniform(-5, 30)
        angles[f"hip_twist_{side}"] = rng.uniform(-5, 30)
        angles[f"foot_{side}"] = rng.uniform(-70, 0)  # the toes point up
        angles |= any_arm(rng, side)
    return Stance(angles, pointed=(True, True))
