"""What layers ask of the arguments with which they are made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.backend import is_whole


def one_of(layer: str, name: str, value: object, allowed: tuple) -> None:
    """Raises ValueError if ``value`` is none of the allowed ones."""
    if value not in allowed:
        listed = " or ".join(repr(each) for each in allowed)
        raise ValueError(f"{layer}: expected {name} {listed}, got {value!r}")


def positive(layer: str, **sizes: int) -> None:
    """Raises ValueError unless all are whole numbers of 1 or more."""
    for name, size in sizes.items():
        if not is_whole(size) or size < 1:
            raise ValueError(f"{layer}: expected {name} of 1 or more, got {size!r}")


def check_generator(layer: str, rng: object) -> None:
    """Raises TypeError unless ``rng`` is what weights are drawn from."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{layer}: expected rng as a NumPy Generator, such as np.random.default_rng(0), "
            f"got {rng!r}"
        )


def number(
    layer: str, expected: str, value: object, holds: Callable[[float], bool] = np.isfinite
) -> None:
    """Raises ValueError unless ``value`` is a number of Python's or NumPy's that is in range."""
    if not isinstance(value, (int, float, np.integer, np.floating)) or not holds(value):
        raise ValueError(f"{layer}: expected {expected}, got {value!r}")
