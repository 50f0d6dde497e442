"""Mask and joints of the person in any picture: the scaling of training, the network, files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from minipose.datasets.picture_files import read_rgb
from minipose.datasets.resize import factor_for, resize_bicubic, scale_points
from minipose.errors import UserError
from minipose.experiments.job import Box
from minipose.experiments.people.confidence import SURE
from minipose.experiments.people.outputs import Prediction, enlarged, predict_array
from minipose.experiments.people.recipe import Recipe
from minipose.nn import Module
from minipose.plots.people import prediction_picture
from minipose.skeletons import BODY_25
from minipose.storage import atomic, write_text


def predict(
    net: Module, recipe: Recipe, picture: Path, box: Box | None, mask: Path | None, out: Path
) -> list[Path]:
    """Find mask and joints in a picture and write them to the folder ``out``; returns the files."""
    if mask is not None:
        raise UserError("--mask: this network finds the mask itself; leave the flag out")
    return write_prediction(picture, predict_picture(net, recipe, picture, box), out)


class Found:
    """A prediction in the px of the picture that was given.

    Attributes
    ----------
    image : uint8 (H, W, 3), the whole picture, upright
    mask : float32 (H, W), probability of the person
    places : (25, 2), px, x then y, or None
    confidence : (25,), or None
    """

    def __init__(self, image: np.ndarray, box: Box, p: Prediction) -> None:
        x0, y0, x1, y1 = box
        self.image = image
        factor = factor_for((y1 - y0, x1 - x0))
        self.mask = np.zeros(image.shape[:2], np.float32)
        self.mask[y0:y1, x0:x1] = enlarged(p.mask, (y1 - y0, x1 - x0), factor)
        self.places = self.confidence = None
        if p.joints is not None:
            places, _ = p.joint_places()
            self.confidence = p.confidence
            self.places = scale_points(places, 1 / factor) + (x0, y0)


def predict_picture(net: Module, recipe: Recipe, picture: Path, box: Box | None = None) -> Found:
    """Scale the shorter side to 128 px, look, scale back.

    Parameters
    ----------
    box : x0, y0, x1, y1 in px, where the person is; by default the whole picture
    """
    image = read_rgb(picture)
    height, width = image.shape[:2]
    box = (0, 0, width, height) if box is None else box
    x0, y0, x1, y1 = box
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise UserError(f"{picture}: the box {box} is not inside {width} × {height} px")
    inside = image[y0:y1, x0:x1]
    if max(inside.shape[:2]) > 20 * min(inside.shape[:2]):
        raise UserError(
            f"{picture}: {x1 - x0} × {y1 - y0} px is too narrow, expected at most 20 to 1"
        )
    small = resize_bicubic(inside, factor_for(inside.shape[:2]))
    return Found(image, box, predict_array(net, small, recipe))


def write_prediction(picture: Path, found: Found, out: Path) -> list[Path]:
    """``<stem>_keypoints.json``, ``<stem>_mask.png`` and ``<stem>_person.png`` in ``out``.

    The JSON file has OpenPose's form, so that its readers (ours too) take it: 75 numbers, x, y in
    px and the confidence; 0, 0, 0 where the confidence is below one half.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    present = None
    if found.places is not None:
        present = found.confidence >= SURE
        rows = np.column_stack([found.places, found.confidence]) * present[:, None]
        numbers = [round(float(v), 3) for v in rows.ravel()]
        # person_id is OpenPose's -1 for "not tracked"
        people = [{"person_id": [-1], "pose_keypoints_2d": numbers}] if present.any() else []
        text = json.dumps({"version": 1.3, "people": people, "joint_names": list(BODY_25)})
        written.append(out / f"{picture.stem}_keypoints.json")
        write_text(written[-1], text + "\n")
    written.append(out / f"{picture.stem}_mask.png")
    with atomic(written[-1]) as partial:
        Image.fromarray(np.where(found.mask > 0.5, np.uint8(255), np.uint8(0))).save(partial)
    person = out / f"{picture.stem}_person.png"
    written.append(prediction_picture(found.image, found.mask, found.places, present, person))
    return written
