"""A part of a page that a program writes, between two marks that readers do not see."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write_between(page: Path, name: str, lines: Iterable[str]) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``."""
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, begins, rest = page.read_text(encoding="utf-8").partition(first)
    _, ends, after = rest.partition(last)
    if not (begins and ends):
        raise ValueError(f"{page}: expected {first.strip()} and {last}")
    text = "".join([before, first, "\n", "\n".join(lines), "\n\n", last, after])
    page.write_text(text, encoding="utf-8")
