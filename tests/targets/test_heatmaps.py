"""Report 2's joint targets against sums and searches written out pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose.targets.heatmaps import (
    class_map,
    expand,
    heatmap,
    joint_blur,
    joint_pixels,
    joint_targets,
)


def joints(*given: tuple[int, float, float]) -> np.ndarray:
    """Keypoints (25, 3) with the joints (id 0-24, x, y) present."""
    keypoints = np.zeros((25, 3), dtype=np.float32)
    for i, x, y in given:
        keypoints[i] = x, y, 0.8
    return keypoints


def random_joints(seed: int, size: tuple[int, int]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform(-3, max(size) + 3, (25, 3)).astype(np.float32)
    keypoints[:, 2] = rng.uniform(0.1, 1, 25)
    keypoints[rng.random(25) < 0.3] = 0
    return keypoints


def naive_blur(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Σ over a 9 × 9 window of the border-replicated impulses, weights of σ = 1 summing to 1."""
    height, width = size
    impulses = np.zeros(size)
    for x, y, confidence in keypoints:
        row, column = math.floor(y), math.floor(x)
        if confidence > 0 and 0 <= row < height and 0 <= column < width and row + column > 0:
            impulses[row, column] = 1
    w = [math.exp(-(d**2) / 2) for d in range(-4, 5)]
    w = [v / sum(w) for v in w]
    out = np.zeros(size)
    for r, c in np.ndindex(*size):
        for i in range(9):
            for j in range(9):
                y, x = min(max(r + i - 4, 0), height - 1), min(max(c + j - 4, 0), width - 1)
                out[r, c] += w[i] * w[j] * impulses[y, x]
    return out


@given(seed=st.integers(0, 999), height=st.integers(2, 22), width=st.integers(2, 22))
def test_all_targets_equal_the_loops(seed, height, width):
    size = (height, width)
    keypoints = random_joints(seed, size)
    blur = naive_blur(keypoints, size)
    assert np.allclose(joint_blur(keypoints, size), blur, atol=1e-12)
    top = blur.max() or 1.0
    assert np.allclose(heatmap(keypoints, size), 100 * blur / top, atol=1e-4)
    classes, values = joint_targets(keypoints, size)
    assert np.allclose(values, blur / top, atol=1e-6)
    ids, pixels = joint_pixels(keypoints, size)
    for r, c in np.ndindex(*size):
        if abs(blur[r, c] - 0.01) < 1e-9:
            continue
        expected = 0
        if blur[r, c] > 0.01:
            distances = [(r - y) ** 2 + (c - x) ** 2 for y, x in pixels]
            expected = ids[distances.index(min(distances))]
        assert classes[r, c] == expected


def test_a_lone_joint_is_a_disc_of_21_pixels():
    """exp(−r²/2) / 2π > 0.01 for r² < 5.5: the 21 pixels with r² ≤ 5."""
    classes = class_map(joints((4, 10.9, 12.2)), (30, 20))
    rows, columns = np.nonzero(classes)
    assert set(classes[rows, columns]) == {5}
    assert sorted((rows - 12) ** 2 + (columns - 10) ** 2) == [0] + [1] * 4 + [2] * 4 + [4] * 4 + (
        [5] * 8
    )


def test_peaks():
    keypoints = joints((0, 5, 5), (1, 20, 20))
    assert heatmap(keypoints, (40, 40)).max() == pytest.approx(100)
    assert heatmap(keypoints, (40, 40), peak=1.0)[20, 20] == pytest.approx(1)
    # Joints side by side add up: the highest is still 100, and a lone one is then lower.
    close = heatmap(joints((0, 5, 5), (1, 6, 5), (2, 30, 30)), (40, 40))
    assert close.max() == pytest.approx(100) and close[30, 30] < 70


def test_the_nearer_joint_wins_and_ties_go_to_the_lower_number():
    classes = class_map(joints((9, 10, 10), (3, 12, 10)), (20, 24))
    assert classes[10, 10] == 10 and classes[10, 12] == 4
    assert classes[10, 11] == 4  # as near to both
    same = class_map(joints((9, 10, 10), (3, 10, 10)), (20, 24))
    assert set(np.unique(same)) == {0, 4}


@pytest.mark.parametrize(
    "keypoints",
    [
        joints(),
        joints((3, 24, 5)),
        joints((3, 5, 20)),
        joints((3, -0.5, 5)),
        joints((3, 0.5, 0.9)),
    ],
    ids=["none", "right of it", "below it", "left of it", "first pixel"],
)
def test_absent_joints_leave_only_background(keypoints):
    assert not heatmap(keypoints, (20, 24)).any()
    classes, values = joint_targets(keypoints, (20, 24))
    assert not classes.any() and not values.any()


def test_no_confidence_is_absent_even_with_a_place():
    keypoints = joints((3, 8, 8))
    keypoints[3, 2] = 0
    assert not class_map(keypoints, (20, 24)).any()


def test_expand_to_26_channels():
    keypoints = random_joints(3, (24, 24))
    classes, values = joint_targets(keypoints, (24, 24))
    plain, weighted = expand(classes), expand(classes, values)
    assert plain.shape == (26, 24, 24) and plain.dtype == weighted.dtype == np.float32
    assert np.array_equal(plain.sum(axis=0), np.ones((24, 24)))
    assert np.array_equal(plain.argmax(axis=0), classes)
    assert np.array_equal(weighted[0], plain[0])
    on_joint = classes > 0
    assert np.array_equal(weighted[1:].sum(axis=0)[on_joint], values[on_joint])
    assert not weighted[1:].sum(axis=0)[~on_joint].any()
    batch = expand(np.stack([classes, classes.T]))
    assert np.array_equal(batch[0], plain) and batch.shape == (2, 26, 24, 24)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"expected keypoints \(25, 3\), got \(18, 3\)"):
        heatmap(np.zeros((18, 3)), (8, 8))
    with pytest.raises(ValueError, match="differ"):
        expand(np.zeros((4, 4), np.uint8), np.zeros((4, 5)))
