"""Lessons are run ahead of their pages: several at a time, and kept where the book looks."""

from copy import deepcopy
from pathlib import Path

import pytest

pytest.importorskip("nbclient", reason="nbclient: extra 'book'")
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_notebook

from lessons import course
from lessons.book import ahead, pages

# Waits until the other is there: alone, it would wait for ever.
MEET = """import time
from pathlib import Path

Path("{here}").touch()
while not Path("{there}").exists():
    time.sleep(0.01)
print("met")"""
COUNT = "import os; print(os.environ.get('MINIPOSE_THREADS', 'all'))"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for name in ahead.THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return get_cache(tmp_path / "cache")


def notebooks(folder: Path, **cells: str) -> dict:
    return {
        folder / f"{name}.py": new_notebook(cells=[new_code_cell(code)])
        for name, code in cells.items()
    }


def printed(cache, notebook) -> str:
    _, kept = cache.merge_match_into_notebook(notebook)
    return "".join(output.text for output in kept.cells[0].outputs)


def test_two_run_at_once_and_those_that_measure_seconds_last_and_alone(
    cache, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("MINIPOSE_THREADS", "2")  # for all lessons together
    timed = f"print(not Path('ends').exists())  # as kit.seconds\n{COUNT}"
    some = notebooks(
        tmp_path,
        timed=f"from pathlib import Path\n{timed}",
        one=f"{MEET.format(here='a', there='b')}\n{COUNT}\nPath('ends').touch()",
        two=MEET.format(here="b", there="a"),
    )
    assert ahead.stale(some, cache) == some
    ahead.run(deepcopy(some), cache, 60)
    assert ahead.stale(some, cache) == {}  # known by what they were before they were run
    said = [printed(cache, notebook) for notebook in some.values()]
    assert said == ["False\n2\n", "met\n1\n", "met\n"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "lessons to run: 3, 2 at a time" and len(lines) == 4
    assert lines[-1].startswith("[3/3] timed run: ")


def test_one_that_is_run_by_itself_has_all_processors(cache, tmp_path):
    some = notebooks(tmp_path, one=COUNT)
    ahead.run(deepcopy(some), cache, 60, threads=8)
    assert [printed(cache, notebook) for notebook in some.values()] == ["all\n"]


FAIL = "from pathlib import Path; Path('fails').touch(); assert 1 == 2, 'no'"


def test_one_that_fails_ends_the_build_and_says_why(cache, tmp_path):
    some = notebooks(tmp_path, bad=FAIL, later="print('later')")
    with pytest.raises(ahead.LessonFailed, match=r"(?s)bad\.py: .*AssertionError: no\n") as error:
        ahead.run(deepcopy(some), cache, 60, threads=1)
    assert "\x1b" not in str(error.value)
    assert ahead.stale(some, cache) == some


def test_what_runs_beside_one_that_fails_is_kept(cache, tmp_path):
    some = notebooks(tmp_path, good=MEET.format(here="good", there="fails"), bad=FAIL)
    with pytest.raises(ahead.LessonFailed):
        ahead.run(deepcopy(some), cache, 60, threads=2)
    assert [path.stem for path in ahead.stale(some, cache)] == ["bad"]


def test_one_that_does_not_end_is_stopped(cache, tmp_path):
    with pytest.raises(ahead.LessonFailed, match="timed out"):
        ahead.run(notebooks(tmp_path, endless="while True: pass"), cache, 1, threads=2)


def test_lessons_that_measure_seconds_are_known():
    timed = {
        lesson.number
        for lesson in course.all_lessons()
        if ahead.is_timed(pages.read(lesson.path.read_text(encoding="utf-8")))
    }
    speed = {lesson.number for lesson in course.all_lessons() if lesson.chapter == "Speed"}
    assert speed | {5, 6, 11, 27, 36} == timed
