"""The folder of drawings: claimed by one process, for one kind of pictures with one seed."""

from __future__ import annotations

import json

import pytest

from data_tools.twin import people
from data_tools.twin.claim import MARK, claim
from minipose.errors import UserError
from minipose.locks import Taken
from minipose.storage import partial_path


@pytest.mark.parametrize("left", ["", "partial", "empty"])
def test_a_folder_whose_claim_was_interrupted_is_claimed(tmp_path, left):
    """T8: what was left of the mark made the folder one that is "not empty", for ever."""
    if left == "partial":
        place = partial_path(tmp_path / MARK)
        place.with_name(place.name.replace(".partial", "9.partial")).write_text('{"se')
    if left == "empty":
        (tmp_path / MARK).touch()
    with claim(tmp_path, {"seed": 1}):
        assert json.loads((tmp_path / MARK).read_text()) == {"seed": 1}
    assert [path.name for path in tmp_path.iterdir()] == [MARK]


@pytest.mark.parametrize("content", ["{", "[1]", "[" * 9999, "5"])
def test_a_damaged_mark_is_one_line(tmp_path, content):
    (tmp_path / MARK).write_text(content)
    with pytest.raises(UserError, match=r"twin\.json: damaged; remove the folder .*, or name anot"):
        with claim(tmp_path, {"seed": 1}):
            pass


def test_nothing_is_mixed(tmp_path):
    with claim(tmp_path / "people", {"seed": 1}):
        with pytest.raises(Taken, match="people: in use by process"):
            with claim(tmp_path / "people", {"seed": 1}):
                pass
    for settings, message in (
        ({"seed": 2}, "made with --seed 1; use the same settings, or another folder"),
        ({"seed": 1, "frames": 3}, "synthetic data of another kind; expected a new folder"),
    ):
        with pytest.raises(UserError, match=message), claim(tmp_path / "people", settings):
            pass
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").touch()
    with pytest.raises(UserError, match="not empty and not made by this tool"):
        people.write(tmp_path / "photos", 1)


def test_pictures_from_before_folders_were_marked_are_gone_on_with(tmp_path):
    assert people.write(tmp_path, 1, seed=4, workers=1) == 1
    (tmp_path / MARK).unlink()
    assert people.write(tmp_path, 1, seed=4, workers=1) == 0
    (tmp_path / MARK).unlink()
    with pytest.raises(UserError, match="not empty and not made by this tool"):
        people.write(tmp_path, 1, seed=5, workers=1)
