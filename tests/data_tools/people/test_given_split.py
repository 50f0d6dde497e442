"""A split that comes with a source, or in a table of its own, goes into the store by name."""

from __future__ import annotations

import pytest

from data_tools.people.__main__ import main
from data_tools.people.given_split import parts_of
from data_tools.people.names import plain
from tests.data_tools.people.test_sources import built
from tests.data_tools.people_trees import save_sample


@pytest.mark.parametrize("form", ["table", "lists", "given"])
def test_the_source_s_split_goes_into_the_store(tmp_path, form):
    root = tmp_path / "in"
    for name in "abcd":
        save_sample(root, name)
    table = "\ufeffname,mask_source,split\na.jpg,hand,train\nb,hand,Val\nc,hand,test\nd,hand,\n"
    if form == "table":
        (root / "labels.csv").write_text(table, encoding="utf-8")
    elif form == "lists":
        for part, name in (("train", "a"), ("val", "images/b.jpg"), ("test", "c")):
            (root / f"{part}.txt").write_text(f"{name}\n\n")
    else:
        (root / "labels.csv").write_text("name,split\na,test\n")
        (tmp_path / "mine.csv").write_text(table, encoding="utf-8")
    given = {"split": tmp_path / "mine.csv"} if form == "given" else {}
    people, _, remarks = built(root, tmp_path / "a.h5", **given)
    parts = {name: p.split for name, p in people.items()}
    assert parts == {"a": "train", "b": "validation", "c": "test", "d": ""}
    assert "3 of 4 pictures have a part of the split" in remarks


def test_a_split_names_pictures_whose_names_have_dots_and_folders():
    names = ["at 10.15.30", "at 10.15.42", "a/x", "b/x", "c/y", "n", "n.png", "z"]
    split = {
        "at 10.15.30": "train", "at 10.15.42.png": "validation", "a/x.JPG": "train",
        "b\\x": "validation", "images/c/y.jpg": "test", "n": "train", "n.png": "test",
        "old/z.jpg": "train", "d/x": "test",
    }  # fmt: skip
    assert parts_of({plain(row): part for row, part in split.items()}, names) == {
        "at 10.15.30": "train", "at 10.15.42": "validation", "a/x": "train", "b/x": "validation",
        "c/y": "test", "n": "train", "n.png": "test", "z": "train",
    }  # fmt: skip
    # What is named in one folder is not meant in another; what is named in none, in all.
    assert parts_of({"a/x": "train"}, ["a/x", "b/x"]) == {"a/x": "train"}
    assert parts_of({"x": "train"}, ["a/x", "b/x"]) == {"a/x": "train", "b/x": "train"}


def test_a_split_that_is_none_is_refused_in_one_line(tmp_path, capsys):
    root, out = tmp_path / "in", tmp_path / "a.h5"
    save_sample(root, "a")
    (root / "labels.csv").write_text("name,colour\na,red\n")  # another table
    assert not built(root, out)[2]
    (root / "split.csv").write_text("name,split\na,maybe\n")
    for arguments, message in (
        ([], "split.csv: a: split 'maybe', expected one of train, validation, test"),
        (["--split", root / "labels.csv"], "labels.csv: expected the columns name and split"),
        (["--split", root / "none.csv"], "none.csv: expected a table with the columns"),
    ):
        assert main([str(root), "--out", str(out), *map(str, arguments)]) == 1
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
