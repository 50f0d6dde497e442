"""How many of a machine's processors are used here, for all that is spread over them."""

from __future__ import annotations

import os

from minipose.errors import UserError


def processors() -> int:
    """As many as ``MINIPOSE_THREADS`` says, or else all that are ``available``.

    Raises
    ------
    UserError
        If ``MINIPOSE_THREADS`` is not a whole number.
    """
    asked = os.environ.get("MINIPOSE_THREADS")
    if not asked:
        return available()
    if not (asked.isdecimal() and asked.isascii()):
        raise UserError(f"MINIPOSE_THREADS: expected a whole number, got {asked!r}")
    return max(1, int(asked))


def available() -> int:
    """Those that this process may run on, of which a machine may have more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
