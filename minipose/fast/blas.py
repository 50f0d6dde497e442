"""How many threads BLAS itself uses, for as long as our own threads compute.

BLAS's thread count is one number for the whole process, and several of its threads may want it at
one at the same time. So they are counted: the first to come notes what the number was, the last to
go restores it. A child process inherits the count, but of all threads only the one that forked:
what the others held is released there.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_SYMBOLS = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}")

_lock = threading.Lock()
_mine = threading.local()  # .held: how often this thread holds BLAS at one thread
_holders, _before = 0, 0  # holds of all threads; the number to restore


class Blas:
    """The thread count of the OpenBLAS library that NumPy brought along."""

    def __init__(self, library: ctypes.CDLL, pattern: str) -> None:
        self.set = getattr(library, pattern.format("set_num_threads"))
        self.get = getattr(library, pattern.format("get_num_threads"))


@functools.lru_cache
def found() -> Blas | None:
    """NumPy's OpenBLAS; None where NumPy uses another library, which then keeps its own threads."""
    package = Path(np.__file__).parent
    folders = (package.with_name("numpy.libs"), package / ".dylibs", package / ".libs")
    for path in (p for folder in folders for p in sorted(folder.glob("*openblas*"))):
        library = ctypes.CDLL(str(path))  # it is loaded already: this only finds it
        for pattern in _SYMBOLS:
            if hasattr(library, pattern.format("set_num_threads")):
                return Blas(library, pattern)
    return None


def hold() -> None:
    """Keep BLAS at one thread until this thread releases it."""
    global _holders, _before
    with _lock:
        if _holders == 0:
            _before = found().get()
            found().set(1)
        _holders += 1
        _mine.held = getattr(_mine, "held", 0) + 1


def release() -> None:
    """The counterpart of ``hold``; the last one restores the number of threads."""
    global _holders
    with _lock:
        _mine.held -= 1
        _holders -= 1
        if _holders == 0:
            found().set(_before)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """BLAS at one thread in this block, if it is one that can be told."""
    if found() is None:
        yield
        return
    hold()
    try:
        yield
    finally:
        release()


def _after_fork() -> None:
    """In a child process: only what the thread that forked holds is still held."""
    global _holders
    others, _holders = _holders, getattr(_mine, "held", 0)
    _lock.release()
    if others > _holders == 0:
        found().set(_before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork
    )
