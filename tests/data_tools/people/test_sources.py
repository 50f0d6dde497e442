"""What lies in a source's folders is read, or said in a line: nothing is passed over in silence."""

from __future__ import annotations

import json
import os
import sys
import unicodedata

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from data_tools.people.__main__ import main
from data_tools.people.build import build
from data_tools.people.sources import Places, detect, name_apart, open_source
from minipose.datasets import picture_files
from minipose.datasets.people import PeopleStore
from minipose.errors import UserError
from tests.data_tools.people.test_masks import encode
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


def built(root, out, **places):
    """(samples by name, reasons, remarks)."""
    source = open_source(root, Places(**places))
    tally = build(source.candidates, out)
    reasons = {reason: sorted(names) for reason, names in tally.dropped.items()}
    if not tally.written:
        return {}, reasons, source.remarks
    with PeopleStore(out) as store:
        people = {store.names[i]: store[i] for i in range(len(store))}
    return people, reasons, source.remarks


# --- Clothing Co-Parsing --------------------------------------------------------------------------


@pytest.fixture
def ccp(tmp_path):
    """As its authors publish it, with OpenPose's files beside: two masks, one list of tags."""
    root = tmp_path / "clothing-co-parsing"
    for name in ("0001", "0002", "1005"):
        (root / "photos").mkdir(parents=True, exist_ok=True)
        picture().save(root / "photos" / f"{name}.jpg")
        save_people(root / "keypoints" / f"{name}_keypoints.json", [person(24)])
    for level in ("pixel-level", "image-level"):
        (root / "annotations" / level).mkdir(parents=True)
    for name, label in (("0001", 41), ("0002", 58)):
        labels = np.where(mask(), label, 0).astype(np.uint8)
        savemat(root / "annotations/pixel-level" / f"{name}.mat", {"groundtruth": labels})
    savemat(root / "annotations/image-level/1005.mat", {"tags": np.array([[4], [41]])})
    names = np.array(["null", "accessories"], dtype=object)[None]
    savemat(root / "label_list.mat", {"label_list": names})
    (root / "README.md").write_text("about")
    return root


def test_clothing_co_parsing_as_it_is_published(ccp, tmp_path):
    assert detect(ccp) == "ccp"
    people, reasons, remarks = built(ccp, tmp_path / "a.h5")
    assert reasons == {"no mask: the picture has tags only": ["1005"]} and not remarks
    assert list(people) == ["0001", "0002"] and people["0001"].source == "ccp"
    rows, columns = (np.flatnonzero(people["0001"].mask.any(a)) for a in (1, 0))
    assert np.allclose([rows[0], rows[-1] + 1], np.array([10, 50]) * 128 / WIDTH, atol=1)
    assert np.allclose([columns[0], columns[-1] + 1], np.array([8, 30]) * 128 / WIDTH, atol=1)


def test_masks_of_a_network_serve_the_photographs_that_have_tags_only(ccp, tmp_path):
    save_mask(ccp / "masks" / "1005.png", mask())
    save_mask(ccp / "masks" / "0001.png", mask() & False)  # the hand-made one counts
    people, reasons, _ = built(ccp, tmp_path / "a.h5")
    assert list(people) == ["0001", "0002", "1005"] and not reasons


# --- Folders, names, other files ------------------------------------------------------------------


def test_pictures_in_folders_keep_their_paths(tmp_path):
    root = tmp_path / "in"
    for k, folder in enumerate(("one", "two/three")):
        for kind in ("images", "keypoints", "masks"):
            (root / kind / folder).mkdir(parents=True)
        picture().save(root / "images" / folder / "x.jpg")
        save_people(root / "keypoints" / folder / "x_keypoints.json", [person(22 + k)])
        save_mask(root / "masks" / folder / "x.png", mask())
    people, reasons, remarks = built(root, tmp_path / "a.h5")
    assert not reasons and not remarks and list(people) == ["one/x", "two/three/x"]
    found = [np.count_nonzero(p.keypoints[:, 2]) for p in people.values()]
    assert found == [22, 23]


