"""Labels find their picture by name, through folders, marks on letters and other numbering."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from data_tools.people.folders import key_of
from data_tools.people.names import by_number, stem_of
from data_tools.people.pairing import pair


def paired(files: list[str], names: list[str]) -> tuple[dict[str, str], list[str]]:
    pairs, remarks = pair("masks", {f: Path(f) for f in files}, names)
    return {name: str(path) for name, path in pairs.items()}, remarks


def series(start: int, count: int = 40, beginning: str = "v_", digits: int = 4) -> list[str]:
    return [f"{beginning}{n:0{digits}d}" for n in range(start, start + count)]


def test_the_same_name():
    assert paired(["a", "b", "x"], ["a", "b", "c"]) == (
        {"a": "a", "b": "b"}, ["1 masks without a picture, such as x"])  # fmt: skip


@pytest.mark.parametrize(("first", "start"), [(0, 1), (1, 0)])
def test_series_that_begin_one_off_are_paired_in_order(first, start):
    """By name, 39 of the 40 would find a partner, each the wrong one."""
    pairs, (remark,) = paired(series(first), series(start))
    assert pairs == dict(zip(series(start), series(first), strict=True))
    assert remark == f"masks: v_{first:04d} is the first, and v_{start:04d} of the pictures: " + (
        "paired in order"
    )


def test_series_with_other_zeros_or_another_beginning():
    names = series(1, beginning="frame", digits=6)
    assert paired(series(0, digits=12), names)[0] == dict(
        zip(names, series(0, digits=12), strict=True)
    )
    assert paired(series(7, digits=12), series(7))[0]["v_0009"] == "v_000000000009"


def test_series_that_only_may_be_one_off_stay_as_they_are():
    pairs, remarks = paired(series(0, 41), series(1))  # every picture has its own
    assert pairs == {n: n for n in series(1)} and remarks[0].endswith("such as v_0000")
    holey = [n for n in series(0) if n != "v_0007"]
    assert paired(holey, series(1, 39))[0] == {n: n for n in holey if n != "v_0000"}
    assert paired(series(5), series(1)[:3])[0] == {}
    assert paired(["im1", "im2"], ["im2", "im3"])[0] == {"im2": "im2"}


def test_through_folders():
    """The path counts; where only one side has folders, a name that is there once."""
    assert paired(["a/x", "b/x"], ["a/x", "b/x"])[0] == {"a/x": "a/x", "b/x": "b/x"}
    assert paired(["x", "y"], ["a/x", "b/y"])[0] == {"a/x": "x", "b/y": "y"}
    pairs, remarks = paired(["x"], ["a/x", "b/x"])
    assert pairs == {} and remarks == ["1 masks without a picture, such as x"]
    assert paired(["a/x", "b/x"], ["x"])[0] == {}


def test_names_in_either_form_of_unicode_and_by_number():
    split = unicodedata.normalize("NFD", "Zoé")
    assert split != "Zoé" and stem_of(Path("photos") / f"{split}.jpg") == "Zoé"
    for written in ("000000000017", "17", "17.jpg", "val2017/000000000017.jpg", "b\\17.PNG"):
        assert by_number(written) == "17"
    assert by_number("holiday.2024") == "holiday.2024" and by_number("a.b.jpg") == "a.b"
    assert by_number("9" * 5000) == "9" * 5000


@pytest.mark.parametrize("name", ["a\\..\\..\\..\\x", "\\etc\\x", "a\\.\\x"])
def test_no_name_leads_out_of_its_folder(name):
    key = key_of(Path("photos", f"{name}.png"), Path("photos"))
    assert (Path("/there") / key).resolve().parent.is_relative_to("/there")
    assert key.endswith("x") and ".." not in key
