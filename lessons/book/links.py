"""What a lesson names becomes a link: other lessons, files of minipose, and their functions."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from lessons import course

ROOT = Path(__file__).resolve().parents[2]
TOPS = ("minipose", "data_tools", "tests", "lessons")
# "lesson 7", "lessons 3, 5 and 8", "Lessons 13 to 20": the numbers in it are links.
NAMED = re.compile(r"\b[Ll]essons?\s+\d+(?:(?:,| and| or| to|–|, and)\s*\d+)*(?:’s|'s)?")
FILE = re.compile(r"(?:[\w.-]+/)*[\w-]+\.py")


class Links(SphinxPostTransform):
    """Numbers of lessons, and names of files in code, to where they lead."""

    default_priority = 5

    def run(self) -> None:
        """Replace them all over the document, but in headings, links and code of several lines."""
        for text in list(self.document.findall(nodes.Text)):
            if not _within(
                text, (nodes.reference, nodes.title, nodes.literal_block, nodes.literal)
            ):
                self._lessons(text)
        for literal in list(self.document.findall(nodes.literal)):
            path = source_of(literal.astext())
            if path and not _within(literal, (nodes.reference, nodes.title)):
                link = _link(literal.astext(), self._to(page_of(path)), literal=True)
                literal.parent.replace(literal, link)

    def _lessons(self, text: nodes.Text) -> None:
        words, made, at = text.astext(), [], 0
        for named in NAMED.finditer(words):
            for number in re.finditer(r"\d+", named[0]):
                name = lesson_names().get(int(number[0]))
                if name is None or name == self.env.docname:
                    continue
                # "lesson 7" is one link; of several numbers each is one.
                single = len(re.findall(r"\d+", named[0])) == 1
                start = named.start() + (0 if single else number.start())
                end = named.start() + number.end()
                made += [nodes.Text(words[at:start]), _link(words[start:end], self._to(name))]
                at = end
        if made:
            text.parent.replace(text, [*made, nodes.Text(words[at:])])

    def _to(self, page: str) -> str:
        return self.app.builder.get_relative_uri(self.env.docname, page)


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
        found = next((p for p in places if p.is_file()), None)
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


def _within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    parent = node.parent
    while parent is not None:
        if isinstance(parent, kinds):
            return True
        parent = parent.parent
    return False


def _link(words: str, address: str, literal: bool = False) -> nodes.reference:
    link = nodes.reference("", "", internal=True, refuri=address)
    link += nodes.literal(words, words) if literal else nodes.Text(words)
    return link
