"""A pose laid on a picture: exact where it fits, beside the person where it does not."""

import numpy as np
import pytest

from minipose.predict.fit import SHARED, lay_on_picture
from minipose.skeletons import BODY_25, H36M_17

RNG = np.random.default_rng(0)
POSE = RNG.normal(0, 300, (17, 3))
BOX = (10, 20, 110, 220)
MASK = np.zeros((300, 200), bool)
MASK[20:220, 10:110] = True


def joints_of(pose, scale=0.2, shift=(60, 120)):
    """BODY_25 joints where a weak perspective puts the pose's."""
    keypoints = np.zeros((25, 3))
    for ours, theirs in SHARED:
        keypoints[theirs] = (*(scale * pose[ours, :2] + shift), 1)
    return keypoints, keypoints[:, 2] > 0


def test_joints_of_the_same_name_are_compared():
    pairs = {(H36M_17[a], BODY_25[b]) for a, b in SHARED}
    assert ("pelvis", "mid hip") in pairs and ("left wrist", "left wrist") in pairs
    assert len(pairs) == 14 and all(a == b for a, b in pairs if a != "pelvis")


def test_a_pose_that_fits_lies_on_its_joints():
    keypoints, present = joints_of(POSE)
    fit = lay_on_picture(POSE, keypoints, present, MASK, BOX)
    np.testing.assert_allclose(fit.places, 0.2 * POSE[:, :2] + (60, 120))
    assert (fit.on, fit.scale) == ("joints", pytest.approx(0.2))
    assert fit.distance == pytest.approx(0, abs=1e-9) and fit.confidence == pytest.approx(1)


def test_depth_is_not_seen_and_a_wrong_limb_is():
    keypoints, present = joints_of(POSE)
    deep = POSE * (1, 1, 5)
    assert lay_on_picture(deep, keypoints, present, MASK, BOX).confidence == pytest.approx(1)
    wrong = POSE.copy()
    wrong[H36M_17.index("left wrist")] += (800, 0, 0)  # 160 px, of a person of 200
    fit = lay_on_picture(wrong, keypoints, present, MASK, BOX)
    assert 0.3 < fit.confidence < 0.95
    mirrored = lay_on_picture(POSE * (1, -1, 1), keypoints, present, MASK, BOX)
    assert mirrored.confidence < 0.5


def test_joints_that_are_not_in_the_picture_do_not_count():
    keypoints, present = joints_of(POSE)
    keypoints[BODY_25.index("left wrist")] = (0, 0, 0.1)
    present[BODY_25.index("left wrist")] = False
    assert lay_on_picture(POSE, keypoints, present, MASK, BOX).confidence == pytest.approx(1)


def test_without_joints_the_pose_fills_the_masks_box():
    for joints in (None, np.zeros((25, 3))):
        present = None if joints is None else joints[:, 2] > 0
        fit = lay_on_picture(POSE, joints, present, MASK, BOX)
        low, high = fit.places.min(axis=0), fit.places.max(axis=0)
        np.testing.assert_allclose((low + high) / 2, (59.5, 119.5))
        assert (high - low).sum() == pytest.approx(100 + 200)
        assert fit.on == "box" and np.isnan(fit.distance) and 0 < fit.confidence <= 1
    far = lay_on_picture(POSE, None, None, np.zeros((300, 200), bool), BOX)
    assert far.confidence == 0


def test_a_pose_upside_down_is_not_turned_to_fit():
    """The best scale would be negative: it is laid on the box, and counts by the mask."""
    keypoints, present = joints_of(-POSE)
    assert lay_on_picture(POSE, keypoints, present, MASK, BOX).on == "box"
