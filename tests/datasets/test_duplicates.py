"""Near duplicates are found whatever the file was saved as, and different pictures are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from minipose.datasets.duplicates import Fingerprints


def photograph(seed: int, size: tuple[int, int] = (160, 128)) -> np.ndarray:
    """Soft blobs of all sizes: uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8))
    return np.asarray(small.resize(size[::-1], Image.Resampling.BICUBIC))


def resaved(image: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def scaled(image: np.ndarray, factor: float) -> np.ndarray:
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


CHANGES = {
    "same": lambda p: p,
    "saved at quality 30": lambda p: resaved(p, 30),
    "half as large": lambda p: scaled(p, 0.5),
    "1.7 times as large": lambda p: scaled(p, 1.7),
    "brighter": lambda p: np.clip(p * 0.8 + 40, 0, 255).astype(np.uint8),
    "sharpened": lambda p: np.asarray(Image.fromarray(p).filter(ImageFilter.SHARPEN)),
    "grey": lambda p: np.repeat(np.asarray(Image.fromarray(p).convert("L"))[..., None], 3, 2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_in_the_group_of_the_first(change):
    prints = Fingerprints()
    for seed in range(6):
        prints.add(photograph(seed))
    for seed in (4, 1):
        prints.add(CHANGES[change](photograph(seed)))
    assert prints.groups().tolist() == [0, 1, 2, 3, 4, 5, 4, 1]


def test_different_pictures_are_alone():
    prints = Fingerprints()
    for seed in range(300):
        prints.add(photograph(seed))
    prints.add(photograph(7)[:, ::-1])  # mirrored it is another picture
    prints.add(np.ascontiguousarray(photograph(7)[:96]))  # cut to another shape
    assert prints.groups().tolist() == list(range(302))


def test_groups_grow_together_and_pictures_of_one_grey_tell_nothing():
    prints = Fingerprints()
    first = photograph(3)
    for image in (first, np.full((9, 9, 3), 7, np.uint8), resaved(first, 20), resaved(first, 60)):
        prints.add(image)
    prints.add(np.full((9, 9, 3), 7, np.uint8))
    assert prints.groups().tolist() == [0, 1, 0, 0, 4]
    assert Fingerprints().groups().tolist() == []
