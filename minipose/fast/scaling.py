"""A product of each element with a number, by all threads."""

from __future__ import annotations

import numpy as np

from minipose.fast import workers

PIECE = 1 << 18  # elements that one task works on: there is one call for each


def scaled(x: np.ndarray, factor: np.ndarray | float, out: np.ndarray | None = None) -> np.ndarray:
    """x · factor, where factor is a number or an array that is broadcast to the shape of x."""
    y = np.empty_like(x) if out is None else out
    factor = np.broadcast_to(np.asarray(factor, dtype=x.dtype), x.shape)
    workers.elementwise(_multiply, x, factor, y, piece=PIECE)
    return y


def _multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    np.multiply(a, b, out=out)
