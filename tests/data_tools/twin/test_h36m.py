"""The synthetic walkers' files, and the importer on them: what ``make train-h36m`` does first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from data_tools.h36m.__main__ import main as import_h36m
from data_tools.twin.__main__ import main
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.h36m import FIELDS, H36MStore

FRAMES = 4

cdflib = pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """S7 with two takes and four cameras; S7's takes have names of their own."""
    root = tmp_path_factory.mktemp("raw")
    arguments = ["--subjects", "7", "--frames", str(FRAMES), "--workers", "2"]
    assert main(["h36m", "--out", str(root), *arguments]) == 0
    return root


@pytest.fixture(scope="module")
def store(raw, tmp_path_factory):
    out = tmp_path_factory.mktemp("store") / "s.h5"
    assert import_h36m([str(raw), "--out", str(out), "--subjects", "7", "--workers", "2"]) == 0
    assert [p.name for p in out.parent.iterdir()] == ["s.h5"]
    with H36MStore(out) as opened:
        yield opened


def test_every_view_arrives(store):
    assert len(store) == 8 * FRAMES
    np.testing.assert_array_equal(store.takes(), np.repeat(range(8), FRAMES))
    np.testing.assert_array_equal(store.labels["frame"], list(range(FRAMES)) * 8)
    np.testing.assert_array_equal(store.labels["subaction"], [1] * 4 * FRAMES + [2] * 4 * FRAMES)
    assert set(store.labels["camera"]) == set(map(int, CAMERA_NAMES))


def test_joints_lie_on_the_person(store):
    """Where the crop is not black, although limbs are thin and joints are rounded to pixels."""
    everything = np.arange(len(store))
    images, points = (store.read(f, everything) for f in ("images", "keypoints_2d"))
    x, y = points.round().astype(int).clip(0, 127).transpose(2, 0, 1)
    on_person = images[everything[:, None], y, x] > 0
    shifted = images[everything[:, None], y, (x + 40) % 128] > 0
    assert on_person.mean() > 0.85 > 0.4 > shifted.mean()


def test_the_person_is_cut_out_and_centred(store):
    images = store.read("images", np.arange(len(store))) > 0
    assert 0.08 < images.mean() < 0.6
    for image in images:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) >= 125
        assert abs(rows[0] + rows[-1] - 127) <= 4 and abs(columns[0] + columns[-1] - 127) <= 4


def test_poses_are_people(store):
    """Bones keep their length over the frames and the cameras; people walk upright."""
    joints = store.read("joints_3d", np.arange(len(store)))
    thigh = np.linalg.norm(joints[:, 2] - joints[:, 1], axis=1)
    assert 300 < thigh.mean() < 500 and thigh.std() < 0.01
    assert (joints[:, 10, 1] < joints[:, 0, 1]).all()  # the head top is above the pelvis: y is down


@pytest.mark.parametrize("flags", [("--workers", "1"), ("--poses", "world")])
def test_workers_and_kinds_of_poses_give_the_same_store(raw, store, tmp_path, flags):
    out = tmp_path / "other.h5"
    assert import_h36m([str(raw), "--out", str(out), "--subjects", "7", *flags]) == 0
    everything = np.arange(len(store))
    with H36MStore(out) as other:
        for field in FIELDS:
            tolerance = 1e-2 if field == "joints_3d" and "world" in flags else 0
            np.testing.assert_allclose(
                other.read(field, everything), store.read(field, everything), atol=tolerance
            )


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
    assert "not empty and not made by this tool; expected a new folder" in capsys.readouterr().err
    assert [p.read_text() for p in tmp_path.iterdir()] == ["the real one"]
    (tmp_path / "metadata.xml").unlink()
    settings = {"frames": 3, "step": 5, "frame-hold": 1, "seed": 0}
    (tmp_path / "twin.json").write_text(json.dumps(settings))
    assert main(["h36m", "--out", str(tmp_path), "--frames", "4"]) == 1
    assert "holds synthetic data made with --frames 3; use the same" in capsys.readouterr().err


def test_mistakes_are_one_line(tmp_path, capsys):
    assert main(["h36m", "--out", str(tmp_path), "--subjects", "2"]) == 1
    assert "error: --subjects: expected some of [1, 5, 6, 7, 8, 9, 11], got [2]" in (
        capsys.readouterr().err
    )
    assert main(["h36m", "--out", str(tmp_path), "--frames", "0"]) == 1
    assert "error: --frames: expected 1 or more" in capsys.readouterr().err
