"""Small trees of pictures, keypoint files and masks that the people tests write for themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from minipose.skeletons import BODY_25

HEIGHT, WIDTH = 60, 40
HIPS = ("mid hip", "left hip", "right hip")


def person(found: int = 25, seed: int = 0) -> np.ndarray:
    """BODY_25 joints (25, 3) on the mask of HEIGHT × WIDTH, the first ``found`` of them found."""
    rng = np.random.default_rng(seed)
    joints = np.stack([rng.uniform(9, 29, 25), rng.uniform(11, 49, 25), rng.uniform(0.3, 1, 25)], 1)
    for middle, left, right in (("neck", "left shoulder", "right shoulder"), HIPS):
        sides = joints[[BODY_25.index(left), BODY_25.index(right)], :2]
        joints[BODY_25.index(middle), :2] = sides.mean(axis=0)
    joints[found:] = 0
    return joints


def picture(size: tuple[int, int] = (HEIGHT, WIDTH)) -> Image.Image:
    """A smooth picture, so that JPEG changes little."""
    y, x = np.mgrid[: size[0], : size[1]]
    return Image.fromarray(np.stack([3 * y, 4 * x, y + x], axis=-1).clip(0, 255).astype(np.uint8))


def mask(size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """A box of a person, bool (H, W)."""
    pixels = np.zeros(size, dtype=bool)
    pixels[10:50, 8:30] = True
    return pixels


def save_mask(path: Path, pixels: np.ndarray, high: int = 255) -> None:
    """A black and white mask; PNG or JPEG by the path's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8) * np.uint8(high)).save(path)


def save_people(path: Path, people: list[np.ndarray], version: float | None = 1.3) -> None:
    """An OpenPose file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [{"pose_keypoints_2d": [round(float(v), 4) for v in p.ravel()]} for p in people]
    content: dict = {"people": entries}
    if version is not None:
        content["version"] = version
    path.write_text(json.dumps(content))


def save_sample(
    root: Path, name: str, people: list[np.ndarray] | None = None, ending: str = ".jpg"
) -> None:
    """One complete sample below images/, keypoints/ and masks/."""
    (root / "images").mkdir(parents=True, exist_ok=True)
    picture().save(root / "images" / f"{name}{ending}")
    save_people(
        root / "keypoints" / f"{name}_keypoints.json", [person()] if people is None else people
    )
    save_mask(root / "masks" / f"{name}.png", mask())
