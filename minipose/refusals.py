"""What a disk refuses, in one line: full, read-only, gone."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from minipose.errors import UserError

_OF_A_DISK = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "ENODEV", "ENXIO", "ESTALE")
    if hasattr(errno, name)
}
_OF_A_PLACE = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY}


class CannotWrite(UserError, OSError):
    """A file could not be written: which one, why, and how much room there was."""


@contextlib.contextmanager
def in_words(path: str | os.PathLike, needed: int | None = None) -> Iterator[None]:
    """What the disk refuses while ``path`` is written becomes one line that names it.

    Raises
    ------
    CannotWrite
        For a full disk, also how much was to be written and how much is free.
    """
    try:
        yield
    except CannotWrite:
        raise
    except OSError as error:
        if not _is_of(error, Path(path)):
            raise
        raise refusal(path, error, needed) from None


def refusal(path: str | os.PathLike, error: OSError, needed: int | None = None) -> CannotWrite:
    """A disk's refusal in one line."""
    reason = (os.strerror(error.errno) if error.errno else str(error)).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        needed = needed or getattr(error, "written", None)
        wanted = f"it needs {in_units(needed)} or more" if needed else ""
        reason = "; ".join([reason, *filter(None, [wanted, _free(Path(path))])])
    return CannotWrite(f"{path}: {reason}; what stood there before is as it was")


def in_units(count: int) -> str:
    """A number of bytes for people: 1234567 is 1.2 MB."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _free(path: Path) -> str:
    try:
        return f"{in_units(shutil.disk_usage(path.parent).free)} are free on its disk"
    except OSError:
        return ""


def _is_of(error: OSError, path: Path) -> bool:
    """Whether an error comes from writing ``path``, and not from reading something else."""
    if error.errno in _OF_A_DISK:
        return True
    names = (error.filename, error.filename2)  # a file that is open may be named by its number
    named = [Path(os.fsdecode(n)) for n in names if isinstance(n, (str, bytes, os.PathLike))]
    here = path.absolute()
    near = (here, *here.parents)
    inside = any(n.absolute() in near or n.absolute().parent == here for n in named)
    beside = any(n.absolute().parent == here.parent and ".partial" in n.name for n in named)
    return error.errno in _OF_A_PLACE and (inside or beside)


def note_size(error: BaseException, partial: Path) -> None:
    """Keep with a failure how much was written before it."""
    if isinstance(error, OSError):
        with contextlib.suppress(OSError, AttributeError):
            error.written = partial.stat().st_size
