"""Ctrl-C and a polite kill: obeyed between two steps, never lost; a second one ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

from minipose.errors import Interrupted
from minipose.lifetime import SIGNALS

STATUS = 130  # of a process that was interrupted


class _Flag:
    """An event without a lock: a handler that interrupts the code which holds a lock, and asks for
    it, waits for ever."""

    def __init__(self) -> None:
        self.value = False

    def set(self) -> None:
        self.value = True

    def clear(self) -> None:
        self.value = False

    def is_set(self) -> bool:
        return self.value


_in_command, _noted = _Flag(), _Flag()  # see ``heeded``
_led = _Flag()  # see ``led``
SAME = 0.2  # s: ``timeout`` and others signal a process and then its group, which is one request
_first = [0.0]  # when the first signal came


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """Around a whole command: the first signal is a KeyboardInterrupt, a second ends the process.

    A library may swallow the exception, as some do that call Python back. Then the signal is obeyed
    where the next training begins, or at the end of the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return

    before = {s: signal.signal(s, _stop) for s in SIGNALS}
    _in_command.set()
    try:
        yield
        _expect_none()
    finally:
        _in_command.clear()
        for s, handler in before.items():
            signal.signal(s, handler)
        _noted.clear()


@contextlib.contextmanager
def led() -> Iterator[None]:
    """Around all that a process does for another one, which stops it and ends it.

    The first signal is a KeyboardInterrupt; the next ones say the same again: whoever asks the
    whole group reaches this process, and then its parent asks it, too. Signals that were blocked
    before are let through.
    """
    _led.set()
    try:
        for s in SIGNALS:
            signal.signal(s, _stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        yield
    finally:
        _noted.set()  # what comes now comes too late


@contextlib.contextmanager
def deferred_interrupts() -> Iterator[Callable[[], bool]]:
    """Inside, a first SIGINT or SIGTERM only raises a flag; the yielded function tells whether.

    A second one interrupts at once, for a step that hangs: in a command it ends the process, in a
    process that is ``led`` it changes nothing.

    Raises
    ------
    Interrupted
        At the end, if there was a signal and nobody obeyed it.
    """
    asked = _Flag()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    _expect_none()

    def note(signum: int, frame: object) -> None:
        if asked.is_set():
            if not _another():
                return
            if _in_command.is_set():
                _end()
            raise KeyboardInterrupt
        asked.set()
        _first[0] = time.monotonic()
        if _led.is_set():
            _noted.set()  # after this block it has been heard, too

    before = {s: signal.signal(s, note) for s in SIGNALS}
    try:
        yield asked.is_set
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
    if asked.is_set():
        raise Interrupted("stopped")


def obeyed() -> None:
    """Say that a signal was taken for what it asks: the command goes on to its end."""
    _noted.clear()


def _expect_none() -> None:
    """Obey a signal whose exception was swallowed."""
    if _noted.is_set():
        raise KeyboardInterrupt


def _stop(signum: int, frame: object) -> None:
    """What a command does with a signal."""
    if _noted.is_set():
        if _another():
            _end()
        return
    _noted.set()
    _first[0] = time.monotonic()
    raise KeyboardInterrupt


def _another() -> bool:
    """Whether a signal that is not the first asks for more than that one did."""
    return not _led.is_set() and time.monotonic() - _first[0] > SAME


def _end() -> None:
    os.write(2, b"interrupted again: ended at once\n")
    os._exit(STATUS)
