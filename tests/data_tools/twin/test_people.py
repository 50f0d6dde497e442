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
from data_tools.twin.people import make_sample
from minipose.datasets.people import PeopleStore

SAMPLES = 24


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