def test_pictures_in_folders_and_labels_in_none(tmp_path):
    root = tmp_path / "in"
    for name in ("a", "b"):
        save_sample(root, name)
        (root / "images" / "inner").mkdir(exist_ok=True)
        (root / "images" / f"{name}.jpg").rename(root / "images" / "inner" / f"{name}.jpg")
    people, reasons, _ = built(root, tmp_path / "a.h5")
    assert list(people) == ["inner/a", "inner/b"] and not reasons


def test_pictures_outside_the_image_folder_are_remarked(tmp_path):
    root = tmp_path / "in"
    save_sample(root, "a")
    (root / "more").mkdir()
    picture().save(root / "more" / "b.jpg")
    remarks = built(root, tmp_path / "a.h5")[2]
    assert remarks == [f"not read: 1 pictures outside images, such as {root / 'more' / 'b.jpg'}"]


def test_a_linked_folder_is_read_and_a_circle_ends(tmp_path):
    save_sample(tmp_path / "in", "a")
    (tmp_path / "elsewhere").mkdir()
    picture().save(tmp_path / "elsewhere" / "b.jpg")
    (tmp_path / "in" / "images" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "images" / "circle").symlink_to(tmp_path / "in" / "images")
    people, reasons, _ = built(tmp_path / "in", tmp_path / "a.h5")
    assert list(people) == ["a"] and reasons == {"no keypoint file": ["linked/b"]}


def test_letters_with_marks_in_either_form(tmp_path):
    root = tmp_path / "in"
    save_sample(root, "Zoé")
    for kind in ("images", "masks"):
        for path in (root / kind).iterdir():
            path.rename(path.with_name(unicodedata.normalize("NFD", path.name)))
    people, reasons, remarks = built(root, tmp_path / "a.h5")
    assert list(people) == ["Zoé"] and not reasons and not remarks


@pytest.mark.parametrize("ending", [".gif", ".webp", ".BMP", ".tiff"])
def test_every_kind_of_picture_is_read(tmp_path, ending):
    save_sample(tmp_path / "in", "a", ending=ending)
    assert list(built(tmp_path / "in", tmp_path / "a.h5")[0]) == ["a"]


def test_heic_without_its_reader_is_left_out_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    picture_files._learn_heic.cache_clear()  # another test may have met its reader
    save_sample(tmp_path / "in", "a")
    save_sample(tmp_path / "in", "b")
    (tmp_path / "in" / "images" / "b.jpg").rename(tmp_path / "in" / "images" / "b.heic")
    people, reasons, _ = built(tmp_path / "in", tmp_path / "a.h5")
    assert list(people) == ["a"]
    assert "pillow_heif is not installed" in reasons["picture unreadable"][0]


def test_what_is_no_picture_is_counted_by_its_ending(tmp_path):
    root = tmp_path / "in"
    save_sample(root, "a")
    for name in ("b.mov", "c.mov", "d.cr2", "notes.txt", ".hidden", "Thumbs.db"):
        (root / "images" / name).write_bytes(b"x")
    remarks = built(root, tmp_path / "a.h5")[2]
    assert remarks == ["not read: 1 × .cr2, 2 × .mov, neither picture nor label"]


def test_masks_in_a_results_file_by_the_picture_s_name(tmp_path):
    root = tmp_path / "in"
    save_sample(root, "a")
    (root / "masks" / "a.png").unlink()
    runs = {"size": [HEIGHT, WIDTH], "counts": [0, HEIGHT * WIDTH]}
    entries = [{"image_id": "a.jpg", "category_id": 1, "segmentation": runs, "score": 1}]
    (tmp_path / "masks.json").write_text(json.dumps(entries))
    people, _, _ = built(root, tmp_path / "a.h5", masks=[tmp_path / "masks.json"])
    assert people["a"].mask.all()


def test_sources_called_alike_get_names_of_their_own(tmp_path):
    for folder in ("x/photos", "y/photos", "z/other"):
        save_sample(tmp_path / folder, "a")
    sources = [open_source(tmp_path / f, Places()) for f in ("x/photos", "y/photos", "z/other")]
    name_apart(sources)
    assert [s.candidates[0].source for s in sources] == ["x/photos", "y/photos", "other"]
    twice = [open_source(tmp_path / "z/other", Places()) for _ in range(2)]
    name_apart(twice)
    assert [s.candidates[0].source for s in twice] == ["z/other", "z/other 2"]


