"""How predictions follow each other: accelerations, runs of equal poses, filters, videos."""

import json

import numpy as np
import pytest

from minipose.cli import main
from minipose.datasets.h36m import H36MStore, H36MWriter
from minipose.experiments.pose3d.about import counts, lines_of
from minipose.experiments.pose3d.filters import FILTERS, odd_window
from minipose.experiments.pose3d.measure import summary
from minipose.experiments.pose3d.motion import Steps, motion, steps_of
from minipose.experiments.pose3d.reported import FRAMES
from minipose.experiments.pose3d.smoothing import held, smoothed
from minipose.metrics import acceleration_error, run_lengths
from tests.datasets.test_h36m import rows
from tests.predict.networks import people_checkpoint, pose3d_checkpoint

RATE = 25.0


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Takes of 14 frames, every second frame of the video, by two cameras."""
    path = tmp_path_factory.mktemp("h36m") / "walk.h5"
    takes = [(s, t, c) for s, t in ((1, 1), (1, 2), (5, 1), (5, 2), (11, 1)) for c in (1, 2)]
    with H36MWriter(path, ["Walking"], RATE) as writer:
        for seed, (subject, take, camera) in enumerate(takes):
            labels = {"subject": subject, "subaction": take, "action": 0, "camera": camera}
            piece = rows(14, seed, **labels)
            piece["frame"] = np.arange(0, 28, 2, dtype=np.int32)
            writer.append(**piece)
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return pose3d_checkpoint(tmp_path_factory.mktemp("net") / "best.npz")


def swing(count, hertz=1.0, seconds=0.02):
    """A joint that swings by 100 mm beside a root that stands still: (count, 2, 3)."""
    poses = np.zeros((count, 2, 3))
    poses[:, 1, 0] = 100 * np.sin(2 * np.pi * hertz * seconds * np.arange(count))
    return poses


def test_acceleration_by_hand_and_not_across_a_seam():
    target = np.zeros((5, 2, 3))
    predicted = target.copy()
    predicted[:, 1, 0] = [0, 1, 4, 9, 100]  # second differences 2, 2, 86
    assert acceleration_error(predicted, target) == pytest.approx((2 + 2 + 86) / 3 / 2)
    assert acceleration_error(predicted, target, [0, 4]) == pytest.approx(1.0)
    assert acceleration_error(predicted + 7 * np.arange(5)[:, None, None], target) == pytest.approx(
        15.0
    )  # what roots do is not counted
    assert np.isnan(acceleration_error(predicted, target, [0, 2, 4]))
    assert acceleration_error(predicted, predicted) == 0


def test_runs_of_equal_poses():
    poses = np.repeat([1.0, 2.0, 2.0, 3.0], [3, 1, 1, 2])[:, None, None]
    assert run_lengths(poses).tolist() == [3, 2, 2]
    assert run_lengths(poses, [0, 4]).tolist() == [3, 1, 1, 2]
    assert run_lengths(poses[:1]).tolist() == [1]  # as of the last piece of 1025 frames
    still = motion(np.zeros((4, 2, 3)), swing(4), Steps(np.array([0]), 1, 0.02))
    assert (still["equal_runs"], still["equal_run_longest"], still["equal_poses"]) == (1, 4, 1.0)
    assert still["acceleration_error_mm"] == still["acceleration_of_constant_mm"] > 0


def test_steps_come_from_the_labels_and_the_stores_rate(store):
    with H36MStore(store) as opened:
        assert opened.rate == RATE
        steps = steps_of(opened, np.arange(30))
        assert steps.starts.tolist() == [0, 14, 28] and steps.seconds == 2 / RATE
        left_out = steps_of(opened, np.delete(np.arange(14), 5))
        assert left_out.starts.tolist() == [0, 5] and left_out.step == 2
        assert steps_of(opened, np.array([3])).step == 1


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_keeps_what_is_smooth_and_calms_what_is_not(name):
    smooth = swing(100)
    noisy = smooth + np.random.default_rng(0).normal(0, 30, smooth.shape)
    starts = Steps(np.array([0, 50]), 1, 0.02)
    kept = smoothed(name, smooth, starts)
    calmed = smoothed(name, noisy, starts)
    if name == "runs":
        np.testing.assert_array_equal(calmed, noisy)
        return
    assert np.abs(kept - smooth)[10:-10].mean() < 4
    before, after = (acceleration_error(p, smooth, starts.starts) for p in (noisy, calmed))
    assert after < 0.4 * before
    assert np.abs(calmed - smooth).mean() < 0.8 * np.abs(noisy - smooth).mean()
    alone = FILTERS[name](noisy[50:], 0.02)  # a sequence knows nothing of the one before
    np.testing.assert_array_equal(calmed[50:], alone)
    np.testing.assert_array_equal(noisy, noisy.copy())


def test_constant_poses_are_cured():
    true = swing(110)
    starts = np.array([0, 55])
    rows = held(110, starts, 11)
    assert rows[:12].tolist() == [5] * 11 + [16] and set(rows[55:66]) == {60}
    steps = Steps(starts, 1, 0.02)
    constant, cured = true[rows], smoothed("runs", true[rows], steps)
    assert motion(constant, true, steps)["equal_run_longest"] == 11
    error = [np.abs(p - true).mean() for p in (constant, cured)]
    bent = [acceleration_error(p, true, starts) for p in (constant, cured)]
    assert error[1] < 0.6 * error[0] and bent[1] < 0.5 * bent[0]
    np.testing.assert_allclose(cured[[5, 16]], true[[5, 16]])


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_short_sequences_go_through_every_filter(name, count):
    poses = swing(count, seconds=0.1)
    assert FILTERS[name](poses, 0.1).shape == poses.shape
    assert odd_window(0.3, 0.1, 3, count) in (1, 3) and odd_window(0.3, 0.02, 3, 100) == 15


def test_every_evaluation_reports_motion_and_filters_where_asked(store, network, tmp_path, capsys):
    command = ["evaluate", str(network), "--data", str(store), "--out", str(tmp_path / "out")]
    assert main([*command, "--smooth", "all", "--hold", "4"]) == 0
    found = json.loads((tmp_path / "out/report.json").read_text())
    test = found["splits"]["test"]
    assert test["equal_run_longest"] == 14 and test["step_seconds"] == 2 / RATE
    assert set(found["smoothing"]) == {"validation", "test"}
    held_back = found["smoothing"]["test"]["one for 4 frames"]
    assert set(held_back) == {"none", *FILTERS, "perfect network"}
    assert held_back["perfect network"]["mpjpe_mm"] > 0
    assert found["smoothing"]["test"]["as they are"]["perfect network"]["mpjpe_mm"] == 0
    text = (tmp_path / "out/report.md").read_text()
    assert "| test | 28 | " in text and "| 80.42 |" in text
    assert "| test | one for 4 frames | savgol |" in text
    saved = [*command, "--save", str(tmp_path / "a.npz")]
    assert main([*saved, "--smooth", "savgol"]) == 0
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["joints_3d"].shape == (56 + 28 - 28, 17, 3)
    assert main([*command, "--hold", "0"]) == 1
    assert "--hold: expected a whole number of 1 or more, got 0" in capsys.readouterr().err


def test_videos_of_whole_takes(store, network, tmp_path, capsys):
    av = pytest.importorskip("av")
    command = ["evaluate", str(network), "--data", str(store), "--videos", str(tmp_path)]
    assert main(command) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"validation-S5-Walking-2.mp4", "test-S11-Walking-1.mp4"}
    with av.open(str(tmp_path / "test-S11-Walking-1.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        assert float(video.streams.video[0].average_rate) == RATE / 2
    assert len(frames) == 14 and frames[0].shape[1] > 2 * frames[0].shape[0]
    assert np.abs(frames[0].astype(int) - frames[5]).max() > 50  # the crops differ


def test_frames_that_are_left_out_make_no_video(store, network, tmp_path, capsys):
    pytest.importorskip("av")
    command = ["evaluate", str(network), "--data", str(store), "--videos", str(tmp_path / "v")]
    assert main([*command, "--limit", "1"]) == 0  # one frame of one camera is a video
    assert main([*command, "--limit", "2"]) == 1
    assert "no frame that all its cameras have; --limit leaves" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [["--smooth", "median"], ["--hold", "3"], ["--videos", "v"]])
def test_masks_do_not_move(flags, tmp_path, capsys):
    checkpoint = people_checkpoint(tmp_path / "people.npz")
    assert main(["evaluate", str(checkpoint), "--data", "none.h5", *flags]) == 1
    error = capsys.readouterr().err
    assert f"{flags[0]}: expected a checkpoint of h36m, got one of people" in error


def test_frames_of_each_subject_stand_beside_the_reports(store):
    with H36MStore(store) as opened:
        found = counts(opened)
    assert found["S11"] == {"Walking": 28}
    text = "\n".join(lines_of({"dataset": found}))
    assert "| S11 | 28 (13032) |" in text and "| all | 140 (161558) |" in text
    assert [sum(row) for row in FRAMES.values()] == [
        109232, 152020, 105492, 155436, 106222, 131972, 89112,
    ]  # fmt: skip


def test_a_report_of_an_earlier_version_is_still_told():
    old = {
        "frames": 3, "mpjpe_mm": 1.0, "pa_mpjpe_mm": 1.0, "mean_pose_mpjpe_mm": 2.0,
        "share_of_mean_pose": 0.5, "identical_consecutive_predictions": 0.0,
        "identical_consecutive_images": 0.0, "images_per_s": 9.0,
    }  # fmt: skip
    text = summary({"splits": {"test": old}, "per_joint_mm": {}, "per_subject_mm": {}})
    assert "| test | 3 | 1.00 | 80.42 | 1.00 | 2.00 | 0.500 | 9 |" in text
