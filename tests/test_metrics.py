"""Metrics: by hand, and on the first report's own predictions."""

import numpy as np
import pytest

from minipose.metrics import (
    HEAD_OF_TRUNK,
    MID_HIP,
    NECK,
    NOSE,
    acceleration_error,
    correct_fraction,
    dice_coefficient,
    head_sizes,
    identical_fraction,
    joint_errors,
    mpjpe,
    pa_mpjpe,
    pixel_errors,
    procrustes,
    run_lengths,
    visible_joints,
)
from minipose.skeletons import BODY_25

rng = np.random.default_rng(0)


def test_mpjpe_by_hand_and_its_roots():
    target = np.zeros((1, 2, 3))
    predicted = np.array([[[10.0, 0, 0], [10.0, 3, 4]]])
    np.testing.assert_array_equal(joint_errors(predicted, target), [[0, 5]])
    assert mpjpe(predicted, target) == 2.5
    assert mpjpe(predicted, target, root_relative=False) == pytest.approx((10 + 125**0.5) / 2)


def test_procrustes_undoes_a_similarity_but_no_reflection():
    target = rng.standard_normal((5, 17, 3)) * 300
    rotation, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    moved = 0.7 * target @ rotation + np.array([100.0, -50.0, 20.0])
    np.testing.assert_allclose(procrustes(moved, target), target, atol=1e-9)
    assert pa_mpjpe(moved, target) < 1e-9
    mirrored = target * np.array([-1.0, 1.0, 1.0])
    assert pa_mpjpe(mirrored, target) > 50


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int16, np.uint16])
def test_numbers_of_any_kind_are_subtracted_and_squared_as_floats(dtype):
    target = np.array([[[0, 0, 0], [400, 300, 0], [0, 300, 400]]] * 3, dtype)
    predicted = np.array([[[0, 0, 0], [100, 300, 400], [0, 300, 0]]] * 3, dtype)
    target[1, 1, 0] = 500
    np.testing.assert_allclose(joint_errors(predicted, target)[0], [0, 500, 400], rtol=1e-6)
    assert mpjpe(predicted[:1], target[:1], root_relative=False) == pytest.approx(300)
    bent = acceleration_error(predicted, target)
    assert bent == pytest.approx(200 / 3)
    assert pa_mpjpe(predicted, target) == pytest.approx(
        pa_mpjpe(predicted.astype(float), target.astype(float)), rel=1e-4
    )
    errors = pixel_errors(predicted[..., :2], target[..., :2], np.ones((3, 3), bool))
    np.testing.assert_allclose(errors[0], [0, 300, 0], rtol=1e-6)
    keypoints = np.ones((1, 25, 3), dtype)
    keypoints[0, NOSE, :2], keypoints[0, NECK, :2] = (0, 300), (400, 0)
    assert head_sizes(keypoints) == pytest.approx(500)


def test_a_pose_that_is_not_finite_is_unknown_and_spoils_no_other():
    target = rng.standard_normal((3, 17, 3)) * 300
    predicted = 2.0 * target
    predicted[1, 4, 2] = np.nan
    aligned = procrustes(predicted, target)
    assert np.isnan(aligned[1]).all()
    np.testing.assert_allclose(aligned[[0, 2]], target[[0, 2]], atol=1e-9)
    assert np.isnan(pa_mpjpe(predicted, target)) and np.isnan(mpjpe(predicted, target))


def test_identical_fraction_counts_within_sequences_only():
    poses = np.array([0, 0, 1, 1, 1, 2.0])[:, None]
    assert identical_fraction(poses) == 3 / 5
    assert identical_fraction(poses, starts=np.array([3])) == 2 / 4
    assert identical_fraction(poses[:1].repeat(2, axis=0), starts=np.array([1])) == 0


