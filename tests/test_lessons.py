"""The lessons: each runs, keeps to its times, makes its plots; the path to them is complete."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from lessons import course, kit, readme
from lessons.__main__ import main
from tests.conftest import SHARED

LESSONS = course.all_lessons()
SHORT = 20  # s: lessons that promise more are run by ``make lessons``, and here on request
each = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])


@pytest.fixture(scope="session")
def plots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, since lessons share the people that the first of them draws."""
    return tmp_path_factory.mktemp("lessons")


@each
def test_a_lesson_runs_within_its_time(
    lesson: course.Lesson, plots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lesson.budget > SHORT and os.environ.get("MINIPOSE_LESSONS") != "all":
        pytest.skip(f"may take {lesson.budget:.0f} s: run with MINIPOSE_LESSONS=all")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # several tests run at a time
    monkeypatch.setenv("LESSONS_SAMPLES", str(SHARED))
    outcome = course.run(lesson, plots)
    assert outcome.status == 0, outcome.output
    assert outcome.seconds < course.LIMIT, outcome.output
    assert outcome.plots, "expected at least one plot"
    assert outcome.lesson.asserts >= 1
    assert "ANSWER\n" not in outcome.output, "the answer is for those who ask for it"


@each
def test_a_lesson_keeps_the_form(lesson: course.Lesson) -> None:
    lines = lesson.path.read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith(f"# # {lesson.number} · ")
    assert 0 < lesson.budget <= course.LIMIT
    cells = "\n".join(lines).split("\n# %%")
    assert "# ## Change this, predict, run" in cells[-2].splitlines()
    assert cells[-1].startswith(' tags=["hide-cell"]') and "kit.answer(" in cells[-1]


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


def test_every_number_is_used_once() -> None:
    numbers = [lesson.number for lesson in LESSONS]
    assert len(set(numbers)) == len(numbers)
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
    assert "## The layers" not in page
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
    for chapter in re.findall(r"```{toctree}(.*?)```", index, flags=re.S):
        title = re.search(r":caption: (.+)", chapter)[1]
        globs = re.findall(r"^\d\S+$", chapter, flags=re.M)
        listed = [path for pattern in globs for path in course.FOLDER.glob(pattern + ".py")]
        expected = [lesson.path for lesson in LESSONS if lesson.chapter == title]
        assert sorted(listed) == expected, title
    assert re.findall(r":caption: (.+)", index) == list(course.CHAPTERS)


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
