"""Processes that end with the one that began them, however it ends, and leave signals to it."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize

PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent ends
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_with_parent(parent: int | None = None) -> None:
    """See to it that this process ends at once when its parent does.

    A process of ``multiprocessing`` watches a pipe that closes then; on Linux the kernel ends it
    as well, also while it computes.

    Parameters
    ----------
    parent : number of the parent, for a process that was begun in another way
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)  # it ended before the kernel was told
    of_multiprocessing = multiprocessing.parent_process()
    if of_multiprocessing is not None:
        watching = threading.Thread(
            target=_watch, args=(of_multiprocessing.sentinel,), daemon=True, name="end with parent"
        )
        watching.start()


def leave_signals_to_parent() -> None:
    """Ignore Ctrl-C and SIGTERM, which may reach a whole group: the parent ends this process."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextlib.contextmanager
def signals_later() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the end of this block, in a process that is forked in it for
    ever."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin(process: BaseProcess, holder: object) -> None:
    """Start a process that leaves signals to this one, and ends with its holder or with this one.

    At the end of this one ``multiprocessing`` would ask it by SIGTERM and wait for it for ever.
    """
    with signals_later():
        process.start()
    Finalize(holder, process.kill, exitpriority=0)


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
