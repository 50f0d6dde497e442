"""Whose bones: Human3.6M's subjects as far as they were measured, and others like them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from data_tools.twin.body.kinematics import Bones

# walking.md's measured bones; S6 and S11 are not in its table and are made up within its range.
BONES = {
    1: Bones(132.95, 442.89, 454.21, 233.48, 257.08, 121.13, 115, 151.03, 278.88, 251.73, 1.0),
    5: Bones(119.31, 428.29, 442.44, 224.31, 254.06, 117.12, 115, 143.10, 264.58, 248.62, 0.92),
    6: Bones(128.00, 450.00, 448.00, 240.00, 255.00, 119.00, 115, 156.00, 284.00, 250.00, 1.08),
    7: Bones(135.88, 448.61, 438.01, 226.25, 255.41, 107.15, 115, 139.72, 275.56, 247.30, 0.97),
    8: Bones(146.54, 452.15, 438.63, 261.22, 251.02, 120.46, 115, 169.32, 289.91, 244.18, 1.12),
    9: Bones(124.07, 472.19, 468.62, 256.29, 250.36, 120.55, 115, 183.29, 296.32, 249.02, 1.05),
    11: Bones(130.00, 446.00, 446.00, 238.00, 254.00, 116.00, 115, 152.00, 280.00, 248.00, 1.02),
}
MEASURED = (1, 5, 7, 8, 9)
SHARED = 0.6  # how much of a bone's deviation is that of the whole body: tall people have long legs


def draw_bones(rng: np.random.Generator) -> Bones:
    """Somebody else: lengths and build spread as those of the five measured subjects are.

    A length is mean + deviation · (0.6 c + 0.8 e) with c of the whole body and e of this bone, both
    standard normal; their sum is kept within ±2.
    """
    body = rng.normal()
    lengths = {}
    for field in fields(Bones):
        known = np.array([getattr(BONES[s], field.name) for s in MEASURED])
        own = SHARED * body + np.sqrt(1 - SHARED**2) * rng.normal()
        lengths[field.name] = float(known.mean() + known.std(ddof=1) * np.clip(own, -2, 2))
    return Bones(**lengths)
