"""Kernels of one source for both devices: tasks on threads on a CPU, whole arrays on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from minipose.backend import Array, array_module
from minipose.kernels import workers

T = TypeVar("T")


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


def scratch(name: str, shape: tuple[int, ...], like: Array) -> Array:
    """An uninitialised array in the library and dtype of ``like``, see ``workers.scratch``."""
    if isinstance(like, np.ndarray):
        return workers.scratch(name, shape, like.dtype)
    return array_module(like).empty(shape, dtype=like.dtype)
