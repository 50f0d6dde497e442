"""The crop: where pixels and joints go, and that they go to the same place."""

import numpy as np
import pytest

from minipose.datasets.crop import box_of, crop_person


def test_a_square_box_of_128_is_copied():
    grey = np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)
    image, crop = crop_person(grey, (40, 20, 168, 148))
    np.testing.assert_array_equal(image, grey[20:148, 40:168])
    np.testing.assert_array_equal(crop.to_crop(np.array([40.0, 20.0])), [0, 0])


def test_a_tall_person_is_centred_between_black_bars():
    image, crop = crop_person(np.full((300, 300), 200, np.uint8), (100, 22, 164, 278))
    assert image[:, 49:79].min() == 200 and image[:, :46].max() == image[:, 82:].max() == 0
    assert crop.scale == 0.5
    np.testing.assert_allclose(crop.to_crop(np.array([131.5, 149.5])), [63.5, 63.5])


def test_the_background_becomes_black():
    mask = np.zeros((100, 100), bool)
    mask[30:60, 40:50] = True
    image, _ = crop_person(np.full((100, 100), 255, np.uint8), (20, 20, 84, 84), mask)
    assert image[:18].max() == 0 and image[24:76, 42:58].min() == 255


def test_points_and_pixels_move_together():
    """A bright dot's centre of mass in the crop is where ``to_crop`` says."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        x, y = rng.integers(60, 240, 2)
        grey = np.zeros((300, 320), np.uint8)
        grey[y - 3 : y + 4, x - 3 : x + 4] = 250
        box = (x - rng.integers(10, 60), y - rng.integers(10, 60), x + 55, y + 48)
        image, crop = crop_person(grey, tuple(int(v) for v in box))
        rows, columns = np.mgrid[0:128, 0:128]
        weight = image.astype(float) / image.sum()
        centre = [(columns * weight).sum(), (rows * weight).sum()]
        np.testing.assert_allclose(crop.to_crop(np.array([x, y], float)), centre, atol=0.15)


def test_there_and_back():
    _, crop = crop_person(np.zeros((300, 300), np.uint8), (10, 30, 110, 290))
    points = np.random.default_rng(2).uniform(0, 300, (17, 2))
    np.testing.assert_allclose(crop.to_frame(crop.to_crop(points)), points, atol=1e-9)


def test_box_of_a_mask():
    mask = np.zeros((5, 6), bool)
    assert box_of(mask) is None
    mask[1:3, 2:6] = True
    assert box_of(mask) == (2, 1, 6, 3)


def test_mistakes_are_named():
    grey = np.zeros((50, 60), np.uint8)
    with pytest.raises(
        ValueError, match=r"box \(70, 0, 90, 20\) has no pixel of the 60 × 50 frame"
    ):
        crop_person(grey, (70, 0, 90, 20))
    with pytest.raises(ValueError, match=r"mask \(60, 50\) and frame \(50, 60\) differ"):
        crop_person(grey, (0, 0, 9, 9), np.ones((60, 50)))
