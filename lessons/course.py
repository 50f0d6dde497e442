"""The lessons as a course: which there are, what their headers say, and one run of each."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LIMIT = 60.0  # s, of any lesson
CHAPTERS = {
    "The engine": range(1, 7),
    "The layers": range(7, 13),
    "A pose from one image": range(13, 21),
    "A person in a picture": range(21, 28),
    "Harmonics": range(28, 32),
    "Beyond": range(32, 35),
}
HEADER = ("Question", "Read first", "Source", "Running time")


@dataclass(frozen=True)
class Lesson:
    """One script: its number, what its header says and how many asserts it holds."""

    path: Path
    number: int
    title: str
    header: dict[str, str]
    asserts: int

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def chapter(self) -> str:
        return next(name for name, numbers in CHAPTERS.items() if self.number in numbers)

    @property
    def budget(self) -> float:
        """The running time that the header promises ("Under 5 s"), in s."""
        return float(re.search(r"[Uu]nder (\d+) s", self.header["Running time"])[1])


@dataclass(frozen=True)
class Outcome:
    """What one run of a lesson left: seconds, exit status, figures, and all that it printed."""

    lesson: Lesson
    seconds: float
    status: int
    figures: list[Path]
    output: str


def all_lessons() -> list[Lesson]:
    """Every lesson, in order."""
    return [read(path) for path in sorted(FOLDER.glob("[0-9][0-9]_*.py"))]


def choose(number: str) -> Lesson:
    """The lesson of that number ("7" or "07").

    Raises
    ------
    ValueError
        If there is none.
    """
    lessons = all_lessons()
    for lesson in lessons:
        if number.isdecimal() and lesson.number == int(number):
            return lesson
    numbers = ", ".join(str(lesson.number) for lesson in lessons)
    raise ValueError(f"lesson: expected one of {numbers}; got {number!r}")


def read(path: Path) -> Lesson:
    """Take title and header from the first cell; count the assert statements."""
    text = path.read_text(encoding="utf-8")
    first = re.sub(r"^# ?", "", text.split("# %%")[1], flags=re.M)
    title = re.search(r"^# \d+ · (.+)$", first, flags=re.M)
    entries = re.findall(r"^- \*\*(.+?)\.\*\* (.+(?:\n  .+)*)", first, flags=re.M)
    header = {key: " ".join(value.split()) for key, value in entries}
    if title is None or tuple(header) != HEADER:
        raise ValueError(f"{path.name}: expected a title '# N · …' and a list of {HEADER}")
    asserts = sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(text)))
    return Lesson(path, int(path.name[:2]), title[1], header, asserts)


def run(lesson: Lesson, figures: Path, answers: bool = False) -> Outcome:
    """Run a lesson in a process of its own; its figures go to the folder ``figures``."""
    for old in figures.glob(f"{lesson.name}*.png"):
        old.unlink()
    environment = os.environ | {"LESSONS_OUT": str(figures), "PYTHONUNBUFFERED": "1"}
    environment.pop("LESSONS_ANSWERS", None)
    environment |= {"LESSONS_ANSWERS": "1"} if answers else {}
    paths = [str(FOLDER.parent), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(lesson.path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    seconds = time.perf_counter() - start
    made = sorted(figures.glob(f"{lesson.name}*.png"))
    return Outcome(lesson, seconds, done.returncode, made, done.stdout)
