"""Limits for code that may never end: of time, and of memory."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import resource
except ImportError:  # Windows
    resource = None

WAITING = 12  # times as long by the clock on the wall as by the processor's: others work here too
BYTES = 2**29  # of memory, beyond what was in use
LOOK = 0.1  # s of the processor between two looks at the memory


class Stopped(BaseException):
    """Why the code was stopped. No ``except Exception`` of a reader holds it up."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise Stopped inside of the block after so many seconds of the processor, or half a GB.

    What waits without computing is stopped after some more by the clock. Where the system has no
    such alarms (Windows), or outside of the main thread, there is no limit.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or resource is None:
        yield
        return
    begun, used = time.process_time(), _bytes()

    def look(number: int, frame: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 10 * LOOK, LOOK)  # time to unwind, then again
        if number == signal.SIGALRM or time.process_time() - begun > seconds:
            raise Stopped(f"after {seconds:g} s: does a loop never end?")
        if _bytes() - used > BYTES:
            raise Stopped("at half a GB of memory: does something grow without end?")

    timers = (signal.ITIMER_PROF, signal.ITIMER_REAL)
    handlers = [signal.signal(number, look) for number in (signal.SIGPROF, signal.SIGALRM)]
    before = [
        signal.setitimer(timers[0], LOOK, LOOK),
        signal.setitimer(timers[1], WAITING * seconds),
    ]
    try:
        yield
    finally:
        for timer, remaining in zip(timers, before):
            signal.setitimer(timer, *remaining)  # somebody else's alarm goes on
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), handlers):
            signal.signal(number, handler)


def _bytes() -> int:
    """The memory that this process uses; where the system does not tell, the most it ever had."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most
