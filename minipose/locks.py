"""A folder or file that one process has to itself; the lock ends with the process, however it ends.

The operating system holds the lock (``flock``), so none is ever left behind by a process that was
killed. The file of the lock says who holds it, for the one who has to wait.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from minipose.errors import UserError

try:
    import fcntl
except ImportError:  # not a POSIX system: nothing is locked there
    fcntl = None

FOLDER = ".lock"  # in a folder that is claimed
LOOK_EVERY = 0.2  # s, while waiting


class Taken(UserError):
    """Another process has the folder or file to itself; the message names it."""


@contextlib.contextmanager
def claimed(path: str | os.PathLike, folder: bool = False, wait: bool = False) -> Iterator[None]:
    """Inside, nobody else who asks in this way can write ``path``.

    Parameters
    ----------
    folder : ``path`` is a folder, which is made if need be; its lock is the file ``.lock`` in it.
        Else it is a file, and its lock the file ``.<name>.lock`` beside it.
    wait : until it is free, saying once for whom, instead of raising

    Raises
    ------
    Taken
        If another process has it: its number, machine, command, and since when.
    """
    lock = lock_path(path, folder)
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _take(lock, path, wait)
    try:
        yield
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.unlink(lock)  # while it is held: whoever waits sees that the file is another
            os.close(descriptor)


def lock_path(path: str | os.PathLike, folder: bool = False) -> Path:
    """The file whose lock stands for ``path``."""
    path = Path(path)
    return path / FOLDER if folder else path.with_name(f".{path.name}.lock")


def hold(descriptor: int) -> bool | None:
    """Lock an open file without waiting: whether that worked; None where nothing can be locked."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True


def _take(lock: Path, path: str | os.PathLike, wait: bool) -> int | None:
    """An open descriptor that holds the lock; None where there are no locks."""
    told = False
    while True:
        # Never through a link that somebody planted, and not handed to other programs.
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        if hold(descriptor) is not False:
            if _is_the_file(descriptor, lock):
                _sign(descriptor)
                return descriptor
            os.close(descriptor)  # its holder ended, and removed it, in the meantime
            continue
        holder = "" if told else _read(descriptor)
        os.close(descriptor)
        if not wait:
            raise Taken(
                f"{path}: in use by {holder}; wait until it has ended, or choose another place"
            )
        if not told:
            print(f"{path}: waiting for {holder}", file=sys.stderr, flush=True)
            told = True
        time.sleep(LOOK_EVERY)


def _is_the_file(descriptor: int, lock: Path) -> bool:
    try:
        there = os.lstat(lock)
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _sign(descriptor: int) -> None:
    """Write who holds the lock; a full disk is no reason not to hold it."""
    holder = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "command": shlex.join([Path(sys.argv[0]).name or "python", *sys.argv[1:]])[:200],
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, (json.dumps(holder) + "\n").encode(), 0)


def _read(descriptor: int) -> str:
    """Who holds the lock, in words; whoever has just taken it is about to sign."""
    for _ in range(50):
        try:
            found = json.loads(os.pread(descriptor, 4096, 0))
            return "process {process} on {host} since {since} ({command})".format(**found)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            time.sleep(0.01)
    return "another process"
