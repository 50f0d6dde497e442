"""A page for every file that a lesson names or uses: its text, the lessons about it, its tests."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from lessons import course
from lessons.book.files import FILE, ROOT, page_of, source_of, used_by


@cache
def used(lesson: Path) -> list[Path]:
    """The files that a lesson is about: those that it names or uses."""
    text = lesson.read_text(encoding="utf-8")
    named = {source_of(name) for name in FILE.findall(text)} - {None}
    return sorted({*used_by(text), *named})


@cache
def tests_of() -> dict[Path, list[Path]]:
    """The tests of each file: those that import it, or bear its name in the folder of its name."""
    found: dict[Path, set[Path]] = defaultdict(set)
    by_name = {path.stem: path for path in ROOT.glob("minipose/**/*.py")}
    for test in sorted(ROOT.glob("tests/**/test_*.py")):
        for path in imported(test.read_text(encoding="utf-8")):
            found[path].add(test)
        own = by_name.get(test.stem.removeprefix("test_"))
        if own:
            found[own].add(test)
    tables = ROOT / "tests/ops/tables.py"  # one row for each op, and every check of it
    for path in (ROOT / "minipose/ops").glob("[a-z]*.py"):
        found[path] |= {tables} if tables.is_file() else set()
    # A test that imports half of the project says little of each part of it.
    breadth = defaultdict(int)
    for tests in found.values():
        for test in tests:
            breadth[test] += 1
    return {path: sorted(tests, key=lambda t: (breadth[t], t))[:5] for path, tests in found.items()}


def imported(text: str) -> set[Path]:
    """The files of minipose that a module imports names from."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minipose"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {source_of(name) for name in [node.module, *names]}
    return {path for path in found if path and path.name != "__init__.py"}


def about(lesson: Path) -> str:
    """What stands at the end of a lesson, in Markdown: where minipose has it, and its tests."""
    paths = [path for path in used(lesson) if path.is_relative_to(ROOT / "minipose")]
    paths = [path for path in paths if path.suffix == ".py"]
    if not paths:
        return ""
    lines = ["## Where minipose has it, and what tests it", ""]
    for path in paths:
        tests = ", ".join(
            f"`{test.relative_to(ROOT).as_posix()}`" for test in tests_of().get(path, [])
        )
        name = path.relative_to(ROOT).as_posix()
        lines.append(f"- `{name}`{f': {tests}' if tests else ''}")
    return "\n".join(lines)


def shown() -> list[Path]:
    """Every file that has a page."""
    paths = {path for lesson in course.all_lessons() for path in used(lesson.path)}
    paths |= {test for path in paths for test in tests_of().get(path, [])}
    return sorted(paths)


def pages(app: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Sphinx: the pages, none of which is a document."""
    lessons: dict[Path, list[course.Lesson]] = defaultdict(list)
    for lesson in course.all_lessons():
        for path in used(lesson.path):
            lessons[path].append(lesson)
    formatter = HtmlFormatter(nowrap=False, linenos=False, anchorlinenos=False)
    for path in shown():
        name = path.relative_to(ROOT).as_posix()
        page = page_of(path)

        def to(other: str, page: str = page) -> str:
            return app.builder.get_relative_uri(page, other)

        tests = tests_of().get(path, [])
        links = {
            "Lessons": [(f"{one.number} · {one.title}", to(one.name)) for one in lessons[path]],
            "Tests": [(t.relative_to(ROOT).as_posix(), to(page_of(t))) for t in tests],
        }
        body = f"<h1><code>{escape(name)}</code></h1>"
        for title, some in links.items():
            made = ", ".join(f'<a href="{where}">{escape(words)}</a>' for words, where in some)
            body += f"<p>{title}: {made}</p>" if made else ""
        text = path.read_text(encoding="utf-8")
        is_code = path.suffix == ".py"
        shown_text = highlight(text, PythonLexer(), formatter) if is_code else prose(text)
        body = f'<div class="source-page{"" if is_code else " prose"}">{body}{shown_text}</div>'
        yield page, {"title": name, "body": body}, "page.html"


def prose(text: str) -> str:
    """A page of docs as HTML, without its links and pictures, which may lead out of the book."""
    from markdown_it import MarkdownIt  # which comes with myst-nb

    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    made = re.sub(r"</?a\b[^>]*>", "", made)
    made = re.sub(r'<img [^>]*?alt="([^"]*)"[^>]*>', r"<em>\1</em>", made)
    made = made.replace("<table>", '<div class="table-wrapper"><table class="docutils">')
    made = made.replace("</table>", "</table></div>")
    return re.sub(
        r"<pre>(.*?)</pre>", r'<div class="highlight"><pre>\1</pre></div>', made, flags=re.S
    )
