"""Files that are there whole or not at all: write beside, flush to the disk, then replace."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from minipose.errors import UserError

_PARTIAL = re.compile(r"\..*\.(\d+)\.partial(\.[^.]*)?")


@contextlib.contextmanager
def atomic(path: str | os.PathLike, durable: bool = True) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it takes the place of ``path`` at the end.

    On success the written file is flushed to the disk and replaces the target in one step, so a
    crash leaves the old file or the new one, never half of either. On an exception it is removed
    and the old file stays. The name keeps the target's ending, by which some libraries choose the
    file format.

    Parameters
    ----------
    durable : flush before replacing. That takes milliseconds; without it a process that is killed
        still leaves no half file, but a machine that loses its power may: for thousands of small
        files that can be made again.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic(target) as partial:
    ...     _ = partial.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    partial = partial_path(path)
    partial.unlink(missing_ok=True)  # whatever stands there, a link for instance, is not followed
    try:
        yield partial
        put_in_place(partial, path, durable)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a new folder beside ``path``, which takes its name at the end, with all that is in it.

    On an exception it is removed. What stands at ``path`` must be an empty folder or nothing.
    """
    path = Path(path)
    partial = partial_path(path)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def expect_folder(path: str | os.PathLike) -> Path:
    """The path, if it is a folder or one could be made there.

    Raises
    ------
    UserError
        If it, or what should be a folder above it, is a file.
    """
    path = Path(path)
    there = next((place for place in (path, *path.parents) if place.exists()), path)
    if there.exists() and not there.is_dir():
        raise UserError(f"{there}: a file, expected a folder")
    return path


def partial_path(path: str | os.PathLike) -> Path:
    """Where this process writes what becomes ``path``: two processes never share the place."""
    path = Path(path)
    return path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")


def put_in_place(partial: Path, path: str | os.PathLike, durable: bool = True) -> None:
    """Flush a finished file to the disk, then let it replace ``path`` in one step."""
    if durable:
        flush(partial)
    os.replace(partial, path)


def flush(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def write_text(path: str | os.PathLike, text: str, durable: bool = True) -> None:
    """Write a text file, whole or not at all; ``durable`` as in ``atomic``."""
    with atomic(path, durable) as partial:
        partial.write_text(text, encoding="utf-8")


def remove_abandoned(folder: Path) -> None:
    """Remove the partial files and folders in ``folder`` that killed processes have left behind."""
    for path in folder.glob(".*.partial*"):
        match = _PARTIAL.fullmatch(path.name)
        if match and not _runs(int(match[1])):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if os.name != "posix":
        return True  # no harmless way to ask
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
