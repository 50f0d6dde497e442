"""Synthetic pictures of single people: the labels fit what is drawn, and no two are the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation

from data_tools.people.__main__ import main as build_store
from data_tools.people.openpose import joints_found, read_people
from data_tools.twin.__main__ import main
from data_tools.twin.body.body25 import _segment_distance, body_25, detect, hidden
from data_tools.twin.body.clothes import draw_outfit, dress
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.kinematics import Bones
from data_tools.twin.body.stances import KINDS, Stance, _mirrored, draw_stance
from data_tools.twin.camera.placement import frame
from data_tools.twin.camera.render_scene import look
from data_tools.twin.people import draw_bones, make_sample
from data_tools.twin.scene.places import draw_place
from data_tools.twin.scene.world import Box, Lamp, Scene, Sky
from minipose.datasets.people import PeopleStore
from minipose.skeletons import BODY_25, BODY_25_LIMBS, mirrored

SAMPLES = 24
AT = {name: i for i, name in enumerate(BODY_25)}


@pytest.fixture(scope="module")
def samples():
    return [make_sample(11, n) for n in range(SAMPLES)]


def test_the_same_numbers_give_the_same_picture(samples):
    again, other = make_sample(11, 3), make_sample(12, 3)
    for field in ("image", "mask", "keypoints"):
        assert np.array_equal(getattr(again, field), getattr(samples[3], field))
    assert not np.array_equal(other.keypoints, again.keypoints)


def test_joints_lie_on_the_person(samples):
    """Seen joints are on the mask, up to what a detector gets wrong."""
    inside = []
    for sample in samples:
        wide = binary_dilation(sample.mask, iterations=3)
        sure = sample.keypoints[sample.keypoints[:, 2] > 0.6]
        x, y = sure[:, :2].astype(int).T
        inside.append(wide[y, x].mean())
    assert min(inside) > 0.8 and np.mean(inside) > 0.97


def test_whole_bodies_in_pictures_of_the_promised_size(samples):
    for sample in samples:
        height, width = sample.mask.shape
        assert sample.image.shape == (height, width, 3) and sample.image.dtype == np.uint8
        assert 128 <= min(height, width) <= 200 and max(height, width) <= 320
        rows, columns = np.flatnonzero(sample.mask.any(1)), np.flatnonzero(sample.mask.any(0))
        assert max(np.ptp(rows) / height, np.ptp(columns) / width) > 0.5
        # the person is not cut off: hardly any of the border is person
        border = np.concatenate([sample.mask[[0, -1]].ravel(), sample.mask[:, [0, -1]].ravel()])
        assert border.mean() < 0.06


def test_some_joints_are_missed_but_most_people_can_be_kept(samples):
    found = np.array([joints_found(s.keypoints) for s in samples])
    assert (found >= 22).mean() > 0.6
    assert (found < 25).any() and found.max() >= 24
    confidence = np.concatenate([s.keypoints[:, 2] for s in samples])
    assert confidence.max() < 1 and (confidence[confidence > 0] < 0.6).any()


def test_backgrounds_are_no_diagrams(samples):
    """Behind the person there are many shades, and they differ between pictures."""
    means = []
    for sample in samples:
        behind = sample.image[~binary_dilation(sample.mask, iterations=2)]
        assert len(np.unique(behind // 8, axis=0)) > 50
        means.append(behind.mean(axis=0))
    assert np.std(means, axis=0).min() > 10


def test_files_are_what_the_builder_reads(tmp_path, capsys):
    root = tmp_path / "twin"
    assert main(["people", "--out", str(root), "--count", "9", "--seed", "4"]) == 0
    names = sorted(p.stem for p in (root / "images").iterdir())
    assert names == [f"twin4_{n:06d}" for n in range(9)]
    sample = make_sample(4, 2)
    with Image.open(root / "images" / "twin4_000002.jpg") as image:
        assert np.abs(np.asarray(image).astype(int) - sample.image).mean() < 12
    with Image.open(root / "masks" / "twin4_000002.png") as image:
        assert np.array_equal(np.asarray(image) > 200, sample.mask)
    path = root / "keypoints" / "twin4_000002_keypoints.json"
    (person,) = read_people(path)
    assert np.allclose(person, sample.keypoints, atol=1e-4)
    assert json.loads(path.read_text())["version"] == 1.3
    assert build_store([str(root), "--out", str(tmp_path / "a.h5"), "--min-joints", "18"]) == 0
    with PeopleStore(tmp_path / "a.h5") as store:
        assert len(store) > 5 and (store.sizes.min(axis=1) == 128).all()
    # A second run writes only what is missing.
    (root / "images" / "twin4_000005.jpg").unlink()
    capsys.readouterr()
    assert main(["people", "--out", str(root), "--count", "9", "--seed", "4"]) == 0
    assert "1 pictures written" in capsys.readouterr().out
    assert main(["people", "--out", str(root), "--count", "0"]) == 1
    assert "--count: expected 1 or more" in capsys.readouterr().err


# --- Poses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_every_kind_stands_on_the_floor_or_flies(kind):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        stance = kind(rng)
        joints = stand_up(draw_bones(rng), stance).joints[0]
        assert np.isfinite(joints).all()
        soles = min((joints[[3, 8], 2] - 85).min(), (joints[[4, 9], 2] - 25).min())
        assert stance.lift - 1e-6 <= soles < stance.lift + 250
        assert joints[:, 2].min() > -1
        for name, value in stance.angles.items():
            if name.startswith(("knee", "elbow")):
                assert -5 <= value <= 150, name


def test_mirroring_swaps_the_sides():
    stance = draw_stance(np.random.default_rng(8))
    points, other = (body_25(stand_up(Bones(), s)) for s in (stance, _mirrored(stance)))
    assert np.allclose(other[mirrored(BODY_25)] * [1, -1, 1], points, atol=1e-6)


def test_stances_differ():
    joints = [stand_up(Bones(), draw_stance(np.random.default_rng(n))).joints[0] for n in range(60)]
    height = np.array([np.ptp(j[:, 2]) for j in joints])
    hands = np.array([j[[19, 27], 2].max() - j[13, 2] for j in joints])  # above the neck
    assert height.min() < 1300 and height.max() > 1750
    assert (hands > 100).mean() > 0.1 and (hands < -300).mean() > 0.2


# --- BODY_25 --------------------------------------------------------------------------------------


def test_points_are_where_their_names_say():
    points = body_25(stand_up(Bones(), Stance()))
    x, y, z = points.T
    for k, name in enumerate(BODY_25):
        if "right" in name:
            assert y[k] < 0 and y[k] == pytest.approx(-y[AT[name.replace("right", "left")]], abs=1)
    assert x[AT["nose"]] > x[AT["right eye"]] > x[AT["right ear"]]
    assert z[AT["right eye"]] > z[AT["nose"]] > z[AT["neck"]] > z[AT["mid hip"]]
    assert x[AT["left big toe"]] > x[AT["left small toe"]] > x[AT["left heel"]]
    assert abs(y[AT["left big toe"]]) < abs(y[AT["left small toe"]])
    assert np.allclose(points[AT["neck"]], (points[2] + points[5]) / 2)
    assert len(BODY_25_LIMBS) == 24


def seen_from(azimuth: float):
    """A standing person's hidden joints for a camera 4 m away in a direction (deg, 90 = left)."""
    bones = Bones()
    posed = stand_up(bones, Stance({"elbow_right": 5.0, "elbow_left": 5.0}))
    parts = dress(posed, bones, draw_outfit(np.random.default_rng(1)))
    turn = np.deg2rad(azimuth)

    class Eye:
        centre = np.array([4000 * np.cos(turn), 4000 * np.sin(turn), 1300.0])

    unseen = hidden(body_25(posed), posed, parts, Eye)
    return {name for name, k in AT.items() if unseen[k]}


