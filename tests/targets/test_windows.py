"""Window labels: by hand, and against a count of points along every limb."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose.skeletons import H36M_17, H36M_17_EDGES, mirrored
from minipose.targets.windows import STRIDE, WINDOW, window_edges, window_labels


def counted(keypoints, samples=4001):
    """The definition: joint inside, or more than 30 % of an incident edge's points inside."""
    low = [-0.5 + k * (128 - 13) / 9 for k in range(10)]
    labels = np.zeros((17, 10, 10))
    t = np.linspace(0, 1, samples)[:, None]
    for row in range(10):
        for column in range(10):

            def inside(p, row=row, column=column):
                x, y = p[..., 0] - low[column], p[..., 1] - low[row]
                return (x >= 0) & (x < WINDOW) & (y >= 0) & (y < WINDOW)

            labels[:, row, column] = inside(keypoints)
            for a, b in H36M_17_EDGES:
                if inside(keypoints[a] + t * (keypoints[b] - keypoints[a])).mean() > 0.3:
                    labels[a, row, column] = labels[b, row, column] = 1
    return labels.reshape(-1)


def test_the_grid_covers_the_crop():
    """From the left edge of pixel 0 to the right edge of pixel 127, whose centres are 0 and 127."""
    assert window_edges()[0] == -0.5 and window_edges()[-1] + WINDOW == 127.5
    assert STRIDE == pytest.approx(115 / 9)


def test_labels_are_what_counting_gives():
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(-5, 133, (3, 17, 2))
    keypoints[1, 3] = keypoints[1, 2]  # an edge of length zero
    keypoints[2, :, 0] = keypoints[2, :1, 0]  # vertical edges
    labels = window_labels(keypoints)
    assert labels.dtype == np.float32 and labels.shape == (3, 1700)
    for got, points in zip(labels, keypoints, strict=True):
        np.testing.assert_array_equal(got, counted(points))


def test_joint_major_and_rows_first():
    keypoints = np.full((1, 17, 2), -1000.0)
    keypoints[0, 5] = [WINDOW / 2 + 3 * STRIDE, WINDOW / 2 + 7 * STRIDE]  # column 3, row 7
    np.testing.assert_array_equal(np.flatnonzero(window_labels(keypoints)), [500 + 73])


def test_half_of_a_short_edge_counts_for_both_ends():
    keypoints = np.full((1, 17, 2), -1000.0)
    keypoints[0, 2], keypoints[0, 3] = [20.0, 6.0], [5.0, 6.0]  # right knee and ankle, 15 px apart
    labels = window_labels(keypoints).reshape(17, 100)
    assert labels[2, 0] == labels[3, 0] == 1  # 7.5 of 15 px lie in the first window
    assert labels[2, 1] == labels[3, 1] == 1  # 7.7 of 15 px in the second


@given(seed=st.integers(0, 2**32 - 1))
def test_mirrored_joints_have_mirrored_labels(seed):
    """Flipping a training image turns its columns of windows round and swaps left and right."""
    keypoints = np.random.default_rng(seed).uniform(0, 127, (4, 17, 2))
    labels = window_labels(keypoints).reshape(4, 17, 10, 10)
    flipped = keypoints[:, mirrored(H36M_17)] * [-1, 1] + [127, 0]
    expected = labels[:, mirrored(H36M_17)][..., ::-1]
    np.testing.assert_array_equal(window_labels(flipped).reshape(4, 17, 10, 10), expected)


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([8.0, 30.0, 300.0]))
def test_more_than_a_third_of_an_edge_is_in_at_most_three_windows_a_row(seed, size):
    """A bound without a second implementation: fractions over disjoint windows sum to at most 1.

    Every second window is disjoint from the next, so at most 3 of them can hold more than 30 %.
    """
    rng = np.random.default_rng(seed)
    keypoints = np.full((1, 17, 2), -1000.0)
    keypoints[0, 2:4] = rng.uniform(0, 128, 2) + rng.uniform(-size, size, (2, 2))
    labels = window_labels(keypoints).reshape(17, 10, 10)[2]
    ends = window_labels(np.where(np.arange(17)[:, None] == 2, keypoints, -1000.0))
    only_edge = labels - ends.reshape(17, 10, 10)[2]
    assert only_edge.min() >= 0 and only_edge[::2, ::2].sum() <= 3


def test_a_wrong_shape_is_named():
    with pytest.raises(ValueError, match=r"window_labels: expected \(N, 17, 2\), got \(17, 2\)"):
        window_labels(np.zeros((17, 2)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16])
def test_keypoints_of_few_bits_have_the_same_labels(dtype):
    keypoints = np.random.default_rng(0).uniform(0, 127, (3, 17, 2)).astype(dtype)
    np.testing.assert_array_equal(window_labels(keypoints), window_labels(keypoints.astype(float)))
