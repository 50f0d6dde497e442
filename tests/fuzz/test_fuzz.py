"""The short form of ``make fuzz``, and that it would notice."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys

import numpy as np
import pytest

from minipose.errors import UserError
from tests.fuzz import reading
from tests.fuzz.__main__ import FAULTS, main
from tests.fuzz.kinds import KINDS, Kind, possible

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
SHORT = (
    "last.npz", "people.h5", "walk.h5", "config.toml", "twin.json", "log.csv", "mask.npz", "a.onnx",
    "clip.mp4",
)  # fmt: skip


@pytest.mark.parametrize("name", SHORT)
def test_every_file_is_a_line_or_sound(tmp_path, name):
    missing = possible(KINDS[name])
    if missing:
        pytest.skip(f"{missing} is not installed")
    numbers = range(8 if name.endswith(".mp4") else 15)  # each starts a process of its own
    outcomes = list(reading.read_damaged(name, numbers, 5, tmp_path))
    assert [outcome.number for outcome in outcomes] == list(numbers)
    assert {outcome.what for outcome in outcomes} <= {reading.READ, reading.REFUSED}


def test_every_kind_can_be_written_and_read(tmp_path):
    """So that a refusal is because of the damage."""
    for number, kind in enumerate(KINDS.values()):
        if possible(kind) is None and kind.share >= 1:
            place = tmp_path / str(number) / kind.file
            place.parent.mkdir(parents=True)
            kind.write(place)
            kind.read(place)


def test_the_notes_are_gone_on_with_and_make_a_table(tmp_path, capsys):
    arguments = ["--folder", str(tmp_path), "--only", "twin.json", "--files"]
    assert main([*arguments, "200"]) == 0
    first = capsys.readouterr().out
    assert main([*arguments, "200"]) == 0 and capsys.readouterr().out == first
    assert main([*arguments, "400"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "`twin.json`" in line]
    counts = [int(cell) for cell in rows[0].split("|")[2:-1]]
    assert counts[0] == sum(counts[1:3]) > int(first.split("`twin.json` | ")[1].split()[0])
    assert counts[3:] == [0] * len(FAULTS)


def wrong(path):
    """A reader with one fault after the other."""
    wrong.number += 1
    if wrong.number == 1:  # the sound file
        return [1.0]
    if wrong.number == 2:
        raise KeyError("what is this?")
    if wrong.number == 3:
        return [np.array([np.nan])]
    if wrong.number == 4:
        return [2.0]
    if wrong.number == 5:
        raise UserError("two\nlines")
    if wrong.number == 6:
        while True:  # and computes
            pass


def test_each_fault_is_found(tmp_path, monkeypatch):
    wrong.number = 0
    made = Kind("a.bin", lambda path: path.write_bytes(b"\0" * 200), wrong, exact=True)
    monkeypatch.setitem(KINDS, "wrong", made)
    monkeypatch.setattr(reading, "SECONDS", 0.2)
    monkeypatch.setattr(reading, "PATIENCE", 5.0)
    found = [o.what for o in reading.read_damaged("wrong", range(5), 0, tmp_path)]
    assert found == [
        "a traceback: KeyError: 'what is this?' (wrong)",
        "accepted a number that is not finite",
        "accepted other content",
        "2 lines: two\nlines",
        "hung for more than 0 s",
    ]
    crashing = dataclasses.replace(made, read=crash)
    monkeypatch.setitem(KINDS, "wrong", crashing)
    found = [o.what for o in reading.read_damaged("wrong", range(3), 0, tmp_path)]
    assert found == ["ended its interpreter (status -9)"] * 3


def crash(path):
    """A library that crashes on anything but the sound file."""
    if path.read_bytes() != b"\0" * 200:
        os.kill(os.getpid(), signal.SIGKILL)
    return [1.0]
