"""The synthetic walkers: they move as the measured ones do, and are drawn as what they are."""

import json
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
from PIL import Image

from data_tools.twin.__main__ import main
from data_tools.twin.body.clothes import Cloth, Parts, draw_outfit, dress
from data_tools.twin.body.footing import soles
from data_tools.twin.body.gait import draw_walker, walk
from data_tools.twin.body.kinematics import Angles, Bones, pose
from data_tools.twin.camera.placement import cameras_for, frame_size
from data_tools.twin.camera.render_body import draw
from data_tools.twin.h36m import BONES, Plan
from data_tools.twin.scene.capture_room import background
from data_tools.twin.scene.world import Lamp
from minipose.datasets.cameras import Camera
from minipose.skeletons import H36M_32, H36M_32_PARENTS

cdflib = pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")

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
        ahead = np.abs((apart * posed.turns["pelvis"][:, :, 0]).sum(1))
        beside = np.abs((apart * posed.turns["pelvis"][:, :, 1]).sum(1))
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
    forward = posed.turns["pelvis"][:, :, 0]

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
        share = (speed.min(axis=2).argmin(axis=1) == 0).mean()
        assert 0.4 < share < 0.6


def test_they_turn_and_stay_in_the_room_with_their_feet_on_the_floor(walks):
    for posed in walks:
        assert np.abs(posed.joints[:, 0, :2]).max() < 1800
        heading = np.unwrap(np.arctan2(*posed.turns["pelvis"][:, [1, 0], 0].T))
        rate = np.rad2deg(np.abs(heading[-1] - heading[0])) / 12
        assert 20 < rate < 65  # degrees a second: measured 30 and 56
        lowest = soles(posed)[..., 2].min(axis=(1, 2))
        assert np.abs(lowest).max() < 15


@pytest.mark.parametrize("subject", [1, 6, 11])
def test_everybody_is_always_within_the_frame(subject):
    for take in (1, 2):
        posed, _ = Plan(subject, take, 150, 10, 1, seed=0).walk()
        for name, camera in cameras_for(subject).items():
            points = camera.to_camera(posed.joints)
            pixels, radius = camera.project(points), 110 * camera.focal[0] / points[..., 2]
            height, width = frame_size(name)
            assert (pixels - radius[..., None]).min() > 0  # 110 mm of flesh and cloth around
            assert ((width, height) - (pixels + radius[..., None])).min() > 0
            tall = np.ptp(pixels[..., 1], axis=1)
            assert 100 < tall.min() and tall.max() < 230 and 125 < np.median(tall) < 160


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


def test_a_capsule_is_drawn_where_geometry_puts_it():
    """The silhouette of a ball and of a rod cut flat: their sizes by hand, in px."""
    middle, none = np.full(2, 100.0), np.zeros(3)
    forward = Camera(np.eye(3), none, np.full(2, 400.0), middle, none, np.zeros(2))
    grey = (Cloth((0.5, 0.5, 0.5)),)

    def mask(a, b, radius, flat):
        parts = Parts(
            np.array([[a]], float), np.array([[b]], float), np.array([radius]), np.array([radius]),
            grey, np.array([flat]),
        )  # fmt: skip
        return draw(np.zeros((200, 200, 3), np.uint8), parts, forward, Lamp())

    ball = mask((0, 0, 4000), (0, 0, 4000), 250.0, False)  # radius 250 · 400/4000 = 25 px
    assert abs(ball.sum() - np.pi * 25**2) < 60
    rows, columns = np.nonzero(ball)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (75, 125, 75, 125)
    rod = mask((0, 0, 4000), (500, 0, 4000), 100.0, True)  # rows 90-110; its end at 100 + 50
    assert np.nonzero(rod)[1].max() == 149 and rod[:, 149].sum() == 21
    assert np.nonzero(mask((0, 0, 4000), (500, 0, 4000), 100.0, False))[1].max() == 160


def test_nearer_parts_cover_farther_ones():
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


def digest(root):
    """What every file below a folder holds: name -> bytes."""
    files = {p.relative_to(root).as_posix(): p for p in root.rglob("*") if p.is_file()}
    found = {}
    for name, path in files.items():
        if name.endswith(".mat"):
            with h5py.File(path, "r") as file:
                found[name] = [file[r][()].tobytes() for r in file["Masks"][:, 0]]
        elif name.endswith(".cdf"):
            found[name] = cdflib.CDF(path).varget("Pose").tobytes()
        else:
            found[name] = path.read_bytes()
    return found


def test_the_files_depend_on_the_seed_alone(tmp_path):
    """Not on the number of processes, nor on an interruption: what is missing is made again."""
    args = ["--subjects", "5", "--frames", "2", "--step", "9"]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(["h36m", "--out", str(one), *args, "--workers", "1"]) == 0
    assert main(["h36m", "--out", str(two), *args, "--workers", "2"]) == 0
    whole = digest(one)
    assert len(whole) == 2 + 2 * (1 + 4 * (2 + 2 + 2)) and whole == digest(two)
    shutil.rmtree(two / "S5" / "Images" / "Walking.58860488")
    (two / "S5" / "MySegmentsMat" / "ground_truth_bb" / "Walking.58860488.mat").unlink()
    assert main(["h36m", "--out", str(two), *args, "--workers", "1"]) == 0
    assert digest(two) == whole


def test_folders_of_something_else_are_left_alone(tmp_path, capsys):
    (tmp_path / "metadata.xml").write_text("the real one")
    assert main(["h36m", "--out", str(tmp_path)]) == 1
    assert "not empty and no twin; expected a new folder" in capsys.readouterr().err
    assert [p.read_text() for p in tmp_path.iterdir()] == ["the real one"]
    (tmp_path / "metadata.xml").unlink()
    settings = {"frames": 3, "step": 5, "frame-hold": 1, "seed": 0}
    (tmp_path / "twin.json").write_text(json.dumps(settings))
    assert main(["h36m", "--out", str(tmp_path), "--frames", "4"]) == 1
    assert "holds a twin made with --frames 3; use the same" in capsys.readouterr().err


def test_mistakes_are_one_line(tmp_path, capsys):
    assert main(["h36m", "--out", str(tmp_path), "--subjects", "2"]) == 1
    assert "error: --subjects: expected some of [1, 5, 6, 7, 8, 9, 11], got [2]" in (
        capsys.readouterr().err
    )
    assert main(["h36m", "--out", str(tmp_path), "--frames", "0"]) == 1
    assert "error: --frames: expected 1 or more" in capsys.readouterr().err
