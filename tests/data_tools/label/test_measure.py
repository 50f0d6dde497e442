"""Labels beside labels made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.label.measure import compare, main
from tests.data_tools.people_trees import mask, person, save_mask, save_people, save_sample


def test_dice_distances_and_what_is_missing(tmp_path, capsys):
    hand, labels = tmp_path / "hand", tmp_path / "labels"
    moved = person()
    moved[:, 0] += 3  # 6.4 px where the shorter side, 40 px, is 128
    other = person(seed=1)
    for name in ("a", "b", "c"):
        save_sample(hand, name, [other, person()])
        save_sample(labels, name, [moved])
    save_sample(hand, "d")
    gone = person()
    gone[:2] = 0
    save_people(labels / "keypoints/b_keypoints.json", [gone])
    half = mask()
    half[30:] = False
    save_mask(labels / "masks/c.png", half)
    found = compare(labels, hand)
    assert found.dice == pytest.approx([1, 1, 2 / 3, 0])
    assert found.labelled == [True, True, True, False]
    assert (found.people, found.missing, len(found.distances)) == (3, 2, 25 + 23 + 25)
    assert np.median(found.distances) == pytest.approx(3 * 128 / 40, abs=1e-3)
    assert main([str(labels), str(hand)]) == 0
    said = capsys.readouterr().out
    assert "4 pictures with a mask, 3 of them labelled" in said
    assert "dice of labelled: median 1.000, quartiles 0.833 1.000" in said
    assert "dice of all, 0 without a label: median 0.833, quartiles 0.500 1.000" in said
    assert "0.32 within 5 px; 2 of the reference's are missing" in said


def test_labels_that_cannot_be_used_count_as_none_and_are_named(tmp_path, capsys):
    hand, labels = tmp_path / "hand", tmp_path / "labels"
    for name in ("a", "b", "c", "d"):
        save_sample(hand, name)
        save_sample(labels, name)
    save_people(labels / "keypoints/b_keypoints.json", [])
    save_mask(labels / "masks/c.png", mask()[::2, ::2])
    (labels / "keypoints/d_keypoints.json").unlink()
    found = compare(labels, hand)
    assert found.labelled == [True, False, False, False] and found.dice == [1, 0, 0, 0]
    assert main([str(labels), str(hand)]) == 0
    said = capsys.readouterr().out
    assert "3 labels cannot be used: b (no person found), c (mask and picture differ in s" in said
    assert "d (no keypoint file)" in said


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "no"), str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("no: no such file or folder\n")


def test_no_picture_has_a_label(tmp_path, capsys):
    save_sample(tmp_path / "hand", "a")
    save_sample(tmp_path / "labels", "b")
    assert main([str(tmp_path / "labels"), str(tmp_path / "hand")]) == 0
    said = capsys.readouterr().out
    assert "1 pictures with a mask, 0 of them labelled" in said and "dice of labelled" not in said
