"""Kernels of one source for both devices: tasks on threads on a CPU, whole arrays on a GPU."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast import workers

T = TypeVar("T")

PAGE, LINE = 4096, 64  # bytes of memory, of the cache
LONG = 1 << 18  # numbers of a piece where there is one call for each


def each(task: Callable[[int], T], count: int, like: Array) -> list[T]:
    """``[task(0), …]``: by threads where ``like`` lies on a CPU, else one after another."""
    if isinstance(like, np.ndarray):
        return workers.run(task, count)
    return [task(k) for k in range(count)]


def pieces(count: int, at_most: int, like: Array) -> list[slice]:
    """0 … count in pieces of up to ``at_most``; in one piece on a GPU."""
    if count == 0:
        return []
    return workers.pieces(count, max(1, at_most) if isinstance(like, np.ndarray) else count)


def product(x: Array, factor: Array | float, out: Array | None = None) -> Array:
    """x · factor, where factor is a number or an array that is broadcast to the shape of x."""
    xp = array_module(x)
    y = xp.empty_like(x) if out is None else out
    if not isinstance(x, np.ndarray):
        return xp.multiply(x, factor, out=y)
    factor = np.broadcast_to(np.asarray(factor, dtype=x.dtype), x.shape)
    workers.elementwise(_multiply, x, factor, y, piece=LONG)
    return y


def _multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    np.multiply(a, b, out=out)


def scratch(name: str, shape: tuple[int, ...], like: Array) -> Array:
    """An uninitialised array in the library and dtype of ``like``, see ``workers.scratch``."""
    if isinstance(like, np.ndarray):
        return workers.scratch(name, shape, like.dtype)
    return array_module(like).empty(shape, dtype=like.dtype)


def rows_apart(rows: int, size: tuple[int, ...], like: Array) -> Array:
    """Uninitialised (rows, *size), each row contiguous, for matrix products over the pixels.

    Where rows are a multiple of a memory page apart, the same few places of the cache serve all of
    them, and products run at two thirds of the speed. A few numbers between them prevent it.
    """
    xp, count = array_module(like), math.prod(size)
    if not isinstance(like, np.ndarray) or count * like.itemsize % PAGE:
        return xp.empty((rows, *size), dtype=like.dtype)
    apart = xp.empty((rows, count + LINE // like.itemsize), dtype=like.dtype)
    return apart[:, :count].reshape(rows, *size)
