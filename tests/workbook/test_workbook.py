"""The workbook: solutions pass, holes are named, and typical mistakes get the right explanation."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lessons import course
from lessons.workbook import explain
from lessons.workbook.__main__ import main
from lessons.workbook.checks import train_h36m
from lessons.workbook.dig import dig, holes
from lessons.workbook.examine import DONE, WAITS, WRONG, YOURS, examine
from lessons.workbook.judge import Wrong, same, several
from lessons.workbook.pages import (
    LAST,
    PAGE,
    SOLUTIONS,
    all_exercises,
    choose,
    contents,
    prepare,
)
from tests.test_docs import ROOT
from tests.workbook.mistakes_layers import LAYERS
from tests.workbook.mistakes_poses import POSES

EXERCISES = all_exercises()
MISTAKES = dict(sorted({**LAYERS, **POSES}.items(), key=lambda row: choose(row[0]).number))
each = pytest.mark.parametrize("exercise", EXERCISES, ids=[e.name for e in EXERCISES])


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder in which all is done."""
    folder = tmp_path_factory.mktemp("solved")
    for exercise in EXERCISES:
        shutil.copy(exercise.solution, exercise.of(folder))
    return folder


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few people and short trainings; ``make check N=last`` does the real one."""
    for name, few in (("PEOPLE", 6), ("EPOCHS", 1), ("KERNELS", (1, 1, 1)), ("HIDDEN", (4, 4))):
        monkeypatch.setattr(train_h36m, name, few)
    monkeypatch.setattr("lessons.workbook.examine.SECONDS", 1.0)


def described(results: list) -> str:
    return "\n".join(f"{r.part} {r.verdict}: {r.message}" for r in results)


@each
def test_a_solution_passes(exercise, solved):
    results = examine(exercise, solved)
    assert {r.verdict for r in results} == {DONE}, described(results)


@each
def test_an_exercise_is_its_solution_with_holes(exercise):
    text = exercise.template.read_text("utf-8")
    assert text == dig(exercise.solution.read_text("utf-8"), exercise.number), "make exercises anew"
    assert holes(text) >= 1


@each
def test_holes_are_named_one_by_one(exercise, solved, tmp_path):
    """Each part is the reader's turn, or done: what needs no hole is given."""
    shutil.copytree(solved, tmp_path, dirs_exist_ok=True)
    shutil.copy(exercise.template, exercise.of(tmp_path))
    results = examine(exercise, tmp_path)
    turns = [r for r in results if r.verdict != WAITS]
    assert {r.verdict for r in turns} == {YOURS}, described(results)
    assert all(re.fullmatch(r"line \d+", r.message) for r in turns), described(results)


CASES = [(name, k) for name, rows in MISTAKES.items() for k in range(len(rows))]


@pytest.mark.parametrize(("name", "k"), CASES, ids=[f"{name}-{k}" for name, k in CASES])
def test_a_mistake_is_explained(name, k, solved, tmp_path, monkeypatch):
    exercise = choose(name)
    if "while True" in MISTAKES[name][k][1]:
        monkeypatch.setattr("lessons.workbook.examine.SECONDS", 0.2)
    old, new, expected = MISTAKES[name][k]
    text = exercise.solution.read_text("utf-8")
    assert old in text
    shutil.copytree(solved, tmp_path, dirs_exist_ok=True)
    exercise.of(tmp_path).write_text(text.replace(old, new, 1), "utf-8")
    results = examine(exercise, tmp_path)
    messages = [r.message for r in results if r.verdict == WRONG]
    assert any(one in m for m in messages for one in expected.split("|")), described(results)
    assert not any("\n" in m for m in messages)
    assert not any("cannot be judged" in m for m in messages), described(results)


def test_every_exercise_has_mistakes_and_belongs_to_a_lesson():
    assert [e.name for e in EXERCISES] == list(MISTAKES)
    solutions = sorted(path.name for path in SOLUTIONS.glob("*.py"))
    assert solutions == [e.template.name for e in EXERCISES] and len(EXERCISES) >= 25
    assert choose("last").name == LAST and choose("07") == choose("7") == choose("overfitting")


def test_no_module_of_minipose_is_in_a_reader_s_engine():
    """It stands on NumPy alone."""
    for exercise in EXERCISES:
        imported = re.findall(r"^(?:from|import) (\w+)", exercise.solution.read_text("utf-8"), re.M)
        assert set(imported) <= {"numpy", "mine"}


