"""How near predicted joints are to the true ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.metrics import correct_fraction, head_sizes, pixel_errors, visible_joints
from minipose.skeletons import BODY_25

NEAR = 5.0  # px, where the shorter side has 128


def measure_joints(places: np.ndarray, keypoints: np.ndarray, sizes: np.ndarray) -> dict[str, Any]:
    """Errors of predicted joints (N, 25, 2) against keypoints (N, 25, 3) in pictures (N, 2)."""
    errors = pixel_errors(places, keypoints[:, :, :2], visible_joints(keypoints, sizes))
    if np.isnan(errors).all():
        return {}
    half_head = head_sizes(keypoints) / 2
    per_joint = {}
    for j, name in enumerate(BODY_25):
        column = errors[:, j : j + 1]
        if not np.isnan(column).all():
            pck = correct_fraction(column, half_head)
            per_joint[name] = {
                "pck_half_head": None if np.isnan(pck) else pck,
                "joint_error_px": float(np.nanmean(column)),
                "within_5_px": correct_fraction(column, NEAR),
            }
    pck = correct_fraction(errors, half_head)
    return {
        "visible_joints": int((~np.isnan(errors)).sum()),
        "joint_error_px": float(np.nanmean(errors)),
        "joint_error_median_px": float(np.nanmedian(errors)),
        "within_5_px": correct_fraction(errors, NEAR),
        "pck_half_head": None if np.isnan(pck) else pck,
        "head_px": float(np.nanmean(half_head)) * 2 if not np.isnan(half_head).all() else None,
        "per_joint": per_joint,
    }
