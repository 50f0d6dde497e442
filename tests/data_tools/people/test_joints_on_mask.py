"""Joints and mask must tell of one person: another's joints, other sizes and backgrounds show."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from data_tools.people.build import Rules, build
from data_tools.people.sources import Places, open_source
from minipose.datasets.people import PeopleStore
from tests.data_tools.people_trees import mask, person, picture, save_mask, save_people, save_sample

HEIGHT, WIDTH = 240, 200


def standing() -> tuple[np.ndarray, np.ndarray]:
    """A person of 25 joints at the right of a picture, and the mask: discs around the joints."""
    joints = person()
    joints[:, :2] = joints[:, :2] * [2.5, 4.5] + [80, 10]
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    near = [(columns - x) ** 2 + (rows - y) ** 2 < 8**2 for x, y, _ in joints]
    return joints, np.any(near, axis=0)


def outcome(tmp_path, joints: np.ndarray, pixels: np.ndarray) -> dict[str, list[str]]:
    root = tmp_path / "in"
    (root / "images").mkdir(parents=True)
    picture((HEIGHT, WIDTH)).save(root / "images" / "a.png")
    save_people(root / "keypoints" / "a_keypoints.json", [joints])
    save_mask(root / "masks" / "a.png", pixels)
    return dict(build(open_source(root, Places()).candidates, tmp_path / "a.h5").dropped)


def changed(kind: str) -> tuple[np.ndarray, np.ndarray]:
    joints, pixels = standing()
    if kind == "inverted mask":
        return joints, ~pixels
    moved = joints.copy()
    if kind == "half the size":
        moved[:, :2] /= 2
    elif kind == "rotated by EXIF":
        moved[:, 0], moved[:, 1] = joints[:, 1] * WIDTH / HEIGHT, WIDTH - joints[:, 0]
    elif kind == "another person":
        moved[:, 0] -= 75
    return moved, pixels


@pytest.mark.parametrize(
    "kind",
    ["inverted mask", "half the size", "rotated by EXIF", "another person"],
)
def test_joints_that_do_not_lie_on_the_mask_drop_the_picture(tmp_path, kind):
    dropped = outcome(tmp_path, *changed(kind))
    ((reason, (detail,)),) = dropped.items()
    assert reason == "joints do not lie on the mask" and detail.startswith("a (")


def test_joints_on_the_mask_or_beside_it_by_a_few_pixels_stay(tmp_path):
    joints, pixels = standing()
    joints[:4, 0] -= 60  # four of 25 astray, as a hidden hand may be
    assert not outcome(tmp_path, joints, pixels)


@pytest.mark.parametrize("thin", [1, 2])
def test_a_thin_mask_is_none_of_the_background(tmp_path, thin):
    """A small person: widened by two pixels, both the mask and the background hold every joint."""
    joints, _ = standing()
    pixels = np.zeros((HEIGHT, WIDTH), dtype=bool)
    for x, y, _ in joints:
        pixels[int(y) - thin : int(y) + thin + 1, int(x) - 2 * thin : int(x) + 2 * thin + 1] = True
    assert not outcome(tmp_path, joints, pixels)


def test_all_good_real_people_stay(shared, tmp_path):
    """Every real sample with a mask of its own: 1022 street photographs, 6 of COCO."""
    for folder, kept in (("ccp", 1022), ("coco_persons", 4), ("more/coco_persons", 2)):
        source = open_source(shared("data", "real", *folder.split("/")), Places())
        tally = build(source.candidates, tmp_path / "a.h5")
        assert tally.written == kept and "joints do not lie on the mask" not in tally.dropped
        if folder == "ccp":
            with open(source.path / "labels.csv") as file:
                given = {row["name"]: row["split"] for row in csv.DictReader(file)}
            with PeopleStore(tmp_path / "a.h5") as store:
                assert list(store.groups) == list(range(kept))  # no near duplicates are left in it
                names = {
                    part: {store.names[i] for i in rows} for part, rows in store.split().items()
                }
            assert names["train"] == {n for n, s in given.items() if s == "train"}
            assert names["validation"] == {n for n, s in given.items() if s == "val"}


# --- Fewer joints than OpenPose has ---------------------------------------------------------------


def test_coco_is_kept_by_its_own_number_of_joints_and_completed(tmp_path):
    """17 of 17, then 14: fewer than 15. OpenPose's file, where there is one, is held to its 22."""
    (tmp_path / "images").mkdir()
    annotations = []
    for k, found in enumerate((17, 14, 17)):
        picture().save(tmp_path / "images" / f"{k}.jpg")
        keypoints = [v for j in range(17) for v in (10 + j, 12 + 2 * j, 2 * (j < found))]
        annotations.append({"image_id": k, "category_id": 1, "keypoints": keypoints,
                            "segmentation": [[8, 10, 30, 10, 30, 50, 8, 50]]})  # fmt: skip
    images = [{"id": k, "file_name": f"{k}.jpg"} for k in range(3)]
    (tmp_path / "annotations.json").write_text(
        json.dumps({"images": images, "annotations": annotations})
    )
    save_people(tmp_path / "keypoints" / "2_keypoints.json", [person(21)])
    tally = build(open_source(tmp_path, Places()).candidates, tmp_path / "a.h5")
    assert tally.dropped == {"fewer than 15 joints": ["1 (14)"], "fewer than 22 joints": ["2 (21)"]}
    with PeopleStore(tmp_path / "a.h5") as store:
        factor = 128 / 40
        joints = store[0].keypoints
        # Shoulders are COCO's joints 5 and 6, hips 11 and 12; neck and mid hip BODY_25's 1 and 8.
        np.testing.assert_allclose(
            joints[1], [16 * factor - 0.5, 23.5 * factor - 0.5, 1], atol=1e-4
        )
        np.testing.assert_allclose(
            joints[8], [22 * factor - 0.5, 35.5 * factor - 0.5, 1], atol=1e-4
        )
        assert np.count_nonzero(joints[:, 2]) == 19
    # What is completed is not counted.
    rules = Rules(min_joints=18)
    tally = build(open_source(tmp_path, Places()).candidates[:1], tmp_path / "b.h5", rules)
    assert tally.dropped == {"fewer than 18 joints": ["0 (17)"]}


