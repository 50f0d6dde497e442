"""The synthetic walkers: they move as the measured ones do, with their feet on the floor."""

from dataclasses import replace

import numpy as np
import pytest

from data_tools.twin.body.footing import soles
from data_tools.twin.body.gait import draw_walker, walk
from data_tools.twin.body.kinematics import Angles, Bones, pose
from minipose.skeletons import H36M_32, H36M_32_PARENTS

INDEX = {name: i for i, name in enumerate(H36M_32)}


def bend(joints, a, b, c):
    """Angle at joint b between its neighbours, 0 when straight, deg."""
    u, v = joints[:, INDEX[a]] - joints[:, INDEX[b]], joints[:, INDEX[c]] - joints[:, INDEX[b]]
    cosine = (u * v).sum(1) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
    return 180 - np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))


@pytest.fixture(scope="module")
def walks():
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        found.append(walk(Bones(), draw_walker(rng, rng), 600))
    return found


def test_bones_are_rigid_and_the_same_on_both_sides(walks):
    joints = walks[0].joints
    lengths = np.linalg.norm(joints - joints[:, list(H36M_32_PARENTS)], axis=2)[:, 1:]
    assert np.ptp(lengths, axis=0).max() < 1e-9
    for right, left in (("RightLeg", "LeftLeg"), ("RightForeArm", "LeftForeArm")):
        assert lengths[0, INDEX[right] - 1] == pytest.approx(lengths[0, INDEX[left] - 1])
    assert lengths[0, INDEX["RightLeg"] - 1] == pytest.approx(442.9)
    for same in ((0, 11), (13, 16, 24), (19, 20), (27, 28)):
        for other in same[1:]:
            np.testing.assert_array_equal(joints[:, same[0]], joints[:, other])


def speeds(posed, joint):
    """mm/s relative to the hips, frame by frame."""
    relative = posed.joints[:, INDEX[joint]] - posed.joints[:, 0]
    return 50 * np.linalg.norm(np.diff(relative, axis=0), axis=1)


def test_knees_and_speeds_are_in_the_measured_range(walks):
    """Measured on two real walkers of Human3.6M; each of ours may be half as far outside again."""
    for posed in walks:
        for side in ("Right", "Left"):
            knee = bend(posed.joints, f"{side}UpLeg", f"{side}Leg", f"{side}Foot")
            assert 1.5 < knee.min() < 15 and 60 < knee.max() < 85  # 3-71 and 3-78
            assert 800 < speeds(posed, f"{side}Foot").mean() < 1500  # 1058 and 1273
            assert speeds(posed, f"{side}Foot").max() < 4300  # 2260 and 2858
            assert 380 < speeds(posed, f"{side}Leg").mean() < 720  # 494 and 534
            assert 250 < speeds(posed, f"{side}Hand").mean() < 1000  # 531 and 724
        assert 70 < speeds(posed, "HeadSite").mean() < 220  # 107 and 179
        travelled = 50 * np.linalg.norm(np.diff(posed.joints[:, 0, :2], axis=0), axis=1)
        assert 700 < travelled.mean() < 1350  # 860 and 1000


def test_steps_are_as_long_and_as_wide_as_measured(walks):
    for posed in walks:
        apart = posed.joints[:, INDEX["RightFoot"]] - posed.joints[:, INDEX["LeftFoot"]]
        ahead = np.abs((apart * posed.rotations["pelvis"][:, :, 0]).sum(1))
        beside = np.abs((apart * posed.rotations["pelvis"][:, :, 1]).sum(1))
        assert 480 < np.percentile(ahead, 98) < 680  # 585-602 and 488-615
        assert 70 < beside.mean() < 300  # 204 and 136
        ankles = posed.joints[:, [INDEX["RightFoot"], INDEX["LeftFoot"]], 2]
        assert 180 < np.ptp(ankles) < 300  # 190 and 240
        high = posed.joints[:, 0, 2] - ankles.min(axis=1)
        assert 780 < high.min() and high.max() < 950  # 831-887 and 868-938


def test_arms_swing_against_the_legs():
    rng = np.random.default_rng(1)
    walker = replace(draw_walker(rng, rng), arm_style="swing", turn=1.0)
    posed = walk(Bones(), walker, 400)
    forward = posed.rotations["pelvis"][:, :, 0]

    def ahead(joint):
        return ((posed.joints[:, INDEX[joint]] - posed.joints[:, 0]) * forward).sum(1)

    for side, other in (("Right", "Left"), ("Left", "Right")):
        hand, foot = ahead(f"{side}Hand"), ahead(f"{side}Foot")
        assert np.corrcoef(hand, foot)[0, 1] < -0.8  # measured: -0.96
        assert np.corrcoef(hand, ahead(f"{other}Foot"))[0, 1] > 0.8


def test_the_foot_on_the_floor_does_not_slide(walks):
    """In single support the contact moves at a small part of the walking speed, ~1000 mm/s."""
    for posed in walks:
        sole = soles(posed)  # (T, foot, heel | ball, xyz)
        speed = 50 * np.linalg.norm(np.gradient(sole, axis=0)[..., :2], axis=-1)
        slide = speed.min(axis=(1, 2))  # of whatever point of the soles is stillest
        assert np.median(slide) < 80 and np.percentile(slide, 90) < 250
        # Each foot in turn is that point, for about half of the time.
        fraction = (speed.min(axis=2).argmin(axis=1) == 0).mean()
        assert 0.4 < fraction < 0.6


def test_they_turn_and_stay_in_the_room_with_their_feet_on_the_floor(walks):
    for posed in walks:
        assert np.abs(posed.joints[:, 0, :2]).max() < 1800
        heading = np.unwrap(np.arctan2(*posed.rotations["pelvis"][:, [1, 0], 0].T))
        rate = np.rad2deg(np.abs(heading[-1] - heading[0])) / 12
        assert 20 < rate < 65  # degrees a second: measured 30 and 56
        lowest = soles(posed)[..., 2].min(axis=(1, 2))
        assert np.abs(lowest).max() < 15


def test_walking_differs_between_people_but_not_between_runs():
    def joints(seed):
        rng = np.random.default_rng(seed)
        return walk(Bones(), draw_walker(rng, rng), 50).joints

    np.testing.assert_array_equal(joints(3), joints(3))
    assert np.abs(joints(3) - joints(4)).max() > 100


def test_forward_kinematics_by_hand():
    """Right thigh raised to the horizontal, knee at a right angle: the knee is a thigh ahead."""
    posed = pose(Bones(), Angles(hip_right=90, knee_right=90, hip_abduction_right=0), 1)
    hip, knee, ankle = posed.joints[0, [1, 2, 3]]
    np.testing.assert_allclose(knee - hip, [442.9, 0, 0], atol=70)
    np.testing.assert_allclose(ankle - knee, [0, 0, -454.2], atol=70)
    straight = pose(Bones(), Angles(hip_twist_right=0, hip_twist_left=0), 1)
    assert straight.joints[0, INDEX["LeftArm"], 1] > 0 > straight.joints[0, INDEX["RightArm"], 1]
