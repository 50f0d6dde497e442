"""What the stand-in's people do beside walking: each motion by what a stranger would name it by."""

import numpy as np
import pytest

from data_tools.h36m.metadata import read_take_numbers
from data_tools.h36m.tree import parse_take
from data_tools.twin.body.arms import SIDES, reach
from data_tools.twin.body.kinematics import Angles, Bones, pose
from data_tools.twin.body.props import props_of
from data_tools.twin.raw_files import write_metadata
from data_tools.twin.takes import DRAWN, SUBJECTS, WALKING, Plan, plans
from minipose.skeletons import H36M_32, H36M_32_PARENTS

AT = {name: i for i, name in enumerate(H36M_32)}
SECONDS = 30


def joints_of(action, take=1, subject=1):
    """(T, 32, 3) of 30 s at 10 Hz."""
    return Plan(subject, take, 10 * SECONDS, 5, 1, 0, action=action).walk()[0].joints


@pytest.fixture(scope="module")
def moved():
    return {action: [joints_of(action, take) for take in (1, 2)] for action in DRAWN}


def heights(joints, name):
    return joints[:, AT[name], 2]


def hands_from_head(joints):
    """mm of each wrist, right first, from the head, (T, 2)."""
    head = joints[:, AT["Head"]]
    hands = [joints[:, AT[f"{s}Hand"]] for s in ("Right", "Left")]
    return np.stack([np.linalg.norm(hand - head, axis=1) for hand in hands], axis=1)


def test_a_hand_arrives_where_it_is_sent():
    places = np.random.default_rng(0).uniform((150, -150, -300), (330, 150, 50), (60, 3))
    for side in SIDES:
        angles = Angles(heading=40.0, lean=15.0, shoulder_yaw=-20.0, **reach(Bones(), side, places))
        posed = pose(Bones(), angles, len(places))
        hand = posed.joints[:, AT[f"{side.capitalize()}Hand"]] - posed.joints[:, AT["Neck"]]
        found = (hand[:, None, :] @ posed.rotations["chest"])[:, 0]
        np.testing.assert_allclose(found, places, atol=1e-6)


@pytest.mark.parametrize("action", DRAWN)
def test_bones_are_rigid_and_feet_on_the_floor(moved, action):
    for joints in moved[action]:
        lengths = np.linalg.norm(joints - joints[:, list(H36M_32_PARENTS)], axis=2)[:, 1:]
        assert np.ptp(lengths, axis=0).max() < 1e-9
        lowest = joints[:, [AT["RightToeBase"], AT["LeftToeBase"]], 2].min(axis=1)
        assert lowest.min() > -15 and np.median(lowest) < 40
        assert np.abs(joints[:, 0, :2]).max() < 1800  # in the room, in all cameras


def test_who_eats_sits_and_brings_one_hand_to_the_mouth_again_and_again(moved):
    for joints in moved["Eating"]:
        assert heights(joints, "Hips").max() < 0.7 * heights(joints, "HeadSite").min()
        assert np.ptp(joints[:, 0, :2], axis=0).max() < 40
        near = hands_from_head(joints) < 210
        assert near.any(axis=0).sum() == 1
        hand = near.any(axis=1).astype(int)
        assert (np.diff(hand) == 1).sum() >= SECONDS / 6  # a spoon every few seconds


def test_who_takes_a_photo_has_both_hands_before_the_eyes_for_most_of_the_time(moved):
    for joints in moved["TakingPhoto"]:
        eyes = 0.5 * (joints[:, AT["Head"]] + joints[:, AT["HeadSite"]])
        for side in ("Right", "Left"):
            near = np.linalg.norm(joints[:, AT[f"{side}Hand"]] - eyes, axis=1) < 380
            assert 0.35 < near.mean() < 0.95
        feet = np.abs(heights(joints, "RightFoot") - heights(joints, "LeftFoot"))
        assert np.percentile(feet, 90) < 60  # in a crouch, too
        apart = joints[:, AT["RightHand"]] - joints[:, AT["LeftHand"]]
        assert np.linalg.norm(apart, axis=1).max() < 260  # they hold one thing


def test_who_greets_waves_above_the_head_and_bows(moved):
    both = np.concatenate(moved["Greeting"])
    lifted = np.maximum(heights(both, "RightHand"), heights(both, "LeftHand"))
    assert (lifted > heights(both, "Head")).mean() > 0.08
    trunk = both[:, AT["Neck"]] - both[:, AT["Hips"]]
    lean = np.rad2deg(np.arccos(trunk[:, 2] / np.linalg.norm(trunk, axis=1)))
    assert lean.min() < 10 and 22 < lean.max() < 60


