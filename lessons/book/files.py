"""Which files and lessons are meant by what stands in a lesson, and which files its code uses."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path

from lessons import course

ROOT = Path(__file__).resolve().parents[2]
TOPS = ("minipose", "data_tools", "tests", "lessons", "docs")
# "lesson 7", "lessons 3, 5 and 8", "Lessons 13 to 20": the numbers in it are links.
NAMED = re.compile(r"\b[Ll]essons?\s+\d+(?:(?:,| and| or| to|–|, and)\s*\d+)*(?:’s|'s)?")
FILE = re.compile(r"(?:[\w.-]+/)*[\w-]+\.py|(?:[\w.-]+/)+[\w-]+\.md")


@cache
def lesson_names() -> dict[int, str]:
    """The page of each lesson by its number."""
    return {lesson.number: lesson.name for lesson in course.all_lessons()}


def page_of(path: Path) -> str:
    """The page that shows a file of the project."""
    return f"source/{path.relative_to(ROOT).as_posix()}"


def source_of(name: str) -> Path | None:
    """The file that is meant by "minipose/kernels/im2col.py", "minipose.ops.conv" or its like."""
    if FILE.fullmatch(name):
        places = [ROOT / name, *(ROOT / top / name for top in TOPS)]
        mine = ROOT / "lessons" / "mine"  # a reader's own: not a page of the book
        found = next((p for p in places if p.is_file() and mine not in p.parents), None)
        return found if found and found.relative_to(ROOT).parts[0] in TOPS else None
    if re.fullmatch(r"(?:minipose|data_tools)(?:\.\w+)+", name):
        parts = name.split(".")
        for length in range(len(parts), 1, -1):
            stem = ROOT.joinpath(*parts[:length])
            for path in (stem.with_suffix(".py"), stem / "__init__.py"):
                if path.is_file():
                    return path
    return None


def used_by(text: str) -> list[Path]:
    """The files of minipose that the code of a lesson uses, by its imports and ``ops.conv2d``."""
    tree = ast.parse(text)
    modules: dict[str, str] = {}
    found: dict[Path, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                modules[alias.asname or alias.name] = alias.name
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minipose"):
            for alias in node.names:
                if is_module(f"{node.module}.{alias.name}"):
                    modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                else:
                    _add(found, node.module, alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = _dotted(node.value, modules)
            if owner and owner.startswith("minipose"):
                _add(found, owner, node.attr)
    return sorted(found)


def is_module(name: str) -> bool:
    """Whether there is such a module of the project."""
    stem = ROOT.joinpath(*name.split("."))
    return stem.with_suffix(".py").is_file() or (stem / "__init__.py").is_file()


def _dotted(node: ast.AST, modules: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value, modules)
        return f"{owner}.{node.attr}" if owner else None
    return None


def _add(found: dict[Path, None], module: str, name: str) -> None:
    """Note where a name of a module is really defined."""
    if not is_module(module):
        return
    thing = getattr(importlib.import_module(module), name, None)
    if inspect.isfunction(thing) or inspect.isclass(thing):
        path = source_of(thing.__module__)
    else:
        path = source_of(module)
    if path and path.name != "__init__.py" and path.is_relative_to(ROOT / "minipose"):
        found[path] = None


def links_in(words: str, own: str = "") -> list[tuple[int, int, str]]:
    """Where lessons are named: (from, to, page), without the lesson ``own``.

    >>> [words for words in links_in("Lessons 1 and 99 are not lesson 99.")]
    [(8, 9, '01_engine')]
    """
    found = []
    for named in NAMED.finditer(words):
        numbers = list(re.finditer(r"\d+", named[0]))
        for number in numbers:
            name = lesson_names().get(int(number[0]))
            if name is not None and name != own:
                # "lesson 7" is one link; of several numbers each is one.
                begin = 0 if len(numbers) == 1 else number.start()
                found.append((named.start() + begin, named.start() + number.end(), name))
    return found
