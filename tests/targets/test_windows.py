"""Window labels: by hand, and against a count of points along every limb."""

import numpy as np
import pytest

from minipose.skeletons import H36M_17_EDGES
from minipose.targets.windows import STRIDE, WINDOW, window_edges, window_labels


def counted(keypoints, samples=4001):
    """The definition: joint inside, or more than 30 % of an incident edge's points inside."""
    low = window_edges()
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
    assert window_edges()[0] == 0 and window_edges()[-1] + WINDOW == 128
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
    assert labels[2, 0] == labels[3, 0] == 1  # 8 of 15 px lie in the first window
    assert labels[2, 1] == labels[3, 1] == 1  # 7.2 of 15 px in the second


def test_a_wrong_shape_is_named():
    with pytest.raises(ValueError, match=r"window_labels: expected \(N, 17, 2\), got \(17, 2\)"):
        window_labels(np.zeros((17, 2)))
