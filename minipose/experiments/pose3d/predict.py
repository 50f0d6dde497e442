"""Poses in space of people in 128 × 128 crops, and of one person in a picture file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.picture_files import read_grey
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


def predict_image(
    net: PoseNet,
    picture: Path,
    box: tuple[int, int, int, int] | None = None,
    mask: Path | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (17, 3), mm, of the person in a picture, and the crop (128, 128) that was looked at.

    Parameters
    ----------
    box : x0, y0, x1, y1 in px; by default the mask's box, or the whole picture
    mask : picture of the same size, bright where the person is; without it the background stays
    """
    grey = read_grey(picture)
    silhouette = None
    if mask is not None:
        silhouette = read_grey(mask) > 127
        if silhouette.shape != grey.shape:
            raise UserError(
                f"{mask}: {silhouette.shape[1]} × {silhouette.shape[0]} px, but {picture} has "
                f"{grey.shape[1]} × {grey.shape[0]}"
            )
        if not silhouette.any():
            raise UserError(f"{mask}: no pixel is brighter than 127, so there is no person in it")
        box = box or box_of(silhouette)
    try:
        crop, _ = crop_person(grey, box or (0, 0, grey.shape[1], grey.shape[0]), silhouette)
    except ValueError as error:
        raise UserError(f"{picture}: {error}") from None
    return predict_images(net, crop[None]).reshape(17, 3).astype(np.float64), crop
