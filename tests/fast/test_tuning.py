"""Sizes that are measured on the user's machine: kept for it, and for no other."""

import json

import pytest

from minipose.fast import tuning, winograd
from minipose.fast.tuning import CHOICES, Choice, best


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
            for _ in range(100_000 if winograd.TILES in slow else 10):
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
def test_every_choice_names_a_size_that_is_built_in_and_can_be_measured(one):
    assert one.value in one.candidates
    one.work()()