def test_dice_coefficient_by_hand():
    assert dice_coefficient(np.array([[1, 1]]), np.array([[1, 0]])) == pytest.approx(2 / 3)
    assert dice_coefficient(np.zeros((2, 2)), np.zeros((2, 2))) == 1


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"joint_errors: predicted \(1, 2, 3\), target \(2, 3\)"):
        mpjpe(np.zeros((1, 2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"dice_coefficient: predicted \(2,\), target \(3,\)"):
        dice_coefficient(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize("metric", [joint_errors, mpjpe, pa_mpjpe, procrustes])
def test_poses_have_three_coordinates(metric):
    with pytest.raises(ValueError, match=r": expected poses \(T, N, 3\), got \(4, 51\)"):
        metric(np.zeros((4, 51)), np.zeros((4, 51)))
    with pytest.raises(ValueError, match=r": predicted \(0, 17, 3\), target \(0, 17, 3\)"):
        metric(np.zeros((0, 17, 3)), np.zeros((0, 17, 3)))


@pytest.mark.parametrize("count", [0, 1])
def test_where_there_is_no_pair_none_is_identical(count):
    assert identical_fraction(np.zeros((count, 51))) == 0
    assert run_lengths(np.zeros((count, 51))).tolist() == [1] * count


def test_visible_are_detected_joints_inside_the_picture():
    keypoints = np.zeros((1, 25, 3))
    keypoints[0, :5] = [(3, 4, 0.5), (3, 4, 0), (-1, 4, 1), (10, 4, 1), (9.9, 19.9, 1)]
    visible = visible_joints(keypoints, np.array([(20, 10)]))
    assert visible[0, :5].tolist() == [True, False, False, False, True]
    assert not visible[0, 5:].any()


def test_errors_and_fractions_leave_absent_joints_out():
    predicted = np.array([[(3.0, 4.0), (0.0, 0.0), (100.0, 0.0)]])
    errors = pixel_errors(predicted, np.zeros((1, 3, 2)), np.array([[True, True, False]]))
    np.testing.assert_array_equal(errors, [[5.0, 0.0, np.nan]])
    assert correct_fraction(errors, 5.0) == 1.0
    assert correct_fraction(errors, 4.9) == 0.5
    assert np.isnan(correct_fraction(errors[:, 2:], 5.0))
    both = np.concatenate([errors, errors])
    assert correct_fraction(both, np.array([5.0, np.nan])) == 1.0
    assert correct_fraction(both, np.array([5.0, 1.0])) == 0.75
    with pytest.raises(ValueError, match="pixel_errors"):
        pixel_errors(predicted, np.zeros((1, 2, 2)), np.array([[True, True, False]]))


def test_wrong_shapes_in_pictures_are_named():
    for metric in (lambda k: visible_joints(k, np.array([(20, 10)])), head_sizes):
        with pytest.raises(ValueError, match=r"expected keypoints \(N, 25, 3\), got \(1, 25, 2\)"):
            metric(np.zeros((1, 25, 2)))
    with pytest.raises(ValueError, match="correct_fraction: expected one threshold or 2, got 3"):
        correct_fraction(np.zeros((2, 5)), np.ones(3))


def test_head_size_is_nose_to_neck_or_part_of_the_trunk():
    keypoints = np.zeros((3, 25, 3))
    assert [BODY_25[j] for j in (NOSE, NECK, MID_HIP)] == ["nose", "neck", "mid hip"]
    keypoints[:2, NECK] = (10, 20, 1)
    keypoints[0, NOSE] = (10, 8, 1)
    keypoints[:2, MID_HIP] = (10, 60, 1)
    np.testing.assert_allclose(head_sizes(keypoints), [12, HEAD_OF_TRUNK * 40, np.nan])


def test_the_first_reports_own_predictions(shared):
    """38.19 mm over 17 joints; 90.6 % of consecutive predictions are bit for bit the same."""
    data = np.load(shared("data", "real", "h36m_report1", "poses_h36m_walking.npz"))
    predicted, truth = data["predictions"], data["ground_truth"]
    assert mpjpe(predicted, truth, root_relative=False) == pytest.approx(38.188, abs=5e-4)
    assert pa_mpjpe(predicted, truth) == pytest.approx(32.73, abs=5e-3)
    fraction = identical_fraction(predicted, data["block_starts"])
    assert fraction == pytest.approx(230 / 254)
    assert identical_fraction(truth, data["block_starts"]) == 0
