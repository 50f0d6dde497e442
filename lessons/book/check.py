"""Is every address of the book's pages there, and none of them elsewhere? Has every picture words?

``python -m lessons.book.check build/book`` prints what is wrong, a line each.
"""

from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from minipose.errors import Parser

NAMED = ("https://www.sphinx-doc.org/", "https://pradyunsg.me", "https://github.com/pradyunsg/furo")


class Page(HTMLParser):
    """The addresses, names and pictures of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: set[str] = set()
        self.silent: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what an element refers to and what it is called."""
        given = {name: value or "" for name, value in attributes}
        for name in ("href", "src"):
            if name in given:
                self.addresses.append(given[name])
                if tag in ("script", "img", "iframe") or given.get("rel") == "stylesheet":
                    self.loaded.append(given[name])
        self.names |= {given[name] for name in ("id", "name") if name in given}
        if tag == "img" and not given.get("alt", "").strip():
            self.silent.append(given.get("src", ""))


@cache
def page(path: Path) -> Page:
    """A page, read once."""
    return Page(path.read_text(encoding="utf-8"))


def problems(book: Path) -> list[str]:
    """What is wrong in the book, a line each."""
    found = []
    for path in sorted(book.rglob("*.html")):
        name = path.relative_to(book).as_posix()
        found += [f"{name}: a picture without words: {src}" for src in page(path).silent]
        for address in dict.fromkeys(page(path).addresses):
            why = _wrong(book, path, address)
            if why:
                found.append(f"{name}: {why}: {address}")
    return found


def _wrong(book: Path, path: Path, address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme in ("http", "https") or parts.netloc:
        if address in page(path).loaded:
            return "loads from a network"
        return "" if address.startswith(NAMED) else "leads out of the book"
    if parts.scheme or address in ("", "#"):
        return ""
    target = path if not parts.path else path.parent / unquote(parts.path)
    if parts.path.startswith("/"):
        return "begins at the root of the host"
    if not target.is_file():
        return "leads nowhere"
    if not target.resolve().is_relative_to(book.resolve()):
        return "leads out of the folder"
    fragment = unquote(parts.fragment)
    if fragment and target.suffix == ".html" and fragment not in page(target.resolve()).names:
        return "has no such place"
    return ""


def main(arguments: list[str]) -> int:
    """Print the problems; 1 if there are any, or no book."""
    parser = Parser(prog="python -m lessons.book.check", description=__doc__.partition("\n")[0])
    parser.add_argument("book", type=Path, help="folder that Sphinx wrote")
    book = parser.parse_args(arguments).book
    found = problems(book) if (book / "index.html").is_file() else [f"{book}: no index.html"]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