def test_the_same_picture_in_two_sources_is_remarked_and_grouped(tmp_path, capsys):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (6, 4, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    for folder, ending, quality in (("x", ".jpg", 60), ("y", ".png", None)):
        save_sample(tmp_path / folder, f"of {folder}", ending=ending)
        options = {} if quality is None else {"quality": quality}
        image.save(tmp_path / folder / "images" / f"of {folder}{ending}", **options)
    save_sample(tmp_path / "y", "other")
    out = tmp_path / "a.h5"
    assert main([*(str(tmp_path / f) for f in "xy"), "--out", str(out)]) == 0
    assert "near duplicates, kept as one group: of y = of x" in capsys.readouterr().out
    with PeopleStore(out) as store:
        assert store.names == ["of x", "of y", "other"] and list(store.groups) == [0, 0, 2]


@pytest.mark.parametrize("content", [b"", b"{", b'{"images": 5}', b"[" * 10**5, b"\x00" * 40])
def test_a_damaged_annotation_is_one_line(tmp_path, content):
    picture().save(tmp_path / "a.jpg")
    (tmp_path / "annotations.json").write_bytes(content)
    with pytest.raises(UserError, match=r"annotations\.json: not a"):
        open_source(tmp_path, Places())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_utf_8(tmp_path):
    root = tmp_path / os.fsdecode(b"fotos \xe9t\xe9")
    for name in (b"ren\xe9", b"ren\xe8"):
        save_sample(root, os.fsdecode(name))
    people, reasons, remarks = built(root, tmp_path / "a.h5")
    assert sorted(people) == ["ren%E8", "ren%E9"] and not reasons and not remarks
    assert people["ren%E9"].source == "fotos %E9t%E9"


def test_names_that_are_too_long_for_a_store(tmp_path):
    long = "人" * 80  # 240 bytes, and a name in a file system has at most 255
    root = tmp_path / long
    save_sample(root, "a")
    for kind in ("images", "keypoints", "masks"):
        (root / kind / long / long).mkdir(parents=True)
    save_sample(root, f"{long}/{long}/{long[:70]}")
    sources = [open_source(root, Places()) for _ in range(2)]
    name_apart(sources)
    given = [{c.source for c in source.candidates} for source in sources]
    assert given[0] != given[1] and "人" * 20 in str(given[0])
    tally = build(sources[1].candidates, tmp_path / "a.h5")
    assert tally.written == 1 and list(tally.dropped) == ["name is too long"]
    with PeopleStore(tmp_path / "a.h5") as store:
        assert store.names == ["a"] and {*store.sources} == given[1]


@pytest.mark.parametrize("named, kept", [("a/x.jpg", ["a/x"]), ("x.jpg", []), ("c/a/x.jpg", [])])
def test_labels_of_one_picture_are_not_those_of_another_of_its_name(tmp_path, named, kept):
    """Joints and outline would fit each other, so nobody would see it."""
    for folder in "ab":
        (tmp_path / "images" / folder).mkdir(parents=True)
        picture().save(tmp_path / f"images/{folder}/x.jpg")
    joints = person()
    joints[:, 2] = 2
    outline = {"size": mask().shape, "counts": encode(mask())}
    about = {"image_id": 1, "category_id": 1, "keypoints": joints.ravel().tolist()}
    content = {
        "images": [{"id": 1, "file_name": named}],
        "annotations": [about | {"segmentation": outline}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    people, reasons, _ = built(tmp_path, tmp_path / "a.h5")
    (tmp_path / "images/a/x.jpg").rename(tmp_path / "images/x.jpg")
    assert list(built(tmp_path, tmp_path / "b.h5")[0]) == (["x"] if named == "x.jpg" else [])
    assert list(people) == kept and sum(map(len, reasons.values())) == 2 - len(kept)
    assert list(reasons) == ["no joints for this picture"]
