"""Check what a reader has written: ``python -m lessons.workbook 7``, or a table of all."""

from __future__ import annotations

import io
import os
import sys
import textwrap
from contextlib import redirect_stdout
from pathlib import Path

from lessons.workbook.examine import DONE, WRONG, Result, examine
from lessons.workbook.pages import MINE, Exercise, all_exercises, choose, prepare
from minipose.errors import Parser

WIDTH = 100  # columns


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m lessons.workbook",
        description="Check the exercise of a lesson, or show a table of all.",
    )
    parser.add_argument("number", nargs="?", help="the lesson, for instance 7; or last")
    parser.add_argument(
        "--mine", type=Path, default=MINE, help="folder of your own files (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        chosen = choose(options.number) if options.number is not None else None
        folder = options.mine.resolve()
        new = prepare(folder)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if new:
        files = "1 new file" if len(new) == 1 else f"{len(new)} new files"
        print(f"{files} in {os.path.relpath(folder)}: yours, to be filled in.\n")
    sys.stdin = io.StringIO()  # nobody answers an input()
    try:
        return table(folder) if chosen is None else one(chosen, folder)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads has seen enough: | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def one(exercise: Exercise, folder: Path) -> int:
    """All parts of one exercise, each with what is wrong."""
    print(f"lesson {exercise.number} · {os.path.relpath(exercise.of(folder))}: {exercise.title}")
    results = examine(exercise, folder)
    for result in results:
        print(_lines(result))
    done = sum(result.verdict == DONE for result in results)
    if done == len(results):
        print(f"All is done. Another way to write it: {os.path.relpath(exercise.solution)}")
        return 0
    print(f"{done} of {len(results)} done. To read: make lesson N={exercise.number}")
    return 1


def _lines(result: Result) -> str:
    head = f"  {result.verdict:10}{result.part}"
    if result.verdict != WRONG:
        return f"{head}: {result.message}" if result.message else head
    text = result.message.removeprefix(f"{result.part}: ")
    indent = " " * 14
    return (
        head
        + "\n"
        + textwrap.fill(
            text,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def table(folder: Path) -> int:
    """A row for each exercise; what is not begun is not run."""
    finished, wrong = 0, 0
    exercises = all_exercises()
    for exercise in exercises:
        verdict = "not begun"
        if exercise.begun(folder):
            with redirect_stdout(io.StringIO()):  # what a reader prints is for make check N=
                results = examine(exercise, folder)
            done = sum(result.verdict == DONE for result in results)
            finished += done == len(results)
            faults = [result.part for result in results if result.verdict == WRONG]
            wrong += bool(faults)
            verdict = "done" if done == len(results) else f"{done} of {len(results)}"
            verdict += f"; wrong: {', '.join(faults)}" if faults else ""
        print(f"{exercise.number:3} {exercise.title:48} {exercise.of(folder).name:19} {verdict}")
    print(f"{finished} of {len(exercises)} exercises are done.", end=" ")
    print("One of them, and what is wrong in it: make check N=1")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
