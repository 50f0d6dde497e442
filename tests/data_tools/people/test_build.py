"""The builder on trees that the tests write: what is kept, what is left out, and under what."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from data_tools.people.__main__ import main
from data_tools.people.build import Rules, build
from data_tools.people.sources import Places, detect, open_source
from minipose.datasets.people import PeopleStore
from minipose.datasets.resize import resize_bicubic
from tests.data_tools.people_trees import (
    HEIGHT,
    WIDTH,
    mask,
    person,
    picture,
    save_mask,
    save_people,
    save_sample,
)


def reasons(root, out, rules=None, **places) -> tuple[dict[str, list[str]], list[str]]:
    source = open_source(root, Places(**places))
    tally = build(source.candidates, out, rules)
    return dict(tally.dropped), source.remarks


def test_one_transform_for_picture_joints_and_mask(tmp_path):
    save_sample(tmp_path / "in", "a", [person(23)], ".png")
    dropped, remarks = reasons(tmp_path / "in", tmp_path / "a.h5")
    assert not dropped and not remarks
    factor = 128 / WIDTH
    with PeopleStore(tmp_path / "a.h5") as store:
        got = store[0]
    assert got.image.shape == (round(HEIGHT * factor), 128, 3) and got.name == "a"
    assert np.array_equal(got.image, resize_bicubic(np.asarray(picture()), factor))
    expected = (person(23)[:23, :2] + 0.5) * factor - 0.5
    assert np.allclose(got.keypoints[:23, :2], expected, atol=1e-3)
    assert np.allclose(got.keypoints[:23, 2], person(23)[:23, 2], atol=1e-3)
    assert not got.keypoints[23:].any()
    rows, columns = np.flatnonzero(got.mask.any(1)), np.flatnonzero(got.mask.any(0))
    assert np.allclose([rows[0], rows[-1] + 1], np.array([10, 50]) * factor, atol=1)
    assert np.allclose([columns[0], columns[-1] + 1], np.array([8, 30]) * factor, atol=1)


def test_every_reason_is_counted_by_itself(tmp_path):
    root = tmp_path / "in"
    save_sample(root, "good")
    save_sample(root, "two", [person(), person(seed=1)])
    save_sample(root, "nobody", [])
    save_sample(root, "few", [person(21)])
    save_sample(root, "zeros", [person(0)])
    save_sample(root, "far", [person() + [500, 0, 0]])
    huge = person()
    huge[0, 0] = -1e300  # infinite in the single precision of a store
    save_sample(root, "huge", [huge])
    save_sample(root, "broken")
    (root / "images" / "broken.jpg").write_bytes(b"JFIF")
    for name in ("unmasked", "empty", "wide", "near", "unnamed", "grey"):
        save_sample(root, name)
    (root / "masks" / "unmasked.png").unlink()
    save_mask(root / "masks" / "empty.png", mask() & False)
    save_mask(root / "masks" / "wide.png", mask((HEIGHT, WIDTH + 2)))
    save_mask(root / "masks" / "near.png", mask((HEIGHT + 1, WIDTH - 1)))
    save_mask(root / "masks" / "grey.png", mask(), high=90)
    (root / "keypoints" / "unnamed_keypoints.json").unlink()
    (root / "images" / ".DS_Store").write_bytes(b"\0\0")
    save_people(root / "keypoints" / "alone_keypoints.json", [person()])
    dropped, remarks = reasons(root, tmp_path / "a.h5")
    assert dropped == {
        "more than one person": ["two (2)"],
        "no person found": ["nobody"],
        "fewer than 22 joints": ["few (21)", "zeros (0)"],
        "joints lie outside the picture": ["far (25 of 25: were they found at another size?)"],
        "picture unreadable": [dropped["picture unreadable"][0]],
        "a joint is not a finite number": ["huge (nose)"],
        "no mask": ["unmasked"],
        "mask is empty": ["empty"],
        "mask and picture differ in size": ["wide (mask 42 × 60, picture 40 × 60)"],
        "mask is not black and white": ["grey (grey.png: highest value 90, expected > 200)"],
        "no keypoint file": ["unnamed"],
    }
    assert remarks == ["1 keypoint files without a picture, such as alone"]
    with PeopleStore(tmp_path / "a.h5") as store:
        assert store.names == ["good", "near"]


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (Rules(), ["whole"]),
        (Rules(min_joints=10), ["few", "whole"]),
        (Rules(max_people=2), ["two", "whole"]),
        (Rules(min_joints=0, max_people=3), ["few", "two", "whole"]),
    ],
)
def test_rules_can_be_set(tmp_path, rules, kept):
    save_sample(tmp_path / "in", "whole")
    save_sample(tmp_path / "in", "few", [person(12)])
    save_sample(tmp_path / "in", "two", [person(9, seed=1), person(24)])
    reasons(tmp_path / "in", tmp_path / "a.h5", rules)
    with PeopleStore(tmp_path / "a.h5") as store:
        assert store.names == kept
        if "two" in kept:  # the one with more joints
            assert np.count_nonzero(store[kept.index("two")].keypoints[:, 2]) == 24


def test_side_by_side(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    picture().save(root / "a.jpg")
    save_people(root / "a_keypoints.json", [person()], version=None)
    save_mask(root / "a_mask.png", mask())
    dropped, remarks = reasons(root, tmp_path / "a.h5")
    assert not dropped and not remarks


def test_pairs_go_by_name_not_by_position(tmp_path):
    root = tmp_path / "in"
    for k, name in enumerate("abc"):
        save_sample(root, name, [person(seed=k)])
    (root / "masks" / "b.png").unlink()  # by position c would now get b's mask
    wide = mask()
    wide[:, 8:38] |= wide.any(1)[:, None]
    save_mask(root / "masks" / "c.png", wide)
    dropped, _ = reasons(root, tmp_path / "a.h5")
    assert dropped == {"no mask": ["b"]}
    with PeopleStore(tmp_path / "a.h5") as store:
        assert store.names == ["a", "c"]
        assert store[1].mask.sum() > 1.2 * store[0].mask.sum()
        assert np.allclose(store[1].keypoints[:, 2], person(seed=2)[:, 2], atol=1e-3)


def test_a_rotated_photograph_is_upright_before_it_is_paired(tmp_path):
    root = tmp_path / "in"
    save_sample(root, "a")
    exif = Image.Exif()
    exif[274] = 6
    rotated = picture().rotate(90, expand=True)
    rotated.save(root / "images" / "a.jpg", exif=exif, quality=95)
    assert not reasons(root, tmp_path / "a.h5")[0]
    with PeopleStore(tmp_path / "a.h5") as store:
        small = resize_bicubic(np.asarray(picture()), 128 / WIDTH)
        assert np.abs(store[0].image.astype(int) - small).mean() < 6


def test_two_pictures_of_one_name(tmp_path):
    save_sample(tmp_path / "in", "a")
    picture().save(tmp_path / "in" / "images" / "a.png")
    _, remarks = reasons(tmp_path / "in", tmp_path / "a.h5")
    assert remarks == ["a.png: another picture has this name: ignored"]


def test_limit_draws_at_random_and_repeats(tmp_path):
    for i in range(12):
        save_sample(tmp_path / "in", f"p{i:02d}")
    source = open_source(tmp_path / "in", Places())
    names = []
    for seed in (1, 1, 2):
        tally = build(source.candidates, tmp_path / "a.h5", limit=5, seed=seed)
        assert tally.written == 5 and tally.unseen == 7
        with PeopleStore(tmp_path / "a.h5") as store:
            names.append(store.names)
    assert names[0] == names[1] != names[2]
    assert names[0] != sorted(names[0])


def test_command_line(tmp_path, capsys):
    save_sample(tmp_path / "in", "good")
    save_sample(tmp_path / "in", "few", [person(3)])
    out = tmp_path / "made" / "a.h5"
    assert main([str(tmp_path / "in"), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "folder, 2 pictures" in printed and "1 people written" in printed
    assert "1    fewer than 22 joints: few (3)" in printed
    before = out.read_bytes()
    for arguments, message in (
        ([tmp_path / "none"], "no such file or folder"),
        ([tmp_path / "in", "--min-joints", 26], "--min-joints: expected auto or 0 to 25"),
        ([tmp_path / "in", "--limit", 0], "--limit: expected 1 or more"),
        ([tmp_path / "in" / "keypoints"], "holds no picture"),
        ([tmp_path / "in", "--masks", tmp_path / "none"], "expected a folder of masks"),
        ([tmp_path / "in", "--keypoints", tmp_path / "none"], "expected a folder of OpenPose"),
        ([tmp_path / "in" / "images"], "not written, no picture was kept"),
        ([tmp_path / "in", "--kind", "lsp"], "joints.mat: no such file"),
    ):
        assert main([*map(str, arguments), "--out", str(out)]) == 1
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
        assert out.read_bytes() == before
    assert main([str(tmp_path / "in"), "--out", str(tmp_path)]) == 1
    assert [p.name for p in out.parent.iterdir()] == ["a.h5"]


def test_kinds_are_told_apart(tmp_path):
    assert detect(tmp_path) == "folder"
    (tmp_path / "annotations.json").write_text("{}")
    assert detect(tmp_path) == "coco"
    (tmp_path / "humanparsing" / "SegmentationClassAug").mkdir(parents=True)
    assert detect(tmp_path) == "atr"
    (tmp_path / "trainval.json").write_text('[{"image": "", "joints": 0, "joints_vis": 0}]')
    assert detect(tmp_path) == "mpii"
    (tmp_path / "joints.mat").write_bytes(b"")
    assert detect(tmp_path) == "lsp"
    with pytest.raises(ValueError, match="expected a folder"):
        (tmp_path / "a.txt").write_text("")
        detect(tmp_path / "a.txt")
