"""The synthetic walkers: they move as the measured ones do, and are drawn as what they are."""

import numpy as np
import pytest
from PIL import Image

from data_tools.twin.__main__ import main
from data_tools.twin.body import Angles, Bones, pose
from data_tools.twin.figure import draw_outfit, dress
from data_tools.twin.gait import draw_walker, walk
from data_tools.twin.h36m import BONES
from data_tools.twin.render import Lamp, draw
from data_tools.twin.room import background, cameras_for, frame_size
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


def test_knees_and_speeds_are_in_the_measured_range(walks):
    for posed in walks:
        knee = bend(posed.joints, "RightUpLeg", "RightLeg", "RightFoot")
        assert -1 < knee.min() < 20 and 50 < knee.max() < 90
        relative = posed.joints - posed.joints[:, :1]
        ankle = 50 * np.linalg.norm(np.diff(relative[:, 3], axis=0), axis=1).mean()
        assert 700 < ankle < 1600  # measured: 1165 mm/s
        travelled = 50 * np.linalg.norm(np.diff(posed.joints[:, 0, :2], axis=0), axis=1)
        assert 550 < travelled.mean() < 1200  # measured: 0.86 and 1.0 m/s


def test_they_turn_and_stay_in_the_room_with_their_feet_on_the_floor(walks):
    headings = []
    for posed in walks:
        assert np.abs(posed.joints[:, 0, :2]).max() < 2200
        heading = np.unwrap(np.arctan2(*posed.turns["pelvis"][:, [1, 0], 0].T))
        headings.append(np.ptp(heading))
        soles = np.minimum(posed.joints[:, [3, 8], 2] - 85, posed.joints[:, [4, 9], 2] - 25)
        lowest = soles.min(axis=1)
        assert np.abs(lowest).max() < 15
    assert min(headings) > np.deg2rad(180)  # within 12 s every walker is seen from all sides


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


def test_the_silhouette_is_exactly_what_was_drawn():
    rng = np.random.default_rng(0)
    posed = walk(BONES[1], draw_walker(rng, rng), 3)
    camera = cameras_for(1)["55011271"]
    empty = background(camera, frame_size("55011271"), 0)
    image = empty.copy()
    mask = draw(image, dress(posed, BONES[1], draw_outfit(rng)).at(1), camera, Lamp())
    changed = (image != empty).any(axis=2)
    assert not changed[~mask].any()  # nothing outside of it is touched
    assert changed[mask].mean() > 0.97  # inside, a colour may happen to be the background's
    keypoints = camera.project(camera.to_camera(posed.joints[1]))
    inside = mask[keypoints[:, 1].round().astype(int), keypoints[:, 0].round().astype(int)]
    assert inside.mean() > 0.85


def test_nearer_parts_cover_farther_ones():
    from data_tools.twin.figure import Cloth, Parts

    camera = cameras_for(1)["54138969"]
    forward = camera.rotation[2]
    near, far = camera.centre + 3000 * forward, camera.centre + 4000 * forward
    red, blue = Cloth((1, 0, 0)), Cloth((0, 0, 1))
    for order in ((0, 1), (1, 0)):
        points = np.stack([np.stack([near, far])[list(order)]])
        cloths = tuple((red, blue)[i] for i in order)
        parts = Parts(points, points, np.full(2, 150.0), np.full(2, 150.0), cloths)
        image = np.zeros((401, 400, 3), np.uint8)
        mask = draw(image, parts, camera, Lamp())
        middle = np.argwhere(mask).mean(axis=0).astype(int)
        assert image[tuple(middle)][0] > 0 and image[tuple(middle)][2] == 0


def test_the_command_writes_the_raw_layout(tmp_path):
    args = ["h36m", "--out", str(tmp_path), "--subjects", "7", "--frames", "4", "--workers", "1"]
    assert main([*args, "--frame-hold", "2"]) == 0
    base = tmp_path / "S7"
    assert (tmp_path / "metadata.xml").exists()
    for take in ("Walking 1", "Walking 2"):
        assert (base / "MyPoseFeatures" / "D3_Positions" / f"{take}.cdf").exists()
        view = f"{take}.54138969"
        for kind in ("D2_Positions", "D3_Positions_mono"):
            assert (base / "MyPoseFeatures" / kind / f"{view}.cdf").exists()
        frames = sorted((base / "Images" / view).iterdir())
        assert [f.name for f in frames] == [f"{view}_{i:06d}.jpg" for i in range(1, 5)]
        # Held: frames 1 and 2 are one image, 3 is another.
        assert frames[0].read_bytes() == frames[1].read_bytes() != frames[2].read_bytes()
        assert Image.open(frames[0]).size == (400, 401)


def test_mistakes_are_one_line(tmp_path, capsys):
    assert main(["h36m", "--out", str(tmp_path), "--subjects", "2"]) == 1
    assert "error: --subjects: expected some of [1, 5, 6, 7, 8, 9, 11], got [2]" in (
        capsys.readouterr().err
    )
    assert main(["h36m", "--out", str(tmp_path), "--frames", "0"]) == 1
    assert "error: --frames: expected 1 or more" in capsys.readouterr().err
