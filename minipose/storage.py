"""Files that are there whole or not at all: write beside, flush to the disk, then replace."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from minipose.errors import UserError
from minipose.locks import claimed, hold
from minipose.refusals import in_words, note_size

_PARTIAL = re.compile(r"\..*\.(\d+)\.partial(\.[^.]*)?")


@contextlib.contextmanager
def atomic(
    path: str | os.PathLike, durable: bool = True, needed: int | None = None
) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it takes the place of ``path`` at the end.

    On success the written file is flushed to the disk and replaces the target in one step, so a
    crash leaves the old file or the new one, never half of either. On an exception it is removed
    and the old file stays. The name keeps the target's ending, by which some libraries choose the
    file format. An empty file is there already, made by this process: no link is followed.

    Parameters
    ----------
    durable : flush before replacing. That takes milliseconds; without it a process that is killed
        still leaves no half file, but a machine that loses its power may: for thousands of small
        files that can be made again.
    needed : bytes that it will have, where that is known, for the message of a full disk

    Raises
    ------
    CannotWrite
        If the disk is full, cannot be written, or has gone.

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
    with in_words(path, needed):
        partial, descriptor = new_partial(path)
        try:
            yield partial
            put_in_place(partial, path, durable)
        except BaseException as error:
            note_size(error, partial)
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a new folder beside ``path``, which takes its name at the end, with all that is in it.

    On an exception it is removed. What stands at ``path`` must be an empty folder or nothing.
    """
    path = Path(path)
    partial = partial_path(path)
    with in_words(path):
        _remove(partial)
        partial.mkdir(parents=True)
        descriptor = os.open(partial, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        hold(descriptor)
        try:
            yield partial
            os.replace(partial, path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def own_folder(folder: str | os.PathLike) -> Iterator[None]:
    """Inside, nobody else writes into this folder, which is made if need be.

    Raises
    ------
    Taken
        If another process does.
    CannotWrite
        If its disk is read-only or gone.
    """
    with contextlib.ExitStack() as held:
        with in_words(folder):
            held.enter_context(claimed(folder, folder=True))
        yield


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


def expect_file(path: str | os.PathLike) -> Path:
    """The path, if a file could be put there: said before hours of work, not after.

    Raises
    ------
    UserError
        If it is a folder, or what should be a folder above it is a file.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: a folder, expected a file name")
    expect_folder(path.parent)
    return path


def partial_path(path: str | os.PathLike) -> Path:
    """Where this process writes what becomes ``path``: two processes never share the place."""
    path = Path(path)
    return path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")


def new_partial(path: str | os.PathLike) -> tuple[Path, int]:
    """A new empty file to write ``path`` in, and an open descriptor that marks it as in use.

    What stands there, a link for instance, is removed and never followed.
    """
    partial = partial_path(path)
    while True:
        _remove(partial)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(partial, flags, 0o666)
        hold(descriptor)
        if _same(descriptor, partial):
            return partial, descriptor
        os.close(descriptor)  # somebody tidied up just before it was marked


def put_in_place(partial: Path, path: str | os.PathLike, durable: bool = True) -> None:
    """Flush a finished file to the disk, then let it replace ``path`` in one step.

    Raises
    ------
    FileNotFoundError
        If nothing was written, or a link stands there by now.
    """
    about = os.lstat(partial)
    if not stat.S_ISREG(about.st_mode) or about.st_nlink > 1 or about.st_size == 0:
        raise FileNotFoundError(f"{partial}: nothing was written to this file")
    if durable:
        flush(partial)
    os.replace(partial, path)
    if durable:
        _flush_folder(Path(path).parent)


def flush(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def write_text(path: str | os.PathLike, text: str, durable: bool = True) -> None:
    """Write a text file, whole or not at all; ``durable`` as in ``atomic``."""
    write_bytes(path, text.encode(), durable)


def write_bytes(path: str | os.PathLike, content: bytes, durable: bool = True) -> None:
    """Write a file, whole or not at all; ``durable`` as in ``atomic``."""
    with atomic(path, durable, len(content)) as partial:
        partial.write_bytes(content)


def remove_abandoned(folder: Path, of: str = "*") -> None:
    """Remove the partial files and folders in ``folder`` that killed processes have left behind.

    Parameters
    ----------
    of : only those of the file of this name
    """
    for path in folder.glob(".*.partial*"):
        match = _PARTIAL.fullmatch(path.name)
        if match and of in ("*", f"{path.name[1 : match.start(1) - 1]}{match[2] or ''}"):
            if path.is_symlink() or not _in_use(path, int(match[1])):
                _remove(path)


def _in_use(path: Path, process: int) -> bool:
    """Whether a process that lives marks it as its own; for a folder or file alike."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return path.exists()
    try:
        held = hold(descriptor)
    finally:
        os.close(descriptor)
    return _runs(process) if held is None else not held


def _runs(process: int) -> bool:
    """The next best thing, where there are no locks; another machine's processes are not seen."""
    if os.name != "posix":
        return True  # no harmless way to ask
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _same(descriptor: int, path: Path) -> bool:
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """So that the new name, too, survives a loss of power; not every file system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
