"""Threads for kernels: NumPy lets go of Python's lock while it computes.

``run`` spreads tasks over the calling thread and a few others and keeps BLAS to one thread
meanwhile, so that the two do not compete for the cores. What a task computes must not depend on the
others; results that are added up are added in task order. The numbers are therefore the same for
any number of threads.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np

from minipose.fast import blas, jobs
from minipose.fast.jobs import thread as _local
from minipose.processors import processors

T = TypeVar("T")

PIECE = 1 << 16  # numbers: small enough for the cache, large enough to be worth a call
LEAST = 1 << 17  # numbers that are worth a thread
VIEWS = 256  # of zeros, that a thread keeps: more than the shapes of the pieces of a step


class Team(Protocol):
    """Processes that compute the same at the same time, see ``evaluation.team``."""

    def share(self, task: Callable[[int], None], count: int) -> None:
        """Each process does some of the tasks; all are done afterwards."""

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array in memory that all of them see."""

    def mark(self) -> int:
        """How many bytes of that memory are used."""

    def forget_from(self, mark: int) -> None:
        """Use what was made since then for other arrays."""


def threads_here() -> int:
    """As many as ``processors``: fewer within ``at_most``, one within ``alone``."""
    if getattr(_local, "working", False):
        return 1
    count = processors()
    return min(count, getattr(_local, "most", count))


def run(task: Callable[[int], T], count: int) -> list[T]:
    """``[task(0), …, task(count − 1)]``, computed by several threads where that helps.

    A task that itself calls ``run`` runs those tasks one after another on its own thread.
    """
    if blas.found() is None or getattr(_local, "working", False):
        return [task(i) for i in range(count)]
    threads = min(threads_here(), count)
    blas.hold()  # for one thread of ours too: BLAS splits its sums by its own thread count
    try:
        if threads < 2:
            return [task(i) for i in range(count)]
        return jobs.shared(task, count, threads)
    finally:
        blas.release()


def share(task: Callable[[int], None], count: int) -> None:
    """``run`` for tasks that only write into arrays of ``empty``: a team may share them, too."""
    team = getattr(_local, "team", None)
    if team is None:
        run(task, count)
    else:
        team.share(task, count)


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialised, for the results of tasks that are shared; a team sees the same memory."""
    team = getattr(_local, "team", None)
    return np.empty(shape, dtype) if team is None else team.empty(shape, dtype)


@contextlib.contextmanager
def temporary() -> Iterator[None]:
    """What ``empty`` makes in this block is not needed after it: a team uses the memory again."""
    team = getattr(_local, "team", None)
    mark = None if team is None else team.mark()
    yield
    if team is not None:
        team.forget_from(mark)


@contextlib.contextmanager
def in_team(team: Team) -> Iterator[None]:
    """In this block tasks that are shared go to the team."""
    before, _local.team = getattr(_local, "team", None), team
    try:
        yield
    finally:
        _local.team = before


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Run kernels in this block on the calling thread only: others have the other cores."""
    was_working, _local.working = getattr(_local, "working", False), True
    try:
        with blas.one_thread():
            yield
    finally:
        _local.working = was_working


@contextlib.contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Run kernels in this block on so many threads: other processes have the other cores."""
    before = getattr(_local, "most", None)
    _local.most = threads
    try:
        with alone() if threads == 1 else blas.one_thread():
            yield
    finally:
        del _local.most
        if before is not None:
            _local.most = before


def elementwise(function: Callable[..., T], *arrays: np.ndarray, piece: int) -> list[T]:
    """``function(*parts)`` for matching parts of arrays of one shape, by several threads.

    The first array decides the cut: along the axis that lies outermost in its memory, into parts of
    about ``piece`` numbers. Returns what the calls return, in order.
    """
    parts = matching_parts(*arrays, piece=piece)
    if len(parts) == 1:  # nothing to share, and no product of BLAS's
        return [function(*parts[0])]
    return run(lambda k: function(*parts[k]), len(parts))


def matching_parts(*arrays: np.ndarray, piece: int) -> list[tuple[np.ndarray, ...]]:
    """Views of the arrays, cut as ``elementwise`` does."""
    first = arrays[0]
    if first.size <= piece:
        return [arrays]
    axis = outermost_axis(first)
    lead = (slice(None),) * axis
    cuts = even_pieces(first.shape[axis], max(1, piece * first.shape[axis] // first.size))
    return [tuple(a[(*lead, cut)] for a in arrays) for cut in cuts]


def outermost_axis(x: np.ndarray) -> int:
    """The axis along which neighbours lie farthest apart in memory, of those that have any."""
    steps = [abs(s) if n > 1 else -1 for s, n in zip(x.strides, x.shape, strict=True)]
    return steps.index(max(steps))


def pieces(total: int, size: int) -> list[slice]:
    """``total`` items in consecutive pieces of ``size`` (the last may be shorter)."""
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]


def for_each_thread(size: int, most: int, least: int = LEAST) -> int:
    """How many numbers of so many a task takes, where no sum depends on it: as few tasks for each
    thread as have at most ``most`` numbers, but at least what is worth a thread."""
    threads = threads_here()
    return max(min(most, least), -(-size // (threads * -(-size // (threads * most)))))


def even_pieces(total: int, size: int) -> list[slice]:
    """Pieces of at most ``size``, about as long, of an even number if there are several: half of
    them is half of an array, so that each thread finds its own part again in the next job."""
    count = -(-total // size)
    count = min(total, count + count % 2) if count > 1 else 1
    return [slice(total * k // count, total * (k + 1) // count) for k in range(count)]


def scratch(name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An uninitialised array that this thread uses again and again for one purpose.

    New memory costs a page fault for every 4 KiB; a buffer that is used again costs nothing and may
    still be in the cache. The contents last until the next call with the same name in this thread.
    """
    buffers = _local.__dict__.setdefault("buffers", {})
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = buffers.get(name)
    if buffer is None or buffer.size < size:
        buffer = buffers[name] = np.empty(size, dtype=np.uint8)
    return np.ndarray(shape, dtype, buffer)


def zeros_as(x: np.ndarray) -> np.ndarray:
    """Zeros of this shape and order of memory, to be read only: the same memory again and again."""
    known = _local.__dict__.setdefault("zeros", {})  # of few shapes: pieces have the same again
    key = (x.shape, x.strides, x.dtype)
    found = known.get(key)
    if found is None:
        flat = known.get(x.dtype)
        if flat is None or flat.size < x.size:
            known.clear()
            flat = np.zeros(x.size, x.dtype)
        elif len(known) > VIEWS:  # pictures of ever other sizes
            known.clear()
        known[x.dtype] = flat
        found = known[key] = _as(x, flat)
    return found


def scratch_as(name: str, x: np.ndarray) -> np.ndarray:
    """``scratch`` of this shape, dtype and order of memory."""
    return _as(x, scratch(name, (x.size,), x.dtype))


def _as(x: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """The first numbers of a row, with the shape and order of memory of x: a view."""
    axes = sorted(range(x.ndim), key=lambda axis: (-x.strides[axis], axis))
    ordered = flat[: x.size].reshape([x.shape[axis] for axis in axes])
    return ordered.transpose([axes.index(axis) for axis in range(x.ndim)])


def add_in_order(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """The sum, taken from the first to the last; the first array is overwritten."""
    arrays = iter(arrays)
    total = next(arrays)
    for array in arrays:
        total += array
    return total


def blas_name() -> str:
    """How ``run`` can steer BLAS here, for people who wonder about speed."""
    steered = blas.found() is not None
    return "NumPy's OpenBLAS" if steered else "unknown, kernels run on one thread"
