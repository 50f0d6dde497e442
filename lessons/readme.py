"""Renew lessons/README.md: the path, one line a lesson, and a small copy of a figure of each."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lessons.course import CHAPTERS, FOLDER, Lesson

THUMBNAILS = FOLDER / "figures"
WIDTH = 360  # px
COLOURS = 128  # of a thumbnail's palette

INTRODUCTION = """# Lessons

From one number with a derivative to a network that finds a person's joints. Each lesson is a script
that asks one question, builds the answer naively, asserts that it equals minipose's, and then uses
minipose's.

```
make lesson N=7              # run one: it prints, checks itself and saves its figures
make lesson N=7 ANSWERS=1    # with the answer to its closing question
make lessons                 # run all, with a table
make book                    # all as pages, with equations and output: build/book/index.html
```

The files are in percent format (`# %%`): the usual editors open them as notebooks. Figures go to
`runs/lessons` (or to the folder that `LESSONS_OUT` names). Read the lessons in order, or start
anywhere: each says what it needs.

This page is written by `make lessons ARGS=--readme`.
"""


def write(lessons: list[Lesson], figures: Path) -> None:
    """Write the page, with a thumbnail of the first figure that each lesson left in ``figures``."""
    text = INTRODUCTION
    THUMBNAILS.mkdir(exist_ok=True)
    for old in THUMBNAILS.glob("*.png"):
        old.unlink()
    for chapter in CHAPTERS:
        rows = [lesson for lesson in lessons if lesson.chapter == chapter]
        if rows:
            text += f"\n## {chapter}\n\n| | lesson | |\n|---|---|---|\n"
            text += "".join(_row(lesson, figures) for lesson in rows)
    (FOLDER / "README.md").write_text(text, encoding="utf-8")


def _row(lesson: Lesson, figures: Path) -> str:
    picture = ""
    for figure in sorted(figures.glob(f"{lesson.name}*.png"))[:1]:
        path = thumbnail(figure)
        picture = f'<img src="figures/{path.name}" width="180" alt="{lesson.title}">'
    link = f"[{lesson.title}]({lesson.path.name})"
    return f"| {lesson.number} | {link}<br>{lesson.header['Question']} | {picture} |\n"


def thumbnail(figure: Path) -> Path:
    """A small copy of a figure, with few colours."""
    path = THUMBNAILS / figure.name
    with Image.open(figure) as image:
        size = (WIDTH, round(WIDTH * image.height / image.width))
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.quantize(COLOURS).save(path, optimize=True)
    return path