def test_what_the_body_hides():
    face = {"nose", "right eye", "left eye"}
    front, back, left = seen_from(0), seen_from(180), seen_from(90)
    assert not front & (face | {"right wrist", "left wrist", "left knee", "right ankle"})
    assert face <= back and not back & {"left knee", "right elbow", "left ear"}
    assert {"right ear", "right eye", "right shoulder", "right hip"} <= left
    assert not left & {"left ear", "left shoulder", "left elbow"}


def test_a_detector_misses_what_is_hidden_more_often():
    pixels = np.full((25, 2), 60.0)
    pixels[0] = (-3, 60)
    unseen = np.zeros(25, dtype=bool)
    unseen[[AT["right knee"], AT["left ear"]]] = True
    rng = np.random.default_rng(0)
    found = np.stack([detect(pixels, unseen, (128, 128), rng) for _ in range(300)])
    missed = (found[:, :, 2] == 0).mean(axis=0)
    assert not found[found[:, :, 2] == 0].any()
    assert missed[0] == 1  # outside the picture
    assert missed[AT["left ear"]] > 0.85 and 0.05 < missed[AT["right knee"]] < 0.2
    assert missed[AT["left knee"]] < 0.03
    right, left = (found[:, AT[n]][found[:, AT[n], 2] > 0] for n in ("right knee", "left knee"))
    assert right[:, 2].mean() < 0.6 < left[:, 2].mean()
    assert right[:, 0].std() > 2 * left[:, 0].std()


