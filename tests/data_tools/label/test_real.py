"""MediaPipe itself, where it is installed, on real photographs with masks and joints by hand."""

from __future__ import annotations

import shutil

import pytest

from data_tools.label.measure import compare
from data_tools.label.mediapipe_client import python_with_mediapipe
from data_tools.label.run import label, photographs
from data_tools.label.with_mediapipe import MediaPipe
from minipose.errors import UserError

EASY = ("000000000785", "000000158227", "000000463557")  # one child, one skier, one batter


def test_three_photographs(shared, tmp_path):
    try:
        python_with_mediapipe()
    except UserError as error:
        pytest.skip(str(error))
    reference = shared("data", "real", "coco_persons")
    for name in EASY:
        (tmp_path / "photos").mkdir(exist_ok=True)
        shutil.copy(reference / "images" / f"{name}.jpg", tmp_path / "photos")
    labeller = MediaPipe()
    label(photographs(tmp_path / "photos"), tmp_path / "out", labeller, labeller)
    labeller.close()
    found = compare(tmp_path / "out", reference)
    scores = [dice for dice, has in zip(found.dice, found.labelled, strict=True) if has]
    assert len(scores) == 3 and min(scores) > 0.94
    assert found.people == 2 and found.missing == 0
    assert sorted(found.distances)[len(found.distances) // 2] < 3  # px at 128 px, the median
