"""Renew lessons/README.md: the path, a row for each lesson, and a small copy of a plot of each."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from lessons.course import CHAPTERS, FOLDER, Lesson

PICTURES = FOLDER / "pictures"
WIDTH = 360  # px
COLOURS = 128  # of a small picture's palette

INTRODUCTION = """# Lessons

From one number with a derivative to networks that find a person's pose, mask and joints. Each
lesson is a script that asks one question, builds the answer naively, asserts that it equals
minipose's, and then uses minipose's. By lesson 5 you have trained a network with a loop of your
own; lessons 27 and 36 run the two real jobs and read their reports line by line; speed comes
last.

```
make lesson N=7              # run one: it prints, tests itself and saves its plots
make lesson N=7 ANSWERS=1    # with the answers to its questions at the end
make lessons                 # run all, with a table
make check N=7               # the exercise to lesson 7: what is right and wrong in what you wrote
make book                    # all as pages, with equations and output: build/book/index.html
```

Each lesson ends with a cell that is meant to be changed: predict what the change does, then run
it; no change ends in a crash. Five questions follow, whose answers stand in `answers/`. Where two
trainings are compared, each is run with several seeds, beside a constant baseline, and what the
spread of single runs could have made is called undecided ([`comparison.py`](comparison.py)).

In the [workbook](workbook.md) you write the engine yourself, a part with each of 28 lessons. At the
end it trains PoseNet.

The files are in percent format (`# %%`): the usual editors open them as notebooks. Plots go to
`runs/lessons` (or to the folder that `LESSONS_OUT` names). Read the lessons in order, or start
anywhere: each says what it needs. The time to read is an estimate from the number of words; the
time to run is the limit that each lesson keeps on two cores. Lesson 24 also looks at report 1's own
predictions, where the folder that `LESSONS_SAMPLES` names holds them.

This page is written by `make lessons ARGS=--readme`.
"""


def write(lessons: list[Lesson], plots: Path) -> None:
    """Write the page, with a small copy of the first plot that each lesson left in ``plots``."""
    text = INTRODUCTION
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    for chapter in CHAPTERS:
        rows = [lesson for lesson in lessons if lesson.chapter == chapter]
        if rows:
            text += f"\n## {chapter}\n\n| | lesson | read | run | |\n|---|---|---|---|---|\n"
            text += "".join(_row(lesson, plots) for lesson in rows)
    (FOLDER / "README.md").write_text(text, encoding="utf-8")


def _row(lesson: Lesson, plots: Path) -> str:
    picture = ""
    for plot in sorted(plots.glob(f"{lesson.name}*.png"))[:1]:
        path = small_copy(plot)
        picture = f'<img src="pictures/{path.name}" width="180" alt="{lesson.title}">'
    link = f"[{lesson.title}]({lesson.path.name})<br>{lesson.header['Question']}"
    times = f"{lesson.reading:.0f} min | {lesson.budget:.0f} s"
    return f"| {lesson.number} | {link} | {times} | {picture} |\n"


def small_copy(plot: Path) -> Path:
    """A small copy of a plot, with few colours."""
    path = PICTURES / plot.name
    with Image.open(plot) as image:
        size = (WIDTH, round(WIDTH * image.height / image.width))
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.quantize(COLOURS).save(path, optimize=True)
    return path
