"""``python -m data_tools label``: from photographs to a labelled folder and a store of it."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from data_tools.__main__ import main
from data_tools.label.sheet import COLUMNS, ROWS
from minipose.datasets.people import PeopleStore
from minipose.skeletons import BODY_25
from tests.data_tools.label.stand_ins import joints_in, photograph

pytestmark = pytest.mark.usefixtures("mediapipe")


def run(capsys, *arguments):
    status = main(["label", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def table(folder):
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@pytest.fixture
def photos(tmp_path):
    """Pictures of all kinds, in a folder whose name has spaces."""
    root = tmp_path / "my photos"
    photograph(root / "a.jpg", quality=95)
    photograph(root / "in summer/ä b.PNG")
    photograph(root / "nobody.png", people=())
    photograph(root / "blue.png", colour=(0, 0, 255), people=())
    (root / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90° clockwise
    photograph(root / "turned.jpg", people=((20, 40, 81, 61),), exif=turned, quality=95)
    sixteen = np.full((100, 100), 5000, np.uint16)
    sixteen[20:81, 30:61] = 65535
    Image.fromarray(sixteen).save(root / "deep.tif")
    (root / "walk.mov").write_bytes(b"a video")
    return root


def test_photographs_become_a_labelled_folder(photos, tmp_path, capsys):
    out = tmp_path / "labelled"
    status, said, errors = run(capsys, photos, "--out", out)
    assert status == 0, errors
    assert files(out) == {
        *(f"images/{n}" for n in ("a.jpg", "in summer/ä b.png", "turned.jpg", "deep.png")),
        *(f"masks/{n}.png" for n in ("a", "in summer/ä b", "turned", "deep")),
        *(f"keypoints/{n}_keypoints.json" for n in ("a", "in summer/ä b", "turned", "deep")),
        "labels.csv", "labels.json", "contact_sheet_1.png",
    }  # fmt: skip
    assert (out / "images/a.jpg").read_bytes() == (photos / "a.jpg").read_bytes()
    rows = table(out)
    assert rows["a"]["kept"] == "yes" and rows["a"]["joints"] == "23"
    assert rows["nobody"]["reason"] == "nobody found"
    assert rows["broken"]["reason"].startswith("picture unreadable: ")
    assert rows["blue"]["reason"] == "cannot be labelled: mediapipe: broke off: its last words"
    assert "4  kept" in said and "3  left out" in said and "1    nobody found: nobody" in said
    assert "  not read: 1 × .mov\n" in said
    about = json.loads((out / "labels.json").read_text())
    assert about["absent"] == ["left small toe", "right small toe"] and about["kept"] == 4
    assert about["derived"]["neck"] == "the middle of the shoulders"
    with Image.open(out / "contact_sheet_1.png") as sheet:
        assert sheet.width > 1500


def test_what_is_turned_upright_has_its_labels_upright(photos, tmp_path, capsys):
    out = tmp_path / "labelled"
    assert run(capsys, photos, "--out", out)[0] == 0
    with Image.open(out / "images/turned.jpg") as image:
        assert image.getexif().get(0x0112, 1) == 1
        bright = np.asarray(image.convert("L")) > 128
    mask = np.asarray(Image.open(out / "masks/turned.png")) > 0
    assert (mask == bright).mean() > 0.99 and np.ptp(np.nonzero(mask), axis=1).tolist() == [60, 20]
    (joints,) = joints_in(out, "turned")
    content = json.loads((out / "keypoints/turned_keypoints.json").read_text())
    assert content["version"] == 1.3 and content["labeller"]["name"] == "mediapipe 0.10.14"
    nose, knee = (joints[BODY_25.index(name)] for name in ("nose", "left knee"))
    assert nose[1] < knee[1] and nose[0] == pytest.approx(49, abs=2)


def test_a_store_is_made_of_it_and_joints_that_are_never_given_are_not_asked_for(
    photos, tmp_path, capsys
):
    out, store = tmp_path / "labelled", tmp_path / "people.h5"
    assert run(capsys, photos, "--out", out)[0] == 0
    assert main(["people", str(out), "--out", str(store)]) == 0
    said = capsys.readouterr().out
    assert "4  kept" in said and "0  left out" in said and "not read" not in said
    with PeopleStore(store) as people:
        assert sorted(people.names) == ["a", "deep", "in summer/ä b", "turned"]
        assert (np.count_nonzero(people.keypoints[..., 2], axis=1) == 23).all()


def test_a_page_of_the_contact_sheet_holds_so_many(tmp_path, capsys):
    for number in range(COLUMNS * ROWS + 1):
        photograph(tmp_path / f"photos/{number}.png", size=(40, 30), people=((8, 5, 20, 35),))
    assert run(capsys, tmp_path / "photos", "--out", tmp_path / "out")[0] == 0
    assert {p.name for p in (tmp_path / "out").glob("*.png")} == {
        "contact_sheet_1.png",
        "contact_sheet_2.png",
    }


def test_a_single_picture_and_two_of_one_name(tmp_path, capsys):
    photograph(tmp_path / "photos/a.png")
    photograph(tmp_path / "photos/a.bmp")
    assert run(capsys, tmp_path / "photos", "--out", tmp_path / "two")[0] == 0
    assert len(table(tmp_path / "two")) == 2
    assert len(list((tmp_path / "two/masks").iterdir())) == 2
    photograph(tmp_path / "photos/a.png.png")
    assert run(capsys, tmp_path / "photos", "--out", tmp_path / "three")[0] == 0
    assert sorted(table(tmp_path / "three")) == ["a", "a.png", "a.png.png"]
    assert run(capsys, tmp_path / "photos/a.png", "--out", tmp_path / "one")[0] == 0
    assert list(table(tmp_path / "one")) == ["a"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none", "none: no such file or folder"),
        ("empty", "empty: holds no picture"),
        ("text.txt", "text.txt: not written, no picture could be labelled"),
        ("dark", "not written, no picture could be labelled"),
    ],
)
def test_what_cannot_be_labelled_is_one_line_and_leaves_nothing(given, message, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("no picture")
    photograph(tmp_path / "dark/a.png", people=())
    status, _, errors = run(capsys, tmp_path / given, "--out", tmp_path / "out")
    assert status == 1 and errors.count("\n") == 1
    assert message.removeprefix("text.txt: ") in errors
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dark", "empty", "packages", "text.txt"]


def test_labels_of_an_earlier_run_are_no_photographs(photos, capsys):
    assert run(capsys, photos, "--out", photos / "labelled")[0] == 0
    status, said, _ = run(capsys, photos, "--out", photos / "again")
    assert status == 0 and "7  pictures looked at" in said and "not read: 1 × .mov\n" in said


def test_pictures_outside_the_image_folder_are_remarked(tmp_path, capsys):
    photograph(tmp_path / "photos/images/a.png")
    photograph(tmp_path / "photos/b.png")
    status, said, _ = run(capsys, tmp_path / "photos", "--out", tmp_path / "out")
    assert status == 0 and "1  pictures looked at" in said and "not read: 1 × .png\n" in said


def test_a_folder_with_something_in_it_is_not_touched(photos, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    status, _, errors = run(capsys, photos, "--out", tmp_path / "out")
    assert status == 1 and errors.endswith("out: not empty, expected a new folder\n")
    assert files(tmp_path / "out") == {"mine"}


def test_it_is_called_by_its_own_name_too():
    from data_tools.label.__main__ import main as own

    with pytest.raises(SystemExit) as stop:
        own(["--help"])
    assert stop.value.code == 0


@pytest.mark.parametrize("kind", ["copied", "turned"])
def test_a_full_disk_is_no_fault_of_the_photographs(tmp_path, capsys, monkeypatch, kind):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    photograph(tmp_path / "photos/a.png" if kind == "copied" else tmp_path / "photos/a.bmp")
    where, name = (shutil, "copyfile") if kind == "copied" else (Image.Image, "save")
    monkeypatch.setattr(where, name, full)
    status, said, error = run(capsys, tmp_path / "photos", "--out", tmp_path / "labelled")
    assert status == 1 and "unreadable" not in said + error
    assert "no space left on device" in error and error.count("\n") == 1
    assert not (tmp_path / "labelled").exists()
