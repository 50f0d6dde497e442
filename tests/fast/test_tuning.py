"""Sizes that are measured on the user's machine: kept for it, and for no other."""

import json
import sys

import pytest

import minipose.fast
from minipose.fast import jobs, tuning, winograd
from minipose.fast.choices import CHOICES, Choice
from minipose.fast.tuning import best

minipose.fast.load()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("MINIPOSE_TUNED", raising=False)
    monkeypatch.setattr(winograd, "TILES", winograd.TILES)
    return tmp_path / "minipose" / "tuned.json"


def choice(slow):
    """Work that takes its time with some of the sizes."""
    seen = []

    def work():
        def run():
            seen.append(winograd.TILES)
            for _ in range(20_000 if winograd.TILES in slow else 10):
                pass

        return run

    return Choice("winograd", "TILES", (96, 192, 384), work), seen


def test_the_fastest_size_is_kept_and_used_here_only(cache, monkeypatch, capsys):
    one, seen = choice(slow=(192, 384))
    assert tuning.tune((one,), rounds=3) == {"winograd.TILES": 96}
    assert sorted(set(seen)) == [96, 192, 384] and winograd.TILES == 96
    assert "192 → 96" in capsys.readouterr().out
    winograd.TILES = 192
    assert tuning.use() and winograd.TILES == 96
    winograd.TILES = 192
    monkeypatch.setenv("MINIPOSE_TUNED", "0")
    assert not tuning.use() and winograd.TILES == 192
    monkeypatch.delenv("MINIPOSE_TUNED")
    monkeypatch.setenv("MINIPOSE_THREADS", "7")
    assert not tuning.use() and winograd.TILES == 192


def test_a_word_for_the_number_of_threads_is_one_line(cache, monkeypatch, capsys):
    monkeypatch.setenv("MINIPOSE_THREADS", "two")
    assert tuning.main() == 1 and not cache.exists()
    line = "error: MINIPOSE_THREADS: expected a whole number, got 'two'\n"
    assert capsys.readouterr().err == line


def test_a_user_without_a_home_has_the_built_in_sizes(cache, monkeypatch, capsys):
    """As in a container whose user no file of it knows; else nothing could be computed there."""

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(tuning.Path, "home", unknown)
    assert not tuning.use()
    assert tuning.main() == 1
    assert capsys.readouterr().err == "error: this user has no home folder; set XDG_CACHE_HOME\n"


def test_what_is_as_fast_stays():
    assert best({96: [1.0] * 4, 192: [1.01] * 4, 384: [2.0] * 4}, 192) == 192
    assert best({96: [1.0] * 4, 192: [1.5] * 4, 384: [2.0] * 4}, 192) == 96
    assert best({96: [1.0, 1.0, 3.0, 3.0, 1.0], 192: [1.2, 1.2, 2.0, 2.0, 1.2]}, 192) == 192


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"machine": 0, "sizes": {"winograd.TILES": 96}}),
        json.dumps({"machine": tuning.machine(), "sizes": {"winograd.TILES": -5, "os.x": 1}}),
        json.dumps({"machine": tuning.machine(), "sizes": 7}),
    ],
)
def test_a_file_of_another_kind_changes_nothing(text, cache):
    cache.parent.mkdir()
    cache.write_text(text)
    before = winograd.TILES
    tuning.use()
    assert winograd.TILES == before


@pytest.mark.parametrize("one", CHOICES, ids=lambda one: f"{one.module}.{one.name}")
def test_every_candidate_is_another_cut_of_the_work(one, monkeypatch):
    """Else what is measured is not what the size decides: smaller tasks are more calls."""
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    monkeypatch.setattr(jobs, "shared", lambda task, count, _: [task(k) for k in range(count)])
    module, name = one.place
    run, built_in = one.work(), one.value
    monkeypatch.setattr(module, name, built_in)  # which it is again afterwards
    calls = []
    for value in one.candidates:
        one.set(value)
        calls.append(calls_within(module.__file__, run))
    assert list(one.candidates) == sorted(set(one.candidates)) and built_in in one.candidates
    assert calls == sorted(set(calls), reverse=True)


def calls_within(file, run):
    """How many calls of a file's functions ``run`` makes."""
    count = 0

    def look(frame, event, argument):
        nonlocal count
        count += event == "call" and frame.f_code.co_filename == file

    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def test_where_nothing_can_be_kept_nothing_is_measured(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tuning, "measure", lambda *_: pytest.fail("measured"))
    with pytest.raises(OSError):
        tuning.tune()
