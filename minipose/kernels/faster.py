"""The door at which a faster form of a function may step in.

``ops`` say plainly what is computed. ``minipose.fast`` computes the same sooner where the arguments
suit it, and comes in through here: it *offers* a function in place of a plain one, and each call
*chooses* once, before it begins. What went forward by one algorithm therefore goes back by it.

No other file imports ``minipose.fast`` but the package's root. Without it everything is plain.

>>> @replaceable
... def double(x):
...     return x + x
>>> offer(double, suits=lambda x: x > 9, faster=lambda x: 2 * x)
>>> choose(double, 3) is double, choose(double, 10) is double
(True, False)
>>> with plain_only():
...     choose(double, 10) is double
True
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_offers: dict[Callable, list[tuple[Callable[..., bool], Callable]]] = {}
_before_first_choice: list[Callable[[], None]] = []
_plain = ContextVar("plain", default=False)  # of each thread by itself
_lock, _making = threading.RLock(), False


def replaceable(plain: Function) -> Function:
    """Let a call of ``plain`` be answered by what ``choose`` finds for its arguments."""

    @functools.wraps(plain)
    def call(*args: Any, **options: Any) -> Any:
        chosen = choose(call, *args, **options)
        return plain(*args, **options) if chosen is call else chosen(*args, **options)

    _offers[call] = []
    return call


def offer(plain: Callable, suits: Callable[..., bool], faster: Callable) -> None:
    """Propose ``faster`` for all arguments for which ``suits(*args, **options)`` holds.

    Parameters
    ----------
    plain : a ``replaceable`` function
    suits : called with the arguments as they were given, before they are checked: it has to answer
        False for arguments that are wrong, so that ``plain`` says what is wrong with them
    faster : takes the same arguments, computes the same up to rounding (which may decide between
        equal values: at the corner of a ReLU, in a pooling block); of several offers the first that
        suits is taken
    """
    _offers[plain].append((suits, faster))


def choose(plain: Function, *args: Any, **options: Any) -> Function:
    """The function to call: the first offer that suits these arguments, or ``plain`` itself."""
    if _plain.get():
        return plain
    if _before_first_choice:
        _make_offers()
    try:
        for suits, faster in _offers[plain]:
            if suits(*args, **options):
                return faster
    except TypeError:
        _check_signature(plain, args, options)
        raise
    return plain


def _check_signature(plain: Callable, args: tuple, options: dict[str, Any]) -> None:
    """Say what is wrong with the arguments in the words of ``plain``, not of an offer."""
    try:
        inspect.signature(plain).bind(*args, **options)
    except TypeError as error:
        raise TypeError(f"{plain.__name__}: {error}") from None


def before_first_choice(load: Callable[[], None]) -> None:
    """Call ``load``, which makes offers, when something is about to be computed: not earlier.

    If it fails, or is interrupted, the next call tries again.
    """
    _before_first_choice.append(load)


def _make_offers() -> None:
    global _making
    with _lock:  # other threads wait here until all offers are made
        if _making:  # what is being loaded computes something itself: plainly
            return
        _making = True
        try:
            while _before_first_choice:
                _before_first_choice[0]()
                _before_first_choice.pop(0)
        finally:
            _making = False


@contextlib.contextmanager
def plain_only() -> Iterator[None]:
    """Within this block, and in this thread, everything is computed as the ops define it."""
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


def is_plain() -> bool:
    """Whether the calling thread is within ``plain_only``."""
    return _plain.get()
