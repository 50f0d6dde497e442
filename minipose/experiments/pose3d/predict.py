"""Joints of a person in any picture: the same crop as in training, the network, JSON and a PNG."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.picture_files import read_grey
from minipose.errors import UserError
from minipose.experiments.job import Box
from minipose.experiments.pose3d.outputs import predict_images
from minipose.experiments.pose3d.recipe import Recipe
from minipose.models import PoseNet
from minipose.plots.poses import prediction_of_image
from minipose.skeletons import H36M_17
from minipose.storage import write_text


def predict(
    net: PoseNet, recipe: Recipe, picture: Path, box: Box | None, mask: Path | None, out: Path
) -> list[Path]:
    """Find the pose in a picture and write it to the folder ``out``; returns the files."""
    return write_prediction(picture, *predict_image(net, picture, box, mask), out)


def predict_image(
    net: PoseNet,
    picture: Path,
    box: Box | None = None,
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


def write_prediction(picture: Path, joints: np.ndarray, crop: np.ndarray, out: Path) -> list[Path]:
    """``<stem>_pose.json`` (mm, camera frame) and ``<stem>_pose.png`` in the folder ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {
            "image": str(picture),
            "unit": "mm",
            "frame": "camera: x right, y down, z away; relative to the pelvis",
            "joints": {
                name: [round(float(v), 2) for v in xyz]
                for name, xyz in zip(H36M_17, joints - joints[0], strict=True)
            },
        },
        indent=2,
    )
    path = out / f"{picture.stem}_pose.json"
    write_text(path, text + "\n")
    return [path, prediction_of_image(crop, joints - joints[0], out / f"{picture.stem}_pose.png")]
