"""Poses in space of people in 128 × 128 crops, and of the same crops in a mirror."""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.errors import UserError
from minipose.experiments.pose3d.data import mirror
from minipose.experiments.pose3d.outputs import predict_images
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.pose3d.train import build
from minipose.models import PoseNet


def make_network(recipe: Recipe, meta: dict[str, Any]) -> PoseNet:
    """The network that a checkpoint's regression goes into; a detector finds no pose."""
    if meta["head"] != "regression":
        raise UserError(f"a {meta['head']} checkpoint, expected a regression (best.npz)")
    return build(recipe, "regression", meta["seed"])


def find_poses(net: PoseNet, crops: np.ndarray) -> np.ndarray:
    """Joints (N, 17, 3), mm, camera frame, pelvis at 0, in crops uint8 (N, 128, 128).

    They are the mean of what is found in a crop and in its mirror image.
    """
    both = predict_images(net, np.concatenate([crops, crops[:, :, ::-1]]))
    plain, mirrored = both.reshape(2, len(crops), 17, 3).astype(np.float64)
    joints = (plain + mirror(mirrored)) / 2
    return joints - joints[:, :1]
