"""Every file that is meant is looked at once, and no two are written under one name."""

import os

import pytest
from PIL import Image

from minipose.errors import UserError
from minipose.predict.sources import find_sources, kind_of


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A function that makes empty files and goes to the folder they are in."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    monkeypatch.chdir(tmp_path)
    return make


def names(found):
    return {source.path.as_posix(): source.name for source in found[0]}


def test_a_picture_is_written_under_its_own_name(files):
    files("photos/me.JPG")
    assert names(find_sources(["photos/me.JPG"], files() / "found")) == {"photos/me.JPG": "me"}


def test_pictures_of_one_name_are_told_apart_by_folders_then_by_endings(files):
    out = files("a/x.jpg", "b/x.jpg", "b/x.png", "c/y.jpg", "c/Y.png", "z.jpg") / "found"
    assert names(find_sources(["a/x.jpg", "b/x.jpg", "z.jpg"], out)) == {
        "a/x.jpg": "a/x", "b/x.jpg": "b/x", "z.jpg": "z",
    }  # fmt: skip
    assert names(find_sources(["b/x.jpg", "b/x.png"], out)) == {
        "b/x.jpg": "x_jpg", "b/x.png": "x_png",
    }  # fmt: skip
    found = names(find_sources(["a", "b", "c"], out))
    assert len({name.casefold() for name in found.values()}) == 5  # x and X are one on some disks


def test_no_video_is_called_like_the_tables_of_all_pictures(files):
    out = files("p/me.jpg", "p/pictures.mp4", "q/Pictures.mp4") / "found"
    assert names(find_sources(["p"], out))["p/pictures.mp4"] == "pictures_mp4"
    assert names(find_sources(["q"], out)) == {"q/Pictures.mp4": "Pictures"}


def test_folders_are_looked_through_but_not_what_was_written(files):
    files(
        "p/1.jpg", "p/in/2.png", "p/found/1_person.png", "p/.hidden.jpg", "p/.git/3.jpg", "p/n.txt"
    )
    assert names(find_sources(["p"], files() / "p/found")) == {
        "p/1.jpg": "1", "p/in/2.png": "in/2",
    }  # fmt: skip
    with pytest.raises(UserError, match="looked through itself"):
        find_sources(["p"], files() / "p")
    os.symlink(files() / "p", files() / "p/in/back")
    assert len(find_sources(["p"], files() / "p/found")[0]) == 2


def test_the_same_file_twice_is_one(files):
    files("p/1.jpg", "p/2.jpg")
    given = ["p/1.jpg", "p", "p/../p/1.jpg", str(files() / "p/2.jpg"), "p/*.jpg"]
    assert names(find_sources(given, files() / "found")) == {"p/1.jpg": "1", "p/2.jpg": "2"}


def test_what_holds_no_picture_is_a_line(files):
    files("empty/notes.txt")
    found, lines = find_sources(["empty", "*.tif", "none.jpg"], files() / "found")
    assert lines == ["empty: no picture or video in this folder", "*.tif: no such file"]
    assert [s.path.name for s in found] == ["none.jpg"]  # whoever reads it says what is wrong


def test_kinds(files):
    folder = files("a.mp4", "b.Mov", "c.heic", "d.txt")
    one, two = (Image.new("L", (2, 2), c) for c in (0, 255))
    one.save("still.gif")
    one.save("moving.gif", save_all=True, append_images=[two])
    kinds = {p.name: kind_of(p) for p in sorted(folder.iterdir())}
    assert kinds == {
        "a.mp4": "video", "b.Mov": "video", "c.heic": "picture", "d.txt": "",
        "moving.gif": "video", "still.gif": "picture",
    }  # fmt: skip
    camera = find_sources(["/dev/video99"], folder / "found")[0][0]
    assert (camera.kind, camera.name) == ("camera", "video99")
