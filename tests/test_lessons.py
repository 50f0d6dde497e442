"""The lessons: each runs, keeps to its times, makes its plots; the path to them is complete."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from lessons import course, kit, play, readme
from lessons.__main__ import main
from lessons.comparison import Comparison
from tests.conftest import SHARED

LESSONS = course.all_lessons()
SHORT = 20  # s: lessons that promise more are run by ``make lessons``, and here on request
each = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])


@pytest.fixture(scope="session")
def plots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, since lessons share the people that the first of them draws."""
    return tmp_path_factory.mktemp("lessons")


@each
def test_a_lesson_runs_within_its_limit_with_answers_and_changes(
    lesson: course.Lesson, plots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lesson.budget > SHORT and os.environ.get("MINIPOSE_LESSONS") != "all":
        pytest.skip(f"may take {lesson.budget:.0f} s: run with MINIPOSE_LESSONS=all")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # several tests run at a time
    monkeypatch.setenv("LESSONS_SAMPLES", str(SHARED))
    outcome = course.run(lesson, plots, "--answers", "--tries")
    assert outcome.status == 0, outcome.output
    limit = course.LIMIT if lesson.budget <= SHORT else 3 * course.LIMIT  # changes train anew
    assert outcome.seconds < limit, outcome.output
    assert outcome.plots, "expected at least one plot"
    assert outcome.lesson.asserts >= 1
    assert "It stops with" not in outcome.output, "a value that is offered must not end in an error"
    tries = play.tries(lesson.path.read_text(encoding="utf-8"))
    assert outcome.output.count("You changed") == len(tries)


@pytest.mark.parametrize("number", [27, 36])
def test_the_reports_are_still_what_the_lessons_read_in_them(
    number: int, plots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These two are too long to be run whole here, and the first to notice another table."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    outcome = course.run(LESSONS[number - 1], plots)
    assert outcome.status == 0, outcome.output


@each
def test_a_lesson_keeps_the_form(lesson: course.Lesson) -> None:
    lines = lesson.path.read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith(f"# # {lesson.number} · ")
    assert 0 < lesson.budget <= course.LIMIT
    cells = "\n".join(lines).split("\n# %%")
    assert "# ## Change this, predict, run" in cells[-3].splitlines()
    assert cells[-2].startswith(' tags=["change-this"]') and "kit.experiment(" in cells[-2]
    assert "# ## Five questions" in cells[-1].splitlines()
    assert re.findall(r"^# (\d)\. ", cells[-1], flags=re.M) == list("12345")
    assert f"`make lesson N={lesson.number} ANSWERS=1`" in cells[-1]


@each
def test_a_lesson_has_its_answers_in_another_file(lesson: course.Lesson) -> None:
    assert "kit.answer(" not in lesson.path.read_text(encoding="utf-8")
    answers = play.answers_of(lesson.path).read_text(encoding="utf-8").split("\n# %%")
    assert len(answers) == 2 and "kit.answer(" in answers[0]
    assert re.findall(r"^(\d)\. ", answers[1], flags=re.M) == list("12345")


@each
def test_the_cell_to_be_changed_begins_as_it_says(lesson: course.Lesson) -> None:
    cell = play.exercise(lesson.path.read_text(encoding="utf-8"))
    name, value, offered = play.CHANGE.search(cell).groups()
    guard = re.search(rf"kit\.experiment\({name}, as_given=(.+?)\)(?:, .+)?:\n", cell)
    assert ast.literal_eval(guard[1]) == ast.literal_eval(value)
    assert ast.literal_eval(value) not in ast.literal_eval(f"({offered},)")
    assert len(play.tries(lesson.path.read_text(encoding="utf-8"))) >= 1


def test_all_lessons_together_promise_twenty_minutes() -> None:
    assert sum(lesson.budget for lesson in LESSONS) <= 20 * 60


def test_answers_belong_to_lessons() -> None:
    answers = sorted(path.name for path in (course.FOLDER / "answers").glob("*.py"))
    assert answers == [lesson.path.name for lesson in LESSONS]


def test_every_change_is_a_cell_of_its_own() -> None:
    text = '# %% tags=["change-this"]\nRATE = 0.1  # try 0.2, (1, 2), "none"\nprint(RATE)\n'
    assert [cell.splitlines()[0] for cell in play.tries(text)] == [
        "RATE = 0.2",
        "RATE = (1, 2)",
        'RATE = "none"',
    ]
    with pytest.raises(ValueError, match="expected one cell"):
        play.tries("# %%\nRATE = 0.1\n")
    with pytest.raises(ValueError, match="expected a line"):
        play.tries(text.replace("  # try", "  # not"))


def test_an_experiment_says_what_was_changed_and_ends_in_no_error(
    capsys: pytest.CaptureFixture,
) -> None:
    with kit.experiment(1, as_given=1):
        print("seen")
    assert capsys.readouterr().out == "As given, with 1:\nseen\n"
    with kit.experiment(0, as_given=1):
        print(1 // 0)
    said = capsys.readouterr().out
    assert said.startswith("You changed 1 into 0.") and "ZeroDivisionError" in said


def test_a_claim_that_does_not_hold_is_explained(capsys: pytest.CaptureFixture) -> None:
    kit.explain(AssertionError, AssertionError(), None)
    assert "If you changed something" in capsys.readouterr().err
    kit.explain(ValueError, ValueError("wrong"), None)
    assert "If you changed something" not in capsys.readouterr().err


def test_a_comparison_refuses_a_claim_within_the_spread(capsys: pytest.CaptureFixture) -> None:
    table = Comparison("error, mm", 20.0, "mean pose")
    table.note("one", [10.0, 12.0, 14.0])
    table.note("near", [11.0, 13.0, 15.0])
    table.note("far", [17.0, 19.0, 18.0])
    # two means of three, spread 2: t(4 degrees, 95 %) = 2.7764 times 2 · √(2/3)
    assert table.uncertainty("one", "near") == pytest.approx(2.7764 * 2 * (2 / 3) ** 0.5, rel=1e-4)
    assert table.verdict("one", "near") == table.verdict("near", "one") == "undecided"
    assert (table.verdict("one", "far"), table.verdict("far", "one")) == ("better", "worse")
    table.show(against="one")
    shown = capsys.readouterr().out
    assert "12.0 ± 2.0" in shown and "undecided" in shown and "mean pose" in shown
    table.lower_is_better = False
    assert table.verdict("one", "far") == "worse"


def test_a_comparison_in_pairs_judges_the_differences() -> None:
    table = Comparison("error, mm", 20.0, paired=True)
    table.note("one", [10.0, 20.0, 30.0])
    table.note("other", [11.0, 21.5, 31.5])
    # differences −1, −1.5, −1.5: spread 0.2887, t(2 degrees, 95 %) = 4.3027
    assert table.uncertainty("one", "other") == pytest.approx(4.3027 * 0.288675 / 3**0.5, rel=1e-4)
    assert table.verdict("one", "other") == "better"
    table.paired = False
    assert table.verdict("one", "other") == "undecided"


def test_a_comparison_wants_more_than_one_seed() -> None:
    table = Comparison("error, mm", 20.0)
    with pytest.raises(ValueError, match="two seeds or more"):
        table.note("one", [1.0])
    with pytest.raises(ValueError, match="two seeds or more"):
        table.add("one", float, seeds=(3,))
    table.add("one", lambda seed: 2.0 * seed, seeds=(1, 2))
    assert table.results["one"].tolist() == [2.0, 4.0]


@each
def test_a_lesson_is_read_within_its_time(lesson: course.Lesson) -> None:
    assert 0 < lesson.reading <= course.READING_LIMIT


def test_reading_time_does_not_depend_on_how_code_is_laid_out() -> None:
    prose = "# %% [markdown]\n# # 1 · Title\n#\n# " + "word " * 196 + "\n"
    assert course.reading_minutes(prose) == 1.0
    dense = "\n# %%\na = 1; b = f(a, 'text')  # and why\n"
    loose = "\n# %%\na = 1\n\n# and why\nb = f(\n    a,\n    'text',\n)\n"
    seconds = [60 * course.reading_minutes(code) for code in (dense, loose)]
    assert seconds == [6 * course.CODE_WORD_SECONDS] * 2


@each
def test_a_header_names_files_that_exist(lesson: course.Lesson) -> None:
    header = " ".join(lesson.header.values())
    quoted = re.findall(r"`([^`\s]+)`", header)
    paths = [path for path in quoted if "/" in path or path.endswith(".py")]
    missing = [path for path in paths if not (course.FOLDER.parent / path).exists()]
    assert not missing


@each
def test_a_lesson_imports_nothing_of_what_can_be_deleted(lesson: course.Lesson) -> None:
    tree = ast.parse(lesson.path.read_text(encoding="utf-8"))
    imported = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported += [f"{node.module}.{alias.name}" for alias in node.names]
    assert not [name for name in imported if name.startswith("minipose.fast")], "use kit.fast"


@each
def test_a_lesson_reads_only_what_came_before(lesson: course.Lesson) -> None:
    named = re.findall(r"[Ll]essons? ([\d, and-]+)", lesson.header["Read first"])
    needed = [int(number) for group in named for number in re.findall(r"\d+", group)]
    assert all(0 < number < lesson.number for number in needed)


def test_lessons_are_numbered_without_a_gap() -> None:
    numbers = [lesson.number for lesson in LESSONS]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(lesson.chapter in course.CHAPTERS for lesson in LESSONS)


def test_the_readme_lists_every_lesson_with_its_picture() -> None:
    page = (course.FOLDER / "README.md").read_text(encoding="utf-8")
    for lesson in LESSONS:
        link = f"[{lesson.title}]({lesson.path.name})<br>{lesson.header['Question']}"
        assert f"{link} | {lesson.reading:.0f} min | {lesson.budget:.0f} s |" in page
    pictures = re.findall(r'src="(pictures/.*?)"', page)
    assert len(pictures) == len(LESSONS)
    assert all((course.FOLDER / picture).is_file() for picture in pictures)


def test_the_readme_is_written_from_the_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readme, "FOLDER", tmp_path)
    monkeypatch.setattr(readme, "PICTURES", tmp_path / "pictures")
    Image.new("RGB", (800, 400), "white").save(tmp_path / "01_engine.png")
    readme.write(LESSONS[:1], tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"## {LESSONS[0].chapter}" in page and LESSONS[0].header["Question"] in page
    assert "## A first network" not in page
    with Image.open(tmp_path / "pictures" / "01_engine.png") as small:
        assert small.size == (readme.WIDTH, readme.WIDTH // 2)


@each
def test_the_book_can_show_every_equation(lesson: course.Lesson) -> None:
    converter = pytest.importorskip("latex2mathml.converter", reason="latex2mathml: extra 'book'")
    cells = re.findall(r"^# %% \[markdown\]\n((?:#.*\n)+)", lesson.path.read_text("utf-8"), re.M)
    text = "\n".join(re.sub(r"^# ?", "", cell, flags=re.M) for cell in cells)
    for displayed, inline in re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", text, re.S):
        assert "\\" not in converter.convert(displayed or inline), displayed or inline


def test_the_book_has_a_place_for_every_lesson() -> None:
    index = (course.FOLDER / "index.md").read_text(encoding="utf-8")
    *chapters, rest = re.findall(r"```{toctree}(.*?)```", index, flags=re.S)
    assert rest.split()[-1] == "words"
    for chapter in chapters:
        title = re.search(r":caption: (.+)", chapter)[1]
        globs = re.findall(r"^\d\S+$", chapter, flags=re.M)
        listed = [path for pattern in globs for path in course.FOLDER.glob(pattern + ".py")]
        expected = [lesson.path for lesson in LESSONS if lesson.chapter == title]
        assert sorted(listed) == expected, title
    assert re.findall(r":caption: (.+)", index)[:-1] == list(course.CHAPTERS)


def test_a_lesson_goes_on_without_the_fast_layer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "minipose.fast", raising=False)
    kit._say_that_it_is_left_out.cache_clear()
    assert kit.fast("strips") is None and kit.fast("winograd") is None
    assert capsys.readouterr().out.count("\n") == 1, "one line says it, once"
    assert kit.on_one_thread(max, 2, 3) == 3


def test_a_lesson_looks_at_the_fast_layer_where_there_is_one(capsys: pytest.CaptureFixture) -> None:
    if "minipose.fast" not in sys.modules:
        pytest.skip("minipose.fast is not here, or switched off")
    assert kit.fast("strips").__name__ == "minipose.fast.strips"
    assert kit.on_one_thread(max, 2, 3) == 3
    assert capsys.readouterr().out == ""


def test_an_unknown_lesson_is_one_line(capsys: pytest.CaptureFixture) -> None:
    assert main(["seven"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "'seven'" in error and "expected one of 1, " in error


def test_a_failing_lesson_is_shown_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    header = "\n".join(f"# - **{key}.** Under 5 s." for key in course.HEADER)
    script = f"# %% [markdown]\n# # 1 · Wrong\n#\n{header}\n\n# %%\nprint('seen')\nassert 1 > 2\n"
    (tmp_path / "01_wrong.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(course, "FOLDER", tmp_path)
    assert main(["--out", str(tmp_path / "plots")]) == 1
    shown = capsys.readouterr().out
    assert "FAILED" in shown and "seen" in shown and "assert 1 > 2" in shown
