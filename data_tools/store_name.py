"""``python data_tools/store_name.py DATA``: a name for the store that is made of DATA.

The name tells of the content: two folders called alike get two stores, and so does a folder in
which a file has come, gone or changed. It is the folder's own name and a hash of the paths, sizes
and times of all files below it; nothing is opened. Only Python's library is used, so that any
interpreter can tell the name before minipose's environment is there.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

DIGITS = 10  # of the hash, 4 bits each


def store_name(data: str | os.PathLike) -> str:
    """``photos-3f09a1c24b`` for /any/where/photos; letters that Make handles, the rest hyphens.

    Raises
    ------
    OSError
        If there is no such file or folder.
    """
    path = Path(data).expanduser().resolve(strict=True)
    content = hashlib.sha256()
    for name, size, changed in _listing(path):
        content.update(os.fsencode(name) + f"\0{size}\0{changed}\n".encode())
    plain = re.sub(r"[^\w.+-]", "-", path.name) or "data"
    return f"{plain}-{content.hexdigest()[:DIGITS]}"


def _listing(path: Path) -> list[tuple[str, int, int]]:
    """Path below ``path``, size and time of change of every file; hidden ones do not count."""
    if path.is_file():
        about = path.stat()
        return [(path.name, about.st_size, about.st_mtime_ns)]
    found, seen = [], set()
    for place, folders, files in os.walk(path, followlinks=True):
        about = os.stat(place)
        if (about.st_dev, about.st_ino) in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            whole = os.path.join(place, name)
            if name.startswith(".") or not os.path.exists(whole):
                continue
            about = os.stat(whole)
            found.append((os.path.relpath(whole, path), about.st_size, about.st_mtime_ns))
    return sorted(found)


def main(argv: list[str] | None = None) -> int:
    """Print the name. Returns the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if len(argv) != 1:
        print("usage: store_name.py DATA", file=sys.stderr)
        return 2
    try:
        print(store_name(argv[0]))
    except OSError as error:
        print(f"error: {argv[0]}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
