"""What a value may be: its kind and its range, and how a message says so."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from minipose.errors import UserError


@dataclass(frozen=True)
class Check:
    """What a choice may be.

    Attributes
    ----------
    kind : int, float, bool, str or Path
    expected : the same in words, for messages: "a whole number of 1 or more"
    allows : whether a value of that kind is in its range
    options : the words to choose from, if they are few
    count : how many values there are in it, if it is a list
    """

    kind: type
    expected: str
    allows: Callable[[Any], bool] = lambda value: True
    options: tuple[str, ...] = ()
    count: int | None = None

    def __call__(self, name: str, value: Any) -> Any:
        """The value in its own type.

        Raises
        ------
        UserError
            If it is of another kind or out of range: what was expected and what was given.
        """
        if self.count is None:
            found = _as(self.kind, value)
            good = found is not None and self.allows(found)
        else:
            found = tuple(_as(self.kind, v) for v in value) if _is_list(value) else ()
            good = len(found) == self.count
            good = good and all(v is not None and self.allows(v) for v in found)
        if not good:
            shown = str(value) if isinstance(value, Path) else value
            raise UserError(f"{name}: expected {self.expected}, got {shown!r}")
        return found

    def parse(self, text: str) -> Any:
        """A word of the command line as a value; its range is checked later, with all others'."""
        try:
            return (
                text if self.kind is Path else self.kind(text)
            )  # Path("") would be the folder "."
        except ValueError:
            message = f"expected {self.expected}, got {text!r}"
            raise argparse.ArgumentTypeError(message) from None


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _as(kind: type, value: Any) -> Any:
    """The value as Python's own int, float, bool, str or Path; None if it is something else."""
    if isinstance(value, bool):
        return value if kind is bool else None
    if kind is int and isinstance(value, Integral):
        return int(value)
    if kind is float and isinstance(value, Real):
        try:
            return float(value) if math.isfinite(value) else None
        except OverflowError:  # a whole number beyond the largest float
            return None
    if kind is Path and isinstance(value, (str, Path)) and str(value).strip():
        return Path(value)
    return value if kind is str and isinstance(value, str) else None


def whole(least: int, most: int | None = None) -> Check:
    """A whole number, not below ``least`` and not above ``most``."""
    if most is None:
        return Check(int, f"a whole number of {least} or more", lambda value: value >= least)
    return Check(
        int, f"a whole number from {least} to {most}", lambda value: least <= value <= most
    )


def number(
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> Check:
    """A finite number between these bounds."""
    bounds = {"above": above, "at least": least, "below": below, "at most": most}
    words = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)

    def allows(value: float) -> bool:
        return (
            (above is None or value > above)
            and (least is None or value >= least)
            and (below is None or value < below)
            and (most is None or value <= most)
        )

    return Check(float, f"a number {'of ' if words.startswith('at') else ''}{words}", allows)


def one_of(*options: str) -> Check:
    """One of a few words."""
    return Check(str, " or ".join(options), lambda value: value in options, options)


def several(count: int, each: Check) -> Check:
    """A list of ``count`` values, each of which passes the check ``each``."""
    return replace(each, expected=f"{count} values, each {each.expected}", count=count)


YES_OR_NO = Check(bool, "true or false")
PATH = Check(Path, "a path")