def test_who_discusses_stands_and_moves_both_hands(moved):
    for joints in moved["Discussion"]:
        assert np.ptp(heights(joints, "Hips")) < 60
        for side in ("Right", "Left"):
            hand = joints[:, AT[f"{side}Hand"]] - joints[:, 0]
            assert np.ptp(hand, axis=0).max() > 250
            assert (hand[:, 2] < 650).all()  # below the face


def test_who_walks_a_dog_changes_speed_with_one_arm_ahead(moved):
    for joints, plain in zip(moved["WalkingDog"], moved[WALKING], strict=True):
        speeds = []
        for walked in (joints, plain):
            step = np.linalg.norm(np.diff(walked[:, 0, :2], axis=0), axis=1) * 10
            speeds.append(np.convolve(step, np.ones(10) / 10, "valid"))
        assert speeds[0].std() / speeds[0].mean() > 2 * speeds[1].std() / speeds[1].mean()
        hips = joints[:, AT["LeftUpLeg"]] - joints[:, AT["RightUpLeg"]]
        front = np.cross(hips, [0, 0, 1.0])
        front /= np.linalg.norm(front, axis=1, keepdims=True)
        ahead = [
            ((joints[:, AT[f"{s}Hand"]] - joints[:, 0]) * front).sum(axis=1)
            for s in ("Right", "Left")
        ]
        assert max(np.percentile(a, 5) for a in ahead) > 120  # mm: it never swings back


@pytest.mark.parametrize("action", DRAWN)
def test_the_same_motion_every_time_and_another_in_another_take(moved, action):
    # With the oldest NumPy the last bit was once another one in the same process.
    np.testing.assert_allclose(joints_of(action), moved[action][0], rtol=0, atol=1e-9)
    assert np.abs(moved[action][0] - moved[action][1]).max() > 100


def test_what_is_held_is_in_the_silhouette_and_what_stands_about_is_not():
    def counts(action):
        parts, counted = Plan(1, 1, 2, 5, 1, 0, action=action).parts()
        return counted, len(parts.cloths)

    body, whole = counts(WALKING)
    assert body == whole
    for action, held, around in (("Discussion", 0, 0), ("TakingPhoto", 4, 0), ("Eating", 4, 14)):
        assert counts(action) == (body + held, body + held + around)
    counted, whole = counts("WalkingDog")
    assert counted == body and whole == body + 11  # the dog's ten parts and the leash


@pytest.mark.parametrize("frames", [1, 2, 40])
def test_the_spoon_is_in_the_hand_that_eats(frames):
    """The bowl is in the other, however few frames are drawn."""
    bowls = set()
    for seed in range(8):
        posed, _ = Plan(5, 1, frames, 5, 1, seed, action="Eating").walk()
        props = props_of("Eating", posed, np.random.default_rng(0), 0.1)
        bowl, spoon = props[0].a, props[2].a
        hands = [posed.joints[:, AT[f"{side}Hand"]] for side in ("Right", "Left")]
        at = [np.argmin([np.abs(h - thing).sum() for h in hands]) for thing in (bowl, spoon)]
        assert sorted(at) == [0, 1] and (spoon[:, 2] > hands[at[0]][:, 2] - 60).all()
        bowls.add(at[0])
    assert bowls == {0, 1}


def test_files_are_named_as_the_real_ones(tmp_path):
    """S1 alone says TakingPhoto and WalkingDog; metadata.xml numbers the takes of every action."""
    write_metadata(tmp_path / "metadata.xml", 5, actions=DRAWN)
    numbers = read_take_numbers(tmp_path)
    for subject in SUBJECTS:
        for action in DRAWN:
            names = [plan.name for plan in plans(subject, 1, 1, 1, 0, action=action)]
            assert [parse_take(name)[0] for name in names] == [action, action]
            assert [numbers[subject, name] for name in names] == [1, 2]
    assert plans(1, 1, 1, 1, 0, action="TakingPhoto")[0].name == "TakingPhoto 1"
    assert plans(8, 1, 1, 1, 0, action="TakingPhoto")[1].name == "Photo"
    assert plans(8, 1, 1, 1, 0, action="WalkingDog")[0].name == "WalkDog 1"