def test_distance_of_segments_against_a_search():
    rng = np.random.default_rng(2)
    p, q, a, b = rng.normal(0, 1, (4, 30, 3))
    t = np.linspace(0, 1, 201)[:, None]
    for k in range(30):
        one, two = p[k] + t * (q[k] - p[k]), a[k] + t * (b[k] - a[k])
        searched = np.linalg.norm(one[:, None] - two[None], axis=2).min()
        got = _segment_distance(p[k : k + 1, None], q[k : k + 1, None], a[k : k + 1], b[k : k + 1])
        assert searched - 0.02 < got[0, 0] < searched + 1e-9


# --- Places ---------------------------------------------------------------------------------------


def test_boxes_cover_the_pixels_whose_rays_meet_them():
    white, black = (lambda u, v, n, f, c=c: np.full((len(u), 3), c, np.float32) for c in (1.0, 0.0))
    size = (48, 36)
    camera = frame(np.array([[0, -300, 0], [0, 300, 1700.0]]), size, np.random.default_rng(3))
    box = Box((-400.0, -250.0, 200.0), (100.0, 350.0, 900.0), white)
    lamp = Lamp(((0.0, 0.0, 1.0),), (0.0,), 1.0)
    scene = Scene(black, Sky((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0), lamp, [box])
    image = look(scene, camera, size)
    for row, column in np.ndindex(*size):
        ray = camera.rays(np.array([float(column), float(row)])) @ camera.rotation
        points = camera.centre + np.linspace(0, 16000, 4001)[:, None] * ray
        inside = ((points > box.low) & (points < box.high)).all(axis=1).sum()
        if inside == 0:
            assert image[row, column, 0] in (0.0, 1.0)
        elif inside > 2:
            assert image[row, column, 0] == 1.0
    assert 0.05 < image[..., 0].mean() < 0.9


def test_nothing_stands_between_camera_and_person():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        turn = rng.uniform(0, 2 * np.pi)
        centre = np.array([4500 * np.cos(turn), 4500 * np.sin(turn), 1400.0])
        scene = draw_place(rng, centre)
        on_sight = np.linspace(0.0, 0.9, 40)[:, None] * centre[:2]
        for box in scene.boxes:
            inside = (on_sight > box.low[:2]) & (on_sight < box.high[:2])
            assert not inside.all(axis=1).any()
        for blob in scene.blobs:
            away = (on_sight - blob.centre[:2]) / blob.radii[:2]
            low = blob.centre[2] - blob.radii[2] < 1700
            assert not (low and ((away**2).sum(axis=1) < 0.8).any())
