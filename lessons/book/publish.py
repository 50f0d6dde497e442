"""The finished book as a folder for any static host: what Sphinx needs for itself is left out."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from lessons.book.check import problems
from minipose.errors import Parser, UserError
from minipose.storage import atomic_folder

LEFT_OUT = (
    ".buildinfo",
    ".buildinfo.bak",
    ".doctrees",
    "objects.inv",
    "_sources",
    "jupyter_execute",
)


def publish(book: Path, site: Path) -> tuple[int, int]:
    """Copy the book; returns how many files there are and how many bytes they have.

    Raises
    ------
    UserError
        If there is no book, or one of its addresses leads nowhere.
    """
    if not (book / "index.html").is_file():
        raise UserError(f"{book}: no index.html, expected the book that `make book` makes")
    wrong = problems(book)
    if wrong:
        raise UserError(f"{wrong[0]} (and {len(wrong) - 1} more)")
    if site.exists():
        shutil.rmtree(site)
    site.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(site) as partial:
        shutil.copytree(book, partial, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
        # Some hosts hide what begins with an underscore, unless this file is there.
        (partial / ".nojekyll").touch()
    files = [path for path in site.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)


def main(arguments: list[str]) -> int:
    """0 done, 1 failed with one line."""
    parser = Parser(prog="python -m lessons.book.publish", description=__doc__.partition("\n")[0])
    parser.add_argument("book", type=Path, help="folder that Sphinx wrote")
    parser.add_argument("site", type=Path, help="folder to make")
    args = parser.parse_args(arguments)
    try:
        files, size = publish(args.book, args.site)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{args.site}: {files} files, {size / 2**20:.1f} MiB; put it on any static host as it is")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
