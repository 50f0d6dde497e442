"""Joints of a person in any picture: the same crop as in training, the network, JSON and a PNG."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.picture_files import read_grey
from minipose.errors import UserError
from minipose.experiments.pose3d.data import as_input
from minipose.models import PoseNet
from minipose.skeletons import H36M_17
from minipose.tensor import Tensor, no_grad
from minipose.training import checkpoint


def load_net(path: str | os.PathLike) -> tuple[PoseNet, dict[str, Any]]:
    """The network of a checkpoint, ready to predict, and the checkpoint's meta data.

    Raises
    ------
    UserError
        If it is not a checkpoint of this job.
    """
    _, meta = checkpoint.read(path)
    if meta.get("job") != "h36m":
        raise UserError(f"{path}: a checkpoint of job {meta.get('job')!r}, expected 'h36m'")
    recipe = meta["recipe"]
    net = PoseNet(
        tuple(recipe["kernels"]),
        meta["head"],
        output_tanh=recipe["output_tanh"] and meta["head"] == "regression",
    )
    checkpoint.load(path, net)
    net.eval()
    return net, meta


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
    with no_grad():
        joints = net(Tensor(as_input(crop[None]))).data.reshape(17, 3)
    return joints.astype(np.float64), crop


def write_prediction(picture: Path, joints: np.ndarray, crop: np.ndarray, out: Path) -> list[Path]:
    """``<stem>_pose.json`` (mm, camera frame) and ``<stem>_pose.png`` in the folder ``out``."""
    from minipose.plots.poses import prediction_of_image

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
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text + "\n")
    os.replace(partial, path)
    figure = prediction_of_image(crop, joints - joints[0], out / f"{picture.stem}_pose.png")
    return [path, figure]
