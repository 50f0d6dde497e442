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


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes of their own, started afresh: a fork would copy threads and locks half-way.

    They end with the tool, even if that is killed without warning; what was not begun when the
    block is left, by Ctrl-C for instance, is not begun any more.

    Raises
    ------
    UserError
        If one of them is ended from outside.
    """
    executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)
    try:
        yield executor
    except BrokenProcessPool:
        raise UserError(
            "a worker process was ended from outside (out of memory?): run the same command again "
            "to continue, perhaps with --workers 1"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tool's business
    end_with_parent()
