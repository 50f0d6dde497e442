"""Which exercises there are, and where a reader's own files lie."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from lessons import course
from lessons.workbook.dig import dig, holes

FOLDER = course.FOLDER / "exercises"
SOLUTIONS = course.FOLDER / "solutions"
PAGE = course.FOLDER / "workbook.md"
MINE = course.FOLDER / "mine"
LAST = "train_h36m"  # where everything comes together: N=last


@dataclass(frozen=True)
class Exercise:
    """One page of the workbook: the file with holes, and what it is called in ``mine/``."""

    template: Path  # lessons/exercises/05_linear_tanh.py

    @property
    def number(self) -> int:
        return int(self.template.name[:2])

    @property
    def name(self) -> str:
        """What it is imported as: mine.linear_tanh."""
        return self.template.stem[3:]

    @property
    def shown(self) -> str:
        """Its path, from the root of the project."""
        return self.template.relative_to(course.FOLDER.parent).as_posix()

    @property
    def solution(self) -> Path:
        return SOLUTIONS / self.template.name

    @property
    def title(self) -> str:
        """The first line of its docstring, up to a colon or full stop."""
        text = self.template.read_text(encoding="utf-8")
        return re.split(r"[:.\n]", text.split('"""')[1], maxsplit=1)[0]

    def of(self, folder: Path) -> Path:
        """The reader's own file."""
        return folder / f"{self.name}.py"

    def begun(self, folder: Path) -> bool:
        """Whether the reader has changed anything."""
        own = self.of(folder)
        try:
            return own.is_file() and own.read_bytes() != self.template.read_bytes()
        except OSError:  # it cannot be read: that is what is to be shown
            return True


def all_exercises() -> list[Exercise]:
    """Every exercise, in the order of the lessons."""
    return [Exercise(path) for path in sorted(FOLDER.glob("[0-9][0-9]_*.py"))]


def choose(asked: str) -> Exercise:
    """The exercise of lesson "5" or "05", "linear_tanh", or the "last".

    Raises
    ------
    ValueError
        If there is none.
    """
    wanted = LAST if asked == "last" else asked
    for exercise in all_exercises():
        if wanted == exercise.name or (wanted.isdecimal() and int(wanted) == exercise.number):
            return exercise
    numbers = ", ".join(str(exercise.number) for exercise in all_exercises())
    raise ValueError(f"N={asked}: expected a lesson with an exercise ({numbers}) or last")


def prepare(folder: Path) -> list[Path]:
    """Copy what is missing into the reader's folder; returns the new files. Nothing is replaced.

    Raises
    ------
    ValueError
        If the folder cannot be written.
    """
    new = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for exercise in all_exercises():
            own = exercise.of(folder)
            if not own.exists():
                own.write_bytes(exercise.template.read_bytes())
                new.append(own)
    except OSError as error:
        raise ValueError(f"{folder}: {error.strerror or error}") from None
    return new


def contents() -> str:
    """The table at the end of workbook.md: a row for each exercise, with its parts."""
    rows = ["| lesson | exercise | file | what is judged |", "|---|---|---|---|"]
    for exercise in all_exercises():
        checks = importlib.import_module(f"lessons.workbook.checks.{exercise.name}")
        parts = ", ".join(f"`{check.__name__}`" for check in checks.PARTS)
        name = f"exercises/{exercise.template.name}"
        about = f"lesson {exercise.number} | {exercise.title} | [`{name}`]({name})"
        rows.append(f"| {about} | {parts} |")
    return "\n".join(rows) + "\n"


def write() -> None:
    """Renew the exercises from their solutions, and the table of workbook.md."""
    FOLDER.mkdir(exist_ok=True)
    for path in sorted(SOLUTIONS.glob("[0-9][0-9]_*.py")):
        text = dig(path.read_text(encoding="utf-8"), int(path.name[:2]))
        (FOLDER / path.name).write_text(text, encoding="utf-8")
        print(f"{path.name}: {holes(text)} holes", file=sys.stderr)
    text = PAGE.read_text(encoding="utf-8").partition("| lesson |")[0]
    PAGE.write_text(text + contents(), encoding="utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(description=write.__doc__).parse_args()
    write()
