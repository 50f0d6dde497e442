"""``python -m minipose predict``: what is written, and what mistakes look like."""

import json
import os
import sys

import numpy as np
import pytest
from PIL import Image

from minipose.cli import main
from minipose.datasets import video_files
from minipose.predict import command, tracking
from minipose.predict.movie import movie
from tests.broken_decoder import CRASH, stand_in
from tests.predict.networks import people_checkpoint, pose3d_checkpoint

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    people = people_checkpoint(folder / "people.npz", model="triple")
    pose3d = pose3d_checkpoint(folder / "pose.npz")
    return ["--checkpoint", str(people), "--pose3d", str(pose3d)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(path, size=(50, 60)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)).save(path)


def video(path, count=5):
    with movie(path, 10.0) as made:
        for _ in range(count):
            made.add(RNG.integers(0, 255, (48, 64, 3)).astype(np.uint8))


def written(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_everything_about_a_picture(here, networks, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees: 60 × 50 px on disk is 50 × 60 upright
    Image.new("RGB", (60, 50), (90, 120, 40)).save("me.jpg", exif=exif)
    assert main(["predict", "me.jpg", *networks]) == 0
    assert written(here / "found") == {
        "me_keypoints.json", "me_mask.png", "me_heatmap.png", "me_person.png", "me_pose.json",
    }  # fmt: skip
    assert (
        Image.open("found/me_mask.png").size == Image.open("found/me_heatmap.png").size == (50, 60)
    )
    pose = json.loads((here / "found/me_pose.json").read_text())
    assert pose["unit"] == "mm" and pose["joints"]["pelvis"] == [0, 0, 0]
    assert len(pose["joints"]) == len(pose["in_picture_px"]) == 17 and 0 <= pose["confidence"] <= 1
    printed = capsys.readouterr().out
    assert "mask and joints: trained for 3 epochs, on data that the file does not name" in printed
    assert "me.jpg: " in printed and "found/me_person.png" in printed


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_utf_8_does_not_end_the_work_on_others(here, networks, monkeypatch):
    picture(here / os.fsdecode(b"p/a\xe9.png"))
    picture(here / "p/b.png")
    with open("said", "w", encoding="utf-8", errors="strict") as said:
        monkeypatch.setattr(sys, "stdout", said)
        assert main(["predict", "p", "--format", "csv", *networks]) == 0
    lines = (here / "said").read_text()
    assert "p/a\\udce9.png: " in lines and "p/b.png: " in lines
    rows = (here / "found/pictures_joints.csv").read_text().splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {"p/a\\udce9.png", "p/b.png"}


def test_a_folder_with_bad_files_and_two_of_one_name(here, networks, capsys):
    for name in ("p/a/x.jpg", "p/b/x.png", "p/y.png"):
        picture(here / name)
    (here / "p/bad.jpg").write_text("no picture")
    picture(here / "p/strip.png", (90, 2))
    assert main(["predict", "p", "none.jpg", "--pose3d", "none", *networks[:2]]) == 1
    bad, *error = capsys.readouterr().err.splitlines()
    assert bad.startswith("error: p/bad.jpg: not a readable picture (cannot identify image file ")
    assert error == [
        "error: p/strip.png: 90 × 2 px is too narrow, expected at most 20 to 1",
        "error: none.jpg: no such file",
        "error: 3 of 6 failed, the others are in found",
    ]
    masks = {name for name in written(here / "found") if name.endswith("_mask.png")}
    assert masks == {"a/x_mask.png", "b/x_mask.png", "y_mask.png"}
    assert not any(name.endswith("_pose.json") for name in written(here / "found"))


def test_a_filter_has_to_have_poses_of_a_video(here, networks, capsys):
    pytest.importorskip("av")
    video(here / "v.mp4", 4)
    command = ["predict", "v.mp4", *networks, "--format", "npz", "--smooth", "savgol"]
    assert main([*command, "--pose3d", "none"]) == 1
    assert "--smooth: filters poses in space, which --pose3d none" in capsys.readouterr().err
    assert main(command) == 0
    with np.load("found/v_joints.npz") as arrays:  # the stand-in finds the same pose everywhere
        assert np.isfinite(arrays["joints_3d"]).all() and len(arrays["joints_3d"]) == 4
        np.testing.assert_allclose(arrays["joints_3d"][0], arrays["joints_3d"][3], atol=1e-3)


def test_nothing_is_overwritten_unless_it_may_be(here, networks, capsys):
    picture(here / "x.png")
    assert main(["predict", "x.png", *networks]) == 0
    (here / "found/x_mask.png").write_text("mine")
    capsys.readouterr()
    assert main(["predict", "x.png", *networks]) == 1
    error = capsys.readouterr().err
    assert error == "error: found/x_mask.png is there already (--overwrite replaces it)\n"
    assert (here / "found/x_mask.png").read_text() == "mine"
    assert main(["predict", "x.png", *networks, "--overwrite"]) == 0
    assert Image.open("found/x_mask.png").size == (50, 60)


def test_tables_of_pictures_and_of_a_video(here, networks):
    pytest.importorskip("av")
    picture(here / "x.png")
    picture(here / "y.png")
    video(here / "v.mp4")
    formats = ["--format", "openpose,coco,csv,npz"]
    assert main(["predict", "x.png", "y.png", "v.mp4", *networks, *formats]) == 0
    names = written(here / "found")
    for take in ("pictures", "v"):
        assert {f"{take}_coco.json", f"{take}_joints.csv", f"{take}_joints.npz"} <= names
    assert {f"v_keypoints/v_{n:012d}_keypoints.json" for n in range(5)} <= names
    with np.load("found/v_joints.npz") as arrays:
        assert arrays["keypoints"].shape == (5, 25, 3) and arrays["joints_3d"].shape == (5, 17, 3)
        np.testing.assert_allclose(arrays["seconds"], np.arange(5) / 10, atol=1e-3)
    with np.load("found/pictures_joints.npz") as arrays:
        assert arrays["picture"].tolist() == ["x.png", "y.png"]


def test_an_annotated_animation_of_the_first_frames(here, networks):
    pytest.importorskip("av")
    video(here / "v.mp4")
    flags = ["--animation", "gif", "--frames", "3", "--format", "npz"]
    assert main(["predict", "v.mp4", *networks, *flags]) == 0
    assert written(here / "found") == {"v_person.gif", "v_joints.npz"}
    with Image.open("found/v_person.gif") as made:
        assert made.n_frames == 3 and made.size[0] > 300
    # An animated GIF is a video, too.
    assert main(["predict", "found/v_person.gif", *networks, "--out", "again"]) == 0
    assert written(here / "again") == {"v_person_person.mp4", "v_person_joints.csv"}


def test_what_was_seen_of_a_video_is_kept_when_it_is_stopped(here, networks, monkeypatch, capsys):
    pytest.importorskip("av")
    video(here / "v.mp4", 6)
    monkeypatch.setattr(command, "TOGETHER", 2)
    real, calls = tracking.predict_pictures, []

    def stopped(*args, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(tracking, "predict_pictures", stopped)
    assert main(["predict", "v.mp4", *networks, "--format", "npz"]) == 130
    assert "interrupted: v.mp4: 4 frames written" in capsys.readouterr().err
    with np.load("found/v_joints.npz") as arrays:
        assert arrays["frame"].tolist() == [0, 1, 2, 3]


def test_a_video_that_breaks_off(here, networks, capsys):
    pytest.importorskip("av")
    video(here / "v.mp4", 3)
    whole = (here / "v.mp4").read_bytes()
    (here / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (here / "not.mp4").write_bytes(b"nothing of the kind")
    assert main(["predict", "cut.mp4", "not.mp4", "/dev/video99", *networks]) == 1
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 4 and "cut.mp4: not a readable video" in error[0]
    assert "not.mp4: not a readable video" in error[1]
    assert error[2] == "error: /dev/video99: no such camera"
    assert not (here / "found").exists() or not written(here / "found")


def test_a_video_without_a_frame_is_one_line_and_the_rest_goes_on(here, networks, capsys):
    import av

    (here / "v").mkdir()
    video(here / "v/a.mp4")
    assert main(["predict", "v", "--format", "openpose", *networks]) == 0
    (here / "v/a.mp4").unlink()
    with av.open("v/a.avi", "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    video(here / "v/b.mp4")
    capsys.readouterr()
    assert main(["predict", "v", "--format", "openpose", "--overwrite", *networks]) == 1
    error = capsys.readouterr().err
    assert "error: v/a.avi: not a readable video (it has no frame)\n" in error
    assert "1 of 2 failed" in error and (here / "found/b_person.mp4").is_file()
    # What was found in the one before, of the same name, is not thrown away for nothing.
    assert len(list((here / "found/a_keypoints").iterdir())) == 5


def test_a_video_that_crashes_its_decoder(here, networks, monkeypatch, capsys):
    pytest.importorskip("av")
    video(here / "v.mp4", 5)
    crash = "the decoder of videos crashed, signal 11"
    monkeypatch.setattr(video_files, "PROGRAM", stand_in(here, CRASH, at=1))
    assert main(["predict", "v.mp4", *networks]) == 1
    assert capsys.readouterr().err == f"error: v.mp4: not a readable video ({crash})\n"
    assert not written(here / "found")
    monkeypatch.setattr(video_files, "PROGRAM", stand_in(here, CRASH, at=4))
    assert main(["predict", "v.mp4", *networks, "--format", "npz"]) == 1
    end = f"breaks off after 3 frames ({crash}); those are written"
    assert capsys.readouterr().err == f"error: v.mp4: {end}\n"
    with np.load("found/v_joints.npz") as arrays:
        assert arrays["frame"].tolist() == [0, 1, 2]


def test_a_video_that_is_a_strip_is_named(here, networks, capsys):
    with movie(here / "strip.mp4", 25) as made:
        made.add(np.zeros((16, 400, 3), np.uint8))
    Image.new("RGB", (50, 60)).save("x.png")
    assert main(["predict", "strip.mp4", "x.png", *networks]) == 1
    assert "error: strip.mp4: 400 × 16 px is too narrow" in capsys.readouterr().err


def test_a_missing_package_for_videos_is_one_line(here, networks, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "av", None)
    (here / "v.mp4").write_bytes(b"")
    assert main(["predict", "v.mp4", *networks]) == 1
    error = capsys.readouterr().err
    assert error == "error: v.mp4: av is not installed: python -m pip install -e '.[video]'\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["x.png", "y.png", "--box", "0", "0", "9", "9"], "--box: is for one picture, got 2"),
        (["p", "--mask", "m.png"], "--mask: is for one picture, got 2"),
        (["x.png", "--mask", "m.png"], "x.png: 50 × 60 px, but the mask has 9 × 9"),
        (["x.png", "--mask", "none.png"], "none.png: no such file"),
        (["x.png", "--box", "0", "0", "10", "500"], "x.png: the box (0, 0, 10, 500) is not inside"),
        (["x.png", "--format", "yaml"], "format: expected some of openpose,coco,csv,npz, got"),
        (
            ["x.png", "--threshold", "2"],
            "threshold: expected a number of at least 0 and at most 1, got 2",
        ),
        (["x.png", "--frames", "0"], "frames: expected a whole number of 1 or more, got 0"),
        (["x.png", "--out", "x.png"], "x.png: a file, expected a folder"),
        (["p", "--out", "p"], "--out: p is looked through itself, expected another folder"),
        (["empty"], "empty: no picture or video in this folder"),
    ],
)
def test_mistakes_are_one_line(here, networks, flags, message, capsys):
    for name in ("x.png", "y.png", "p/1.png", "p/2.png"):
        picture(here / name)
    Image.new("L", (9, 9), 255).save("m.png")
    (here / "empty").mkdir()
    assert main(["predict", *flags, *networks]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}") and error.count("\n") == 1
    assert not (here / "found").exists()


def test_which_checkpoint_is_which(here, networks, capsys):
    picture(here / "x.png")
    _, people, _, pose3d = networks
    for flags, message in (
        (["--checkpoint", pose3d, "--pose3d", pose3d], "--pose3d: "),
        (["--checkpoint", pose3d, "--pose3d", "none"], "pose.npz is a network of that job already"),
        (["--checkpoint", people, "--pose3d", people], "people.npz: a checkpoint of 'people', "),
        (["--checkpoint", "x.png"], "x.png: not a readable checkpoint"),
    ):
        assert main(["predict", "x.png", *flags]) == 1
        assert message in capsys.readouterr().err
    assert main(["predict", "x.png", "--checkpoint", pose3d, "--threshold", "0"]) == 0
    assert (here / "found/x_pose.json").exists()  # with the mask of the packaged network