@each
def test_its_lesson_names_it(exercise):
    text = (course.FOLDER / exercise.template.name).read_text("utf-8")
    line = f"`make check N={exercise.number}`, `exercises/{exercise.template.name}`."
    assert text.rstrip().endswith(line)


def test_the_page_lists_every_exercise():
    assert PAGE.read_text("utf-8").endswith(contents())


def test_what_a_reader_has_written_is_in_no_download(monkeypatch):
    pytest.importorskip("jupytext", reason="jupytext: extra 'book'")
    from lessons.book import downloads

    names = {path.relative_to(ROOT).as_posix() for path in downloads.needed()}
    assert "lessons/kit.py" in names
    out = ("mine", "solutions", "workbook", "exercises", "book")
    assert not [name for name in names if name.startswith(tuple(f"lessons/{o}/" for o in out))]


# --- The program ----------------------------------------------------------------------------------


def test_what_a_reader_has_written_is_never_replaced(tmp_path, capsys):
    own = tmp_path / "mine" / "engine.py"
    own.parent.mkdir()
    own.write_text("class Value:\n    pass\n", "utf-8")
    assert main(["1", "--mine", str(own.parent)]) == 1
    assert own.read_text("utf-8") == "class Value:\n    pass\n"
    assert len(list(own.parent.iterdir())) == len(EXERCISES)
    said = capsys.readouterr().out
    assert f"{len(EXERCISES) - 1} new files" in said and "0 of 5 done" in said
    assert prepare(own.parent) == []


def test_the_table_shows_what_is_begun(tmp_path, capsys, solved):
    prepare(tmp_path)
    for name in ("engine", "order"):
        shutil.copy(choose(name).solution, tmp_path)
        (tmp_path / choose(name).solution.name).replace(tmp_path / f"{name}.py")
    text = choose("softmax").solution.read_text("utf-8")
    (tmp_path / "softmax.py").write_text(text.replace("- target", "+ target"), "utf-8")
    assert main(["--mine", str(tmp_path)]) == 1
    rows = dict(enumerate(capsys.readouterr().out.splitlines(), start=1))
    assert rows[1].endswith("engine.py           done") and rows[2].endswith("not begun")
    assert rows[9].endswith("2 of 3; wrong: cross_entropy")
    assert rows[len(EXERCISES) + 1].startswith(f"2 of {len(EXERCISES)} exercises are done")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class Value\n", "engine.py:1: expected ':': class Value"),
        ("import nothing_of_that_name\n", "engine.py:1, in <module>: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "engine.py:1, in <module>: it ends the program"),
        ("while True:\n    pass\n", "stopped after 0.1 s: does a loop never end?"),
        ("x = []\nwhile True:\n    x.append(0)\n", "stopped at half a GB of memory"),
        ("import time\ntime.sleep(1000)\n", "engine.py:2, in <module>: stopped after"),
        ("value = 3\n", "engine.py has no Value: it stands in lessons/exercises/01_engine.py"),
        ("Value = 3\n", "cannot be judged: TypeError: 'int' object is not callable"),
        ("\0", "engine.py"),
    ],
    ids=["syntax", "import", "exit", "loop", "memory", "sleep", "no-name", "no-class", "zero-byte"],
)
def test_a_file_that_cannot_run_is_one_line(text, expected, tmp_path, monkeypatch):
    monkeypatch.setattr("lessons.workbook.clock.WAITING", 2)
    if "append" in text:
        monkeypatch.setattr("lessons.workbook.clock.BYTES", 2**20)
        monkeypatch.setattr("lessons.workbook.clock.LOOK", 0.01)
    monkeypatch.setattr("lessons.workbook.examine.SECONDS", 10 if "append" in text else 0.1)
    (tmp_path / "engine.py").write_text(text, "utf-8")
    results = examine(choose("engine"), tmp_path)
    assert expected in results[0].message and "\n" not in results[0].message
    assert results[0].verdict == WRONG


def test_what_an_exercise_builds_on_is_named(tmp_path):
    prepare(tmp_path)
    shutil.copy(choose("batches").solution, tmp_path / "batches.py")
    results = examine(choose("batches"), tmp_path)
    assert [r.verdict for r in results] == [DONE, YOURS]
    assert "your linear_tanh (make check N=5)" in results[1].message or (
        "your order (make check N=3)" in results[1].message
    )


