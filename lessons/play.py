"""Run one lesson in this process (``python -m lessons.play FILE``).

The answers stand in a file of their own, ``answers/`` and the lesson's name. They go on where the
lesson ends, with all its names, so what they say is computed by what the lesson has just done.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from minipose.errors import Parser

FOLDER = Path(__file__).resolve().parent
CHANGE = re.compile(r"^(\w+) = (.+?)  # try (.+)$", flags=re.M)


def main(arguments: list[str]) -> None:
    parser = Parser(prog="python -m lessons.play", description=__doc__.partition("\n")[0])
    parser.add_argument("lesson", type=Path, help="its file")
    parser.add_argument("--answers", action="store_true", help="its answers, too")
    parser.add_argument("--tries", action="store_true", help="and every change that it offers")
    args = parser.parse_args(arguments)
    path = args.lesson
    sys.path.insert(0, str(FOLDER))
    names = {"__name__": "__main__", "__file__": str(path)}
    text = path.read_text(encoding="utf-8")
    _execute(text, path, names)
    if args.answers:
        answers = answers_of(path)
        _execute(answers.read_text(encoding="utf-8"), answers, names)
    if args.tries:
        for changed in tries(text):
            _execute(changed, path, names)


def answers_of(path: Path) -> Path:
    """The file with the answers to the lesson ``path``."""
    return path.parent / "answers" / path.name


def exercise(text: str) -> str:
    """The cell of a lesson that is meant to be changed.

    Raises
    ------
    ValueError
        If there is not exactly one.
    """
    cells = re.split(r"^# %%", text, flags=re.M)
    found = [cell for cell in cells if cell.startswith(' tags=["change-this"]\n')]
    if len(found) != 1:
        raise ValueError(f"expected one cell with the tag change-this, found {len(found)}")
    return found[0].split("\n", 1)[1]


def tries(text: str) -> list[str]:
    """The cell that is meant to be changed, once for each value that its first line offers.

    The line reads ``NAME = value  # try one, another``.
    """
    cell = exercise(text)
    line = CHANGE.search(cell)
    if line is None:
        raise ValueError("expected a line 'NAME = value  # try one, another' in that cell")
    offered = ast.parse(f"({line[3]},)", mode="eval").body.elts
    values = [ast.get_source_segment(f"({line[3]},)", value) for value in offered]
    head, tail = cell[: line.start()], cell[line.end() :]
    return [f"{head}{line[1]} = {value}{tail}" for value in values]


def _execute(text: str, path: Path, names: dict[str, object]) -> None:
    exec(compile(text, str(path), "exec"), names)


if __name__ == "__main__":
    main(sys.argv[1:])
