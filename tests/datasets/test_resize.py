"""The bicubic kernel: against the reference tool's pictures, and against the formula in loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose.datasets.resize import (
    cubic_weights,
    factor_for,
    resize_bicubic,
    resize_mask,
    scale_points,
)
from minipose.errors import UserError


def naive_bicubic(image: np.ndarray, factor: float) -> np.ndarray:
    """Output pixel by output pixel, with the kernel's own two branches."""

    def weight(d: float) -> float:
        d, a = abs(d), -0.75
        if d <= 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0

    height, width = image.shape
    out = np.zeros((round(factor * height), round(factor * width)))
    for r, c in np.ndindex(out.shape):
        y, x = (r + 0.5) / factor - 0.5, (c + 0.5) / factor - 0.5
        for i in range(int(np.floor(y)) - 1, int(np.floor(y)) + 3):
            for j in range(int(np.floor(x)) - 1, int(np.floor(x)) + 3):
                pixel = image[min(max(i, 0), height - 1), min(max(j, 0), width - 1)]
                out[r, c] += weight(y - i) * weight(x - j) * pixel
    return np.clip(out, 0, 255)


@pytest.mark.parametrize(
    "name", ["im00001", "im00002", "000000536038", "000000547336", "000000552775"]
)
def test_within_one_grey_level_of_the_reference(name, shared):
    with np.load(shared("data", "real", "bicubic_ref", f"{name}.npz")) as data:
        image, expected, scale = data["input_rgb"], data["output_rgb"], float(data["scale"])
    assert factor_for(image.shape[:2]) == scale
    got = resize_bicubic(image, scale)
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).max() <= 1


@given(
    height=st.integers(1, 11),
    width=st.integers(1, 11),
    factor=st.floats(0.3, 3.0),
    seed=st.integers(0, 99),
)
def test_equals_the_formula_in_loops(height, width, factor, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    if round(factor * height) < 1 or round(factor * width) < 1:
        with pytest.raises(ValueError, match="leaves no pixel"):
            resize_bicubic(image, factor)
        return
    got = resize_bicubic(image, factor)
    # float32 sums may fall on the other side of a half
    assert np.abs(got - naive_bicubic(image, factor)).max() <= 0.5 + 1e-3


def test_weights_sum_to_one_and_interpolate():
    t = np.linspace(0, 0.999, 37)
    assert np.allclose(cubic_weights(t).sum(axis=0), 1, atol=1e-12)
    assert np.allclose(cubic_weights(np.zeros(1))[:, 0], [0, 1, 0, 0])


def test_factor_one_changes_nothing_and_channels_are_independent():
    image = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    assert np.array_equal(resize_bicubic(image, 1.0), image)
    together = resize_bicubic(image, 0.7)
    for channel in range(3):
        assert np.array_equal(together[..., channel], resize_bicubic(image[..., channel], 0.7))


def test_points_stay_on_what_they_mark():
    """A smooth spot's middle, found in the scaled picture, is where its point is sent."""
    y, x = np.mgrid[:300, :200]
    spot = 255 * np.exp(-((x - 50) ** 2 + (y - 120) ** 2) / (2 * 9.0**2))
    image = spot.round().astype(np.uint8)
    factor = factor_for(image.shape)
    small = resize_bicubic(image, factor).astype(float)
    rows, columns = np.mgrid[: small.shape[0], : small.shape[1]]
    middle = np.array([(small * columns).sum(), (small * rows).sum()]) / small.sum()
    assert np.allclose(middle, scale_points(np.array([50.0, 120.0]), factor), atol=0.02)


def test_mask_is_binary_and_keeps_its_share():
    mask = np.zeros((200, 300), dtype=bool)
    mask[50:150, 30:210] = True
    small = resize_mask(mask, 0.5)
    assert small.dtype == np.uint8 and set(np.unique(small)) == {0, 1}
    assert abs(small.mean() - mask.mean()) < 0.01
    assert np.array_equal(resize_mask(mask.astype(np.uint8) * 7, 0.5), small)


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros(4, np.uint8)])
def test_other_arrays_are_refused(bad):
    with pytest.raises(ValueError, match="expected uint8"):
        resize_bicubic(bad, 0.5)


def test_a_strip_is_refused_before_it_becomes_a_picture_of_any_size():
    assert factor_for((2000, 100)) == 1.28
    for size in ((2, 3000), (3000, 2), (2001, 100)):
        with pytest.raises(
            UserError, match=f"{size[1]} × {size[0]} px, expected a picture at most"
        ):
            factor_for(size)
