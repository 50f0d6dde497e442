"""Metrics: by hand, and on the first report's own predictions."""

import numpy as np
import pytest

from minipose.metrics import (
    dice_coefficient,
    identical_share,
    joint_errors,
    mpjpe,
    pa_mpjpe,
    procrustes,
)

rng = np.random.default_rng(0)


def test_mpjpe_by_hand_and_its_roots():
    target = np.zeros((1, 2, 3))
    predicted = np.array([[[10.0, 0, 0], [10.0, 3, 4]]])
    np.testing.assert_array_equal(joint_errors(predicted, target), [[0, 5]])
    assert mpjpe(predicted, target) == 2.5
    assert mpjpe(predicted, target, root_relative=False) == pytest.approx((10 + 125**0.5) / 2)


def test_procrustes_undoes_a_similarity_but_no_reflection():
    target = rng.standard_normal((5, 17, 3)) * 300
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    moved = 0.7 * target @ turn + np.array([100.0, -50.0, 20.0])
    np.testing.assert_allclose(procrustes(moved, target), target, atol=1e-9)
    assert pa_mpjpe(moved, target) < 1e-9
    mirrored = target * np.array([-1.0, 1.0, 1.0])
    assert pa_mpjpe(mirrored, target) > 50


def test_identical_share_counts_within_sequences_only():
    poses = np.array([0, 0, 1, 1, 1, 2.0])[:, None]
    assert identical_share(poses) == 3 / 5
    assert identical_share(poses, starts=np.array([3])) == 2 / 4
    assert identical_share(poses[:1].repeat(2, axis=0), starts=np.array([1])) == 0


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
    assert identical_share(np.zeros((count, 51))) == 0


def test_the_first_reports_own_predictions(shared):
    """38.19 mm over 17 joints; 90.6 % of consecutive predictions are bit for bit the same."""
    data = np.load(shared("data", "real", "h36m_report1", "poses_h36m_walking.npz"))
    predicted, truth = data["predictions"], data["ground_truth"]
    assert mpjpe(predicted, truth, root_relative=False) == pytest.approx(38.188, abs=5e-4)
    assert pa_mpjpe(predicted, truth) == pytest.approx(32.73, abs=5e-3)
    share = identical_share(predicted, data["block_starts"])
    assert share == pytest.approx(230 / 254)
    assert identical_share(truth, data["block_starts"]) == 0
