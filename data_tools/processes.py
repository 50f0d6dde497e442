"""Processes that share a tool's work, and end when it does."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from minipose.errors import UserError
from minipose.lifetime import end_with_parent

ENDED = (
    "a worker process was ended from outside (out of memory?): run the same command again, "
    "perhaps with --workers 1"
)


def start(workers: int) -> ProcessPoolExecutor:
    """Processes of their own, started afresh: a fork would copy threads and locks half-way.

    They end with the tool, even if that is killed without warning.
    """
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for a block; what was not begun when it is left, by Ctrl-C too, never begins.

    Raises
    ------
    UserError
        If one of them is ended from outside.
    """
    executor = start(workers)
    try:
        yield executor
    except BrokenProcessPool:
        raise UserError(ENDED) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tool's business
    end_with_parent()
