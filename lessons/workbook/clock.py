"""A limit for code that may never end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAITING = 12  # times as long by the clock on the wall as by the processor's: others work here too


class TooLong(BaseException):
    """The time is over. No ``except Exception`` of a reader holds it up."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TooLong inside of the block after so many seconds of the processor.

    What waits without computing is stopped after some more by the clock. Where the system has no
    such alarms (Windows), or outside of the main thread, there is no limit.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise TooLong(f"{seconds:g}")

    limits = (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (
            signal.ITIMER_REAL,
            signal.SIGALRM,
            WAITING * seconds,
        ),
    )
    handlers = [signal.signal(number, stop) for _, number, _ in limits]
    before = [signal.setitimer(timer, after) for timer, _, after in limits]
    try:
        yield
    finally:
        for (timer, _, _), remaining in zip(limits, before):
            signal.setitimer(timer, *remaining)  # somebody else's alarm goes on
        for (_, number, _), handler in zip(limits, handlers):
            signal.signal(number, handler)