@pytest.mark.parametrize("wrong", ["99", "23", "seven", "", "-1"])
def test_an_unknown_number_is_one_line(wrong, tmp_path, capsys):
    assert main([wrong, "--mine", str(tmp_path / "none")]) == 1 if wrong != "-1" else True
    error = capsys.readouterr().err
    if wrong != "-1":
        assert error.count("\n") == 1 and f"N={wrong}: expected a lesson with" in error
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "mine").write_text("a file", "utf-8")
    assert main(["1", "--mine", str(tmp_path / "mine")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_make_check_runs_it(tmp_path):
    command = ["make", "-n", "check", "N=7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "-m lessons.workbook '7'" in done.stdout
    assert "/lessons/mine/" in (ROOT / ".gitignore").read_text("utf-8").split()
    assert sys.version_info >= (3, 11)


# --- Words for differences ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        ((4, 3), (3,), "there is still one for each of the 4 examples: sum over them (axis 0)"),
        ((4, 3), (1, 3), "keepdims=True"),
        ((3,), (4, 3), "axis 0 should still be there, for the 4 examples"),
        ((3, 4), (4, 3), "yours are (outputs, examples), expected (examples, outputs): transpose"),
        ((5, 7), (6, 8), "1 too few along each of these axes"),
        ((9,), (2, 2), "is (9,), expected (2, 2)"),
        ((3,), (1, 3), "axis 0 should stay, with length 1: keepdims=True"),
        ((), (4, 3), "that is a single number for all together"),
        ((0,), (3,), "nothing is in it"),
    ],
)
def test_a_wrong_shape_has_words(got, expected, words):
    assert words in explain.shape(got, expected, {4: "examples", 3: "outputs"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: -a, "has the wrong sign"),
        (lambda a: a / 2, "a factor 2 is missing"),
        (lambda a: a / 4, "1/4 of what is expected: a mean over the 4 examples, not a sum?"),
        (lambda a: -12 * a, "12 times what is expected with the wrong sign: a sum over"),
        (lambda a: a * 1.7, "is 1.7 times what is expected, everywhere"),
        (lambda a: a + 3, "is larger than expected by 3, everywhere"),
        (lambda a: a * 0, "is 0 everywhere"),
        (lambda a: a * np.nan, "is not a number"),
        (lambda a: a / 0 * np.inf, "is infinite"),
        (lambda a: a[::-1], "is reversed along axis 0"),
        (lambda a: np.roll(a, 1, 1), "is shifted by one along axis 1"),
        (
            lambda a: a.ravel()[[1, 0, *range(2, 12)]].reshape(4, 3),
            "the right numbers in wrong places",
        ),
        (lambda a: a + np.eye(4, 3), "is wrong in 3 of 12 places: at [0, 0] it is"),
    ],
)
def test_a_wrong_value_has_words(change, words):
    right = np.random.default_rng(0).uniform(1, 2, (4, 3))
    with pytest.raises(Wrong, match=re.escape(words)), np.errstate(all="ignore"):
        same("it", change(right), right, {4: "examples"})


@pytest.mark.parametrize(
    ("got", "right", "tolerance", "words"),
    [
        ([1.0, 2.0, 0.0], [1.0, 2.0, 1e-15], (1e-6, 0), "wrong in 1 of 3 places: at [2] it is 0"),
        ([1.0001, 2, 3.5, 7], [1, 2, 3, 9], (1e-3, 0), "wrong in 2 of 4 places: at [2] it is 3.5"),
        ([np.nan, 2, 3.5, 7], [np.nan, 2, 3, 9], (1e-7, 0), "wrong in 2 of 4 places: at [2]"),
        ([3.001, 2.001, 1], [1, 2, 3], (1e-2, 0), "is reversed along axis 0"),
        ([1 + 2j, 2, 3], [1, 2, 3], (1e-7, 0), "is a list that is no array of numbers"),
    ],
)
def test_places_within_the_tolerance_are_not_called_wrong(got, right, tolerance, words):
    with pytest.raises(Wrong, match=re.escape(words)):
        same("it", got, np.array(right), rtol=tolerance[0], atol=tolerance[1])


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (np.float32(1), "is a single number"),
        (np.ones(2), "is a single array"),
        ({"a": 1, "b": 2}, "is a dict"),
        ((g for g in (1, 2)), "is a generator"),
    ],
)
def test_what_is_no_tuple_has_words(got, words):
    with pytest.raises(Wrong, match=f"it {words}, expected a tuple of 2"):
        several("it", got, ("a", "b"))
