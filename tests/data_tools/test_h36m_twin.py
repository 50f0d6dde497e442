"""The synthetic twin through the importer: what ``make train-h36m`` does first, in small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_tools.h36m.__main__ import main
from data_tools.twin.__main__ import main as write_twin
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.h36m import FIELDS, H36MStore

FRAMES = 4

pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """S7 with two takes and four cameras; S7's takes have names of their own."""
    root = tmp_path_factory.mktemp("raw")
    arguments = ["--subjects", "7", "--frames", str(FRAMES), "--workers", "2"]
    assert write_twin(["h36m", "--out", str(root), *arguments]) == 0
    return root


@pytest.fixture(scope="module")
def store(raw, tmp_path_factory):
    out = tmp_path_factory.mktemp("store") / "s.h5"
    assert main([str(raw), "--out", str(out), "--subjects", "7", "--workers", "2"]) == 0
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
    assert main([str(raw), "--out", str(out), "--subjects", "7", *flags]) == 0
    everything = np.arange(len(store))
    with H36MStore(out) as other:
        for field in FIELDS:
            tolerance = 1e-2 if field == "joints_3d" and "world" in flags else 0
            np.testing.assert_allclose(
                other.read(field, everything), store.read(field, everything), atol=tolerance
            )