# --- One damaged file of many ---------------------------------------------------------------------


def _strip(root):
    Image.new("RGB", (3000, 2)).save(root / "images" / "bad.jpg")
    save_mask(root / "masks" / "bad.png", np.ones((2, 3000), dtype=bool))
    save_people(root / "keypoints" / "bad_keypoints.json", [person() * [70, 0.03, 1]])


def _npz(root):
    (root / "masks" / "bad.png").unlink()
    np.savez(root / "masks" / "bad.npz", masks=mask()[..., None], class_ids=[1], scores=[1])
    whole = (root / "masks" / "bad.npz").read_bytes()
    (root / "masks" / "bad.npz").write_bytes(whole[: len(whole) // 2])


def _keypoints(text: str):
    return lambda root: (root / "keypoints" / "bad_keypoints.json").write_text(text)


DAMAGE = {
    "strip": (_strip, "picture is a strip"),
    "truncated .npz": (_npz, "mask unreadable"),
    "a number for joints": (_keypoints('{"people": [{"pose_keypoints": 5}]}'), "keypoints are"),
    "a number for people": (_keypoints('{"people": 5}'), "keypoint file is not OpenPose's"),
    "a text of joints": (_keypoints('{"people": [{"pose_keypoints_2d": "abc"}]}'), "keypoints"),
    "endless nesting": (_keypoints("[" * 200_000), "keypoint file unreadable"),
    "a huge number": (_keypoints('{"people": [{"pose_keypoints_2d": [' + "9" * 5000 + "]}]}"), ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_one_damaged_file_drops_one_picture(tmp_path, kind):
    damage, reason = DAMAGE[kind]
    for name in ("bad", "good"):
        save_sample(tmp_path / "in", name)
    damage(tmp_path / "in")
    tally = build(open_source(tmp_path / "in", Places()).candidates, tmp_path / "a.h5")
    assert tally.written == 1 and len(tally.dropped) == 1
    ((found, (name,)),) = tally.dropped.items()
    assert found.startswith(reason) and name.startswith("bad (") and "\n" not in name


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, KeyError("x"), RuntimeError])
@pytest.mark.parametrize("part", ["people", "mask"])
def test_whatever_a_reader_raises_drops_one_picture(tmp_path, error, part):
    """Also one that is yet to be written."""
    from dataclasses import replace

    def raising(*_):
        raise error

    for name in ("bad", "good"):
        save_sample(tmp_path / "in", name)
    bad, good = open_source(tmp_path / "in", Places()).candidates
    tally = build([replace(bad, **{part: raising}), good], tmp_path / "a.h5")
    what = {"people": "keypoints", "mask": "mask"}[part]
    assert tally.written == 1 and list(tally.dropped) == [f"{what} unreadable"]
