"""The lessons as a course: which there are, what their headers say, and one run of each."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import time
import tokenize
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LIMIT = 60.0  # s, of any lesson
READING_LIMIT = 20.0  # minutes, of any lesson

# What reading costs. 200 words a minute is slow for prose: this prose holds equations. In code the
# names, numbers and strings are counted, not the lines, so that nobody gains by squeezing several
# statements into one; the lessons' lines hold six or seven each, which makes about 10 s a line.
PROSE_WORDS_A_MINUTE = 200.0
CODE_WORD_SECONDS = 1.5
CHAPTERS = {
    "The engine": range(1, 5),
    "A first network": range(5, 8),
    "Layers and descent": range(8, 17),
    "A pose from one image": range(17, 28),
    "A person in a picture": range(28, 37),
    "Harmonics": range(37, 40),
    "Speed": range(40, 44),
    "Your own photographs": range(44, 46),
}
HEADER = ("Question", "Read first", "Source", "Running time")


@dataclass(frozen=True)
class Lesson:
    """One script: its number, what its header says, its asserts, its reading time."""

    path: Path
    number: int
    title: str
    header: dict[str, str]
    asserts: int
    reading: float  # minutes

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
    """What one run of a lesson left: seconds, exit status, plots, and all that it printed."""

    lesson: Lesson
    seconds: float
    status: int
    plots: list[Path]
    output: str


def all_lessons() -> list[Lesson]:
    """Every lesson, in order."""
    return [read(path) for path in _paths()]


def _paths() -> list[Path]:
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def choose(number: str) -> Lesson:
    """The lesson of that number ("7" or "07").

    Raises
    ------
    ValueError
        If there is none.
    """
    paths = {int(path.name[:2]): path for path in _paths()}
    if number.isdecimal() and int(number) in paths:
        return read(paths[int(number)])  # this one only: to read them all takes a second
    numbers = ", ".join(map(str, paths))
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
    return Lesson(path, int(path.name[:2]), title[1], header, asserts, reading_minutes(text))


def reading_minutes(text: str) -> float:
    """Estimate how long somebody reads a lesson of this text, in minutes.

    Prose by its words, code by its names, numbers and strings: see the constants above.
    """
    prose = code = 0
    for cell in re.split(r"^# %%", text, flags=re.M)[1:]:
        kind, _, content = cell.partition("\n")
        if "[markdown]" in kind:
            prose += len(re.sub(r"^# ?", "", content, flags=re.M).split())
        else:
            code += code_words(content)
    return prose / PROSE_WORDS_A_MINUTE + code * CODE_WORD_SECONDS / 60


def code_words(code: str) -> int:
    """Names, numbers and strings. An f-string is one word, as Python until 3.11 reads it; later
    Pythons read what stands in its braces, too.
    """
    counted = (tokenize.NAME, tokenize.NUMBER, tokenize.STRING)
    begin, end = (getattr(tokenize, f"FSTRING_{name}", None) for name in ("START", "END"))
    words = depth = 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if depth == 0 and token.type in (*counted, begin):
            words += 1
        depth += (token.type == begin) - (token.type == end)
    return words


def run(lesson: Lesson, plots: Path, *flags: str) -> Outcome:
    """Run a lesson in a process of its own; its plots go to the folder ``plots``.

    The flags are those of ``lessons.play``: ``--answers`` and ``--tries``.
    """
    for old in plots.glob(f"{lesson.name}*.png"):
        old.unlink()
    environment = os.environ | {"LESSONS_OUT": str(plots), "PYTHONUNBUFFERED": "1"}
    paths = [str(FOLDER.parent), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "lessons.play", str(lesson.path), *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    seconds = time.perf_counter() - start
    made = sorted(plots.glob(f"{lesson.name}*.png"))
    return Outcome(lesson, seconds, done.returncode, made, done.stdout)
