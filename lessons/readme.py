"""Renew lessons/README.md: the path, one line a lesson, and a small copy of a figure of each."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lessons.course import CHAPTERS, FOLDER, Outcome

THUMBNAILS = FOLDER / "figures"
WIDTH = 360  # px
COLOURS = 48  # of a thumbnail's palette: about 10 kB each

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


def write(outcomes: list[Outcome]) -> None:
    """Write the page and the thumbnails of what these runs left."""
    text = INTRODUCTION
    THUMBNAILS.mkdir(exist_ok=True)
    for old in THUMBNAILS.glob("*.png"):
        old.unlink()
    for chapter in CHAPTERS:
        rows = [outcome for outcome in outcomes if outcome.lesson.chapter == chapter]
        if rows:
            text += f"\n## {chapter}\n\n| | lesson | |\n|---|---|---|\n"
            text += "".join(_row(outcome) for outcome in rows)
    (FOLDER / "README.md").write_text(text, encoding="utf-8")


def _row(outcome: Outcome) -> str:
    lesson = outcome.lesson
    picture = ""
    if outcome.figures:
        path = thumbnail(outcome.figures[0])
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
