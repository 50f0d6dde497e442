"""A store of poses of drawn people: joints lie on the person, silhouettes are wrong but whole."""

import numpy as np
import pytest
from scipy.ndimage import label

from data_tools.twin.__main__ import main
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.reclining import recline
from data_tools.twin.people import draw_bones
from data_tools.twin.poses import make_sample, spoiled
from minipose.datasets.h36m import H36MStore
from minipose.datasets.texts import text_of
from minipose.metrics import dice_coefficient, procrustes
from minipose.skeletons import H36M_17, H36M_17_EDGES

LEFT, RIGHT = (H36M_17.index(f"{side} hip") for side in ("left", "right"))


@pytest.fixture(scope="module")
def samples():
    return [make_sample(3, number) for number in range(60)]


def test_joints_lie_on_the_person(samples):
    """Most of them: a limb may be behind another, and a piece of the silhouette may be missing."""
    on = []
    for sample in samples:
        pixels = np.clip(np.rint(sample["keypoints_2d"]), 0, 127).astype(int)
        lit = sample["images"] > 0
        on.append(lit[pixels[:, 1], pixels[:, 0]].mean())
    assert np.mean(on) > 0.75 and np.median(on) > 0.85


def test_a_pose_is_that_of_its_picture(samples):
    """In the camera frame: right is right, down is down, and the crop shows x and y to scale."""
    for sample in samples:
        joints, pixels = sample["joints_3d"], sample["keypoints_2d"]
        assert not joints[0].any() and 250 < np.linalg.norm(joints[2] - joints[1]) < 700
        flat = np.column_stack([pixels - pixels[0], np.zeros(17)])[None]
        seen = np.column_stack([joints[:, :2], np.zeros(17)])[None]
        found = procrustes(flat, seen)
        rotation = found[0] - seen[0]
        assert np.linalg.norm(rotation, axis=1).mean() < 90  # mm, from the perspective


def test_people_are_seen_from_all_sides_and_do_many_things(samples):
    across = np.array([s["joints_3d"][LEFT] - s["joints_3d"][RIGHT] for s in samples])
    angle = np.arctan2(across[:, 2], across[:, 0])
    assert len(np.unique((angle + np.pi) // (np.pi / 3))) == 6
    assert (np.abs(angle) < np.pi / 4).mean() > 0.3  # mostly from the front
    raised = [
        s["joints_3d"][H36M_17.index("left wrist"), 1] < s["joints_3d"][8, 1] for s in samples
    ]
    bent = []
    for sample in samples:
        hip, knee, ankle = (sample["joints_3d"][j] for j in (4, 5, 6))
        a, b = hip - knee, ankle - knee
        bent.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b) > np.cos(np.deg2rad(110)))
    assert 0.05 < np.mean(raised) < 0.6 and 0.05 < np.mean(bent) < 0.7
    lengths = [np.linalg.norm(s["joints_3d"][a] - s["joints_3d"][b])
               for s in samples for a, b in H36M_17_EDGES[1:2]]  # fmt: skip
    assert np.std(lengths) > 20  # mm: thighs of different people


def test_who_reclines_sits_or_lies_on_the_floor():
    """The hips are near it, the head is mostly lower than a standing person's hips."""
    rng, heads = np.random.default_rng(0), []
    for _ in range(40):
        bones = draw_bones(rng)
        height = stand_up(bones, recline(rng, bones)).joints[0, :, 2]
        assert height.min() > -1 and height[0] < 320
        heads.append(height[15])
    assert 250 < np.median(heads) < 850 and max(heads) < 1200
    plain, on_the_floor = make_sample(3, 0), make_sample(3, 0, reclining=1.0)
    assert np.ptp(plain["joints_3d"][:, 1]) != np.ptp(on_the_floor["joints_3d"][:, 1])


def test_the_same_person_every_time(samples):
    again = make_sample(3, 7)
    for name, value in samples[7].items():
        np.testing.assert_array_equal(again[name], value)
    assert (make_sample(4, 7)["images"] != again["images"]).any()


def test_silhouettes_are_about_as_wrong_as_a_networks():
    """In one piece, and with a dice from about 0.75 to 1."""
    truth = np.zeros((120, 90), bool)
    truth[10:50, 30:60] = truth[40:115, 32:43] = truth[40:115, 47:58] = True
    rng = np.random.default_rng(0)
    dices = []
    for _ in range(60):
        mask = spoiled(truth, rng)
        assert label(mask)[1] == 1
        dices.append(dice_coefficient(mask * 1.0, truth * 1.0))
    assert min(dices) > 0.6 and 0.88 < np.mean(dices) < 0.97 and max(dices) == 1


def test_a_store_that_the_job_reads(tmp_path, capsys):
    out = tmp_path / "poses.h5"
    assert main(["poses", "--out", str(out), "--count", "42", "--workers", "1"]) == 0
    assert "42 people written" in capsys.readouterr().out
    with H36MStore(out) as store:
        split = store.split()
        assert {name: len(rows) for name, rows in split.items()} == {
            "train": 30, "validation": 6, "test": 6,
        }  # fmt: skip
        assert sorted(store.labels["frame"]) == list(range(42))
        assert text_of(store.file, "source") == "drawn people"
        first = make_sample(0, 0)
        np.testing.assert_array_equal(store.read("images", np.array([0]))[0], first["images"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--out", "p.h5", "--count", "3"], "--count: expected 14 or more, got 3"),
        (["--out", "p"], "--out: expected a store .h5, got p"),
        (["--out", "p.h5", "--workers", "0"], "--workers: expected 1 or more"),
        (["--out", "p.h5", "--reclining", "2"], "--reclining: expected 0 to 1, got 2.0"),
    ],
)
def test_mistakes_are_one_line(flags, message, capsys):
    assert main(["poses", *flags]) == 1
    assert capsys.readouterr().err == f"error: {message}\n"
