"""How tall somebody is: by hand, however they stand, and how far off by take."""

import numpy as np
import pytest

from data_tools.twin.takes import Plan
from minipose.datasets.h36m import H36MStore, H36MWriter
from minipose.experiments.pose3d.height import FOOT, height, height_errors, mean_height, people
from minipose.skeletons import H36M_17, H36M_17_OF_32
from tests.datasets.test_h36m import rows


def upright(**places):
    """(1, 17, 3) mm: y is down; who is not named is at the pelvis."""
    joints = np.zeros((1, 17, 3))
    for name, place in places.items():
        joints[0, H36M_17.index(name.replace("_", " "))] = place
    return joints


def test_a_height_by_hand():
    joints = upright(
        spine=(0, -240, 0), neck=(0, -490, 0), head=(60, -570, 0), head_top=(60, -690, 0),
        left_hip=(130, 0, 0), left_knee=(130, 400, 300), left_ankle=(130, 800, 0),
        right_hip=(-130, 0, 0), right_knee=(-130, 400, 0), right_ankle=(-130, 800, 0),
    )  # fmt: skip
    trunk, left, right = 240 + 250 + 100 + 120, 500 + 500, 400 + 400
    assert height(joints) == pytest.approx([trunk + (left + right) / 2 + FOOT])


def test_somebody_is_as_tall_sitting_as_walking():
    found = []
    for action in ("Walking", "Eating", "Greeting"):
        posed, bones = Plan(5, 1, 20, 5, 1, 0, action=action).walk()
        found.append(height(posed.joints[:, list(H36M_17_OF_32)]))
    legs, trunk = bones.thigh + bones.shin, bones.spine + bones.chest + bones.neck + bones.head
    np.testing.assert_allclose(np.concatenate(found), legs + trunk + FOOT, rtol=1e-6)


def test_errors_by_hand():
    """Two takes: errors of a frame do not cancel, those of a take's mean do."""
    true = np.array([1700.0, 1700, 1800, 1800])
    found = np.array([1690.0, 1710, 1770, 1790])
    errors = height_errors(found, true, np.array([4, 4, 7, 7]), constant=1750.0)
    assert errors == pytest.approx(
        {"people": 2, "frame_cm": 1.5, "take_cm": 1.0, "constant_cm": 5.0}
    )


def test_a_take_is_one_person_whichever_camera_saw_it(tmp_path):
    with H36MWriter(tmp_path / "s.h5", ["Walking", "Eating"]) as writer:
        for n, (subject, action, take, camera) in enumerate(
            [(1, 0, 1, 1), (1, 0, 1, 2), (1, 1, 1, 1), (5, 0, 1, 1)]
        ):
            labels = {"subject": subject, "action": action, "subaction": take, "camera": camera}
            writer.append(**rows(2, n, **labels))
    with H36MStore(tmp_path / "s.h5") as store:
        every = np.arange(len(store))
        assert people(store, every).tolist() == [0, 0, 0, 0, 1, 1, 2, 2]
        expected = height(store.read("joints_3d", every)).mean()
        assert mean_height(store, every) == pytest.approx(expected)
