"""What a labelled picture leaves: the picture upright, its joints in OpenPose's form, its mask."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from data_tools.label.labeller import About, Found
from data_tools.people.openpose import SUFFIX
from minipose.datasets.picture_files import opened, read_rgb
from minipose.refusals import in_words
from minipose.storage import write_text

COPIED = {"JPEG": ("RGB", "L"), "PNG": ("RGB", "L")}  # kept byte by byte where they are upright
LOSSY = ("JPEG", "MPO", "HEIF", "WEBP")


def write_upright(path: Path, folder: Path, name: str) -> Path:
    """The picture under a name in ``folder``, upright and with 8 bits.

    Raises
    ------
    UserError
        If the file is not a readable picture, or has too many pixels.
    CannotWrite
        If the disk that is written to is full: no fault of the picture.
    """
    pixels = read_rgb(path)
    with opened(path) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) not in (0, 1)
        copied = image.mode in COPIED.get(image.format, ()) and not turned
        ending = ".jpg" if image.format in LOSSY else ".png"
    out = folder / f"{name}{ending}"
    with in_words(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        if copied:
            shutil.copyfile(path, out)
        else:
            Image.fromarray(pixels).save(out, quality=95, subsampling=0)
    return out


def write_joints(folder: Path, name: str, people: list[Found], about: About) -> None:
    """``NAME_keypoints.json`` of version 1.3; under ``labeller`` it says what joints are not real.

    The readers of ``data_tools people`` count no joint that the labeller never gives.
    """
    entries = [
        {
            "person_id": [-1],
            "pose_keypoints_2d": [round(float(v), 4) for v in found.joints.ravel()],
            "face_keypoints_2d": [],
            "hand_left_keypoints_2d": [],
            "hand_right_keypoints_2d": [],
        }
        for found in people
        if found.joints is not None
    ]
    labeller = {"name": about.name, "absent": list(about.absent), "derived": about.derived}
    out = folder / f"{name}{SUFFIX}"
    out.parent.mkdir(parents=True, exist_ok=True)
    content = {"version": 1.3, "people": entries, "labeller": labeller}
    write_text(out, json.dumps(content), durable=False)


def write_mask(folder: Path, name: str, mask: np.ndarray) -> None:
    """``NAME.png``, 255 on the person."""
    out = folder / f"{name}.png"
    out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(out)
