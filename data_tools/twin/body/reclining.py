"""People who sit or lie on the floor: seldom in photographs of sports, often in a room."""

from __future__ import annotations

import numpy as np

from data_tools.twin.body.stances import Stance, any_arm


def recline(rng: np.random.Generator) -> Stance:
    """From upright on the floor to flat on the back, legs stretched, drawn up or in the air."""
    lean = rng.uniform(-85, 15)
    pitch = lean * rng.uniform(0.7, 1.0)
    raised = rng.uniform(70, 150)  # of a thigh against the vertical: 90 is level
    angles = {"lean": lean, "pelvis_pitch": pitch, "head_pitch": rng.uniform(0, 40)}
    for side in ("right", "left"):
        thigh = float(np.clip(raised + rng.normal(0, 15), 65, 165))
        folded = rng.random() < 0.5
        angles[f"hip_{side}"] = thigh + pitch
        angles[f"knee_{side}"] = rng.uniform(50, 130) if folded else rng.uniform(0, 30)
        angles[f"hip_abduction_{side}"] = rng.uniform(-5, 30)
        angles[f"hip_twist_{side}"] = rng.uniform(-5, 30)
        angles[f"foot_{side}"] = rng.uniform(-70, 0)  # the toes point up
        angles |= any_arm(rng, side)
    return Stance(angles, pointed=(True, True))
