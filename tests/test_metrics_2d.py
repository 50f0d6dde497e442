"""Joints in pictures: errors, shares, head sizes."""

import numpy as np
import pytest

from minipose.metrics_2d import correct_share, head_sizes, pixel_errors, visible_joints
from minipose.skeletons import BODY_25


def test_visible_are_detected_joints_inside_the_picture():
    keypoints = np.zeros((1, 25, 3))
    keypoints[0, :5] = [(3, 4, 0.5), (3, 4, 0), (-1, 4, 1), (10, 4, 1), (9.9, 19.9, 1)]
    visible = visible_joints(keypoints, np.array([(20, 10)]))
    assert visible[0, :5].tolist() == [True, False, False, False, True]
    assert not visible[0, 5:].any()


def test_errors_and_shares_leave_absent_joints_out():
    predicted = np.array([[(3.0, 4.0), (0.0, 0.0), (100.0, 0.0)]])
    errors = pixel_errors(predicted, np.zeros((1, 3, 2)), np.array([[True, True, False]]))
    np.testing.assert_array_equal(errors, [[5.0, 0.0, np.nan]])
    assert correct_share(errors, 5.0) == 1.0
    assert correct_share(errors, 4.9) == 0.5
    assert np.isnan(correct_share(errors[:, 2:], 5.0))
    both = np.concatenate([errors, errors])
    assert correct_share(both, np.array([5.0, np.nan])) == 1.0
    assert correct_share(both, np.array([5.0, 1.0])) == 0.75
    with pytest.raises(ValueError, match="pixel_errors"):
        pixel_errors(predicted, np.zeros((1, 2, 2)), np.array([[True, True, False]]))


def test_mistakes_are_named():
    for metric in (lambda k: visible_joints(k, np.array([(20, 10)])), head_sizes):
        with pytest.raises(ValueError, match=r"expected keypoints \(N, 25, 3\), got \(1, 25, 2\)"):
            metric(np.zeros((1, 25, 2)))
    with pytest.raises(ValueError, match="correct_share: expected one threshold or 2, got 3"):
        correct_share(np.zeros((2, 5)), np.ones(3))


def test_head_size_is_nose_to_neck_or_part_of_the_trunk():
    keypoints = np.zeros((3, 25, 3))
    nose, neck, hip = (BODY_25.index(n) for n in ("nose", "neck", "mid hip"))
    keypoints[:2, neck] = (10, 20, 1)
    keypoints[0, nose] = (10, 8, 1)
    keypoints[:2, hip] = (10, 60, 1)
    np.testing.assert_allclose(head_sizes(keypoints), [12, 0.45 * 40, np.nan])
