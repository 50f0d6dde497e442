"""Where the outputs of lessons are kept, so that only what changed is run again.

A lesson is run again when its own code changes, which the cache sees by itself, and when anything
changes that all lessons use: minipose, the programs that draw people, and what lessons share.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

USED = ("minipose", "data_tools")  # by every lesson, so a change there runs all of them again


def cache_path(root: Path) -> Path:
    """A folder for the present state of what lessons use; those of earlier states are removed."""
    home = Path(os.environ.get("BOOK_CACHE") or root / "build" / "book-cache")
    path = home / fingerprint(root)
    if home.is_dir():
        for old in home.iterdir():
            if old != path and old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
    return path


def fingerprint(root: Path) -> str:
    """A short name for the content of all code that lessons use."""
    digest = hashlib.sha256()
    shared = sorted((root / "lessons").glob("[a-z]*.py"))
    for path in [p for name in USED for p in sorted((root / name).rglob("*.py"))] + shared:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
