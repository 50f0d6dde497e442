"""Stores are named by what is in their source: same name, other content, other store."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data_tools import store_name as module
from data_tools.store_name import main, store_name


def folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(text)
        os.utime(path / name, ns=(10**18, 10**18))
    return path


def test_two_folders_of_one_last_name_are_two_stores(tmp_path):
    one = store_name(folder(tmp_path / "a" / "photos", x="1"))
    two = store_name(folder(tmp_path / "b" / "photos", x="12"))
    assert one != two and one.startswith("photos-") and two.startswith("photos-")
    assert store_name(folder(tmp_path / "c" / "photos", x="1")) == one  # a copy is the same data


def test_every_change_below_the_folder_is_noticed_and_nothing_else(tmp_path):
    place = folder(tmp_path / "photos", x="1")
    (place / "inner").mkdir()
    names = [store_name(place)]
    (place / ".DS_Store").write_text("file managers write these")
    assert store_name(place) == names[0]
    (place / "inner" / "y").write_text("new")
    names.append(store_name(place))
    (place / "inner" / "y").write_text("newer")
    names.append(store_name(place))
    os.utime(place / "x", ns=(2 * 10**18, 2 * 10**18))
    names.append(store_name(place))
    (place / "x").rename(place / "z")
    names.append(store_name(place))
    assert len(set(names)) == len(names)
    assert store_name(f"{place}/") == names[-1]


@pytest.mark.parametrize("name", ["(x) y", "it's", "a#b", "100%", "ä;b", "x*", "two  spaces"])
def test_make_can_handle_the_name(tmp_path, name):
    found = store_name(folder(tmp_path / name, x="1"))
    assert not set(found) & set(" ()'#%;*$:=\\")


def test_a_link_that_leads_back_ends(tmp_path):
    place = folder(tmp_path / "photos", x="1")
    before = store_name(place)
    (place / "again").symlink_to(place)
    (place / "nowhere").symlink_to(tmp_path / "none")
    assert store_name(place) == before


def test_it_runs_without_the_environment_and_says_what_is_missing(tmp_path, capsys):
    place = folder(tmp_path / "my photos", x="1")
    command = [sys.executable, "-S", "-E", module.__file__, str(place)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == f"{store_name(place)}\n"
    assert main([str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none'}: No such file or directory\n"
    assert main([]) == 2
