"""Batches in parts, which processes compute at the same time.

Threads of NumPy take turns at Python's lock every few microseconds in a narrow network; processes
need not. Each is a copy of this one at the moment of ``fork``: it has the weights, and gets samples
and gives outputs through memory that both see. The samples alone decide the parts, so the numbers
are the same with and without processes, and whatever their number.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
from collections.abc import Callable
from mmap import mmap
from typing import Any, NamedTuple

import numpy as np

from minipose.errors import to_be_sent
from minipose.fast import jobs, workers
from minipose.tensor import Tensor

Compute = Callable[[Tensor], Any]
Outputs = dict[str | None, np.ndarray]  # of a network that gives one Tensor: {None: it}

A_PART = 64  # samples, of large batches
LARGE, OF_LARGE = 1 << 16, 2  # samples of so many numbers are so many a part: others take memory
MOST = 8  # parts
FEWEST = 1 << 15  # numbers of the samples of a part


def cuts(shape: tuple[int, ...]) -> list[slice]:
    """Which samples of a batch of this shape go together."""
    count, numbers = shape[0], math.prod(shape)
    a_part = OF_LARGE if numbers >= LARGE * count else A_PART
    parts = min(max(2, count // a_part), MOST, count, numbers // FEWEST)
    return workers.pieces(count, -(-count // max(1, parts)))


def as_outputs(y: Any) -> Outputs | None:
    """What a network gave, by name; None if it is something else than Tensors of samples."""
    named = y if isinstance(y, dict) else {None: y}
    if not named or not all(isinstance(t, Tensor) and t.ndim for t in named.values()):
        return None
    return {name: t.data for name, t in named.items()}


def together(parts: list[Outputs]) -> Any:
    """The outputs of a whole batch, as the network gives them; in memory as those of a part."""
    joined = {}
    for name, first in parts[0].items():
        arrays = [part[name] for part in parts]
        whole = _empty((sum(map(len, arrays)), *first.shape[1:]), _axes(first), first.dtype)
        joined[name] = Tensor(np.concatenate(arrays, out=whole))
    return joined[None] if None in joined else joined


class Sent(NamedTuple):
    """Where an array lies in memory that processes share."""

    start: int
    shape: tuple[int, ...]
    axes: tuple[int, ...]  # from the outermost in memory to the innermost
    dtype: str

    def of(self, memory: mmap) -> np.ndarray:
        size = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        flat = np.frombuffer(memory, np.uint8, size, self.start).view(self.dtype)
        ordered = flat.reshape([self.shape[axis] for axis in self.axes])
        return ordered.transpose([self.axes.index(axis) for axis in range(len(self.shape))])


class Process:
    """A copy of this process that computes what it is given.

    Parameters
    ----------
    serve : (its end of the pipe, where inputs lie, where outputs go, *arguments), which it runs
    room : bytes of inputs, and of outputs, that can be exchanged
    """

    def __init__(self, serve: Callable, room: tuple[int, int], *arguments: Any) -> None:
        from minipose import lifetime  # not with ``import minipose``, which is shallow

        self.room, self.memory = room, [mmap(-1, size) for size in room]
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        given = (serve, self.pipe, theirs, *self.memory, *arguments)
        jobs.rest()  # a fork takes none of the threads along, but the locks that they hold
        self.process = context.Process(target=_begin, args=given, daemon=True)
        lifetime.begin(self.process, self)
        theirs.close()

    def start(self, arrays: list[np.ndarray]) -> None:
        """Hand over inputs."""
        try:
            self.pipe.send(write(arrays, self.memory[0]))
        except OSError:
            raise self.gone() from None

    def answer(self) -> tuple[list[Outputs] | None, Exception | None]:
        """Wait; the outputs of each input, in memory that the next answer overwrites, or None if
        there is no room for them; or what went wrong."""
        try:
            sent, error = self.pipe.recv()
        except (EOFError, OSError):
            raise self.gone() from None
        if sent is None:
            return None, error
        return [{k: each.of(self.memory[1]) for k, each in part.items()} for part in sent], None

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self.pipe.send(None)
        self.pipe.close()
        self.process.join()

    def gone(self) -> ChildProcessError:
        """The error that says so."""
        self.process.join()
        code = self.process.exitcode
        return ChildProcessError(f"a process that computed outputs ended (exit code {code})")


def room_for(arrays: list[np.ndarray]) -> int:
    """Bytes that they take, each from a line of the cache on."""
    return sum(-(-array.nbytes // 64) * 64 for array in arrays) + 64


def write(arrays: list[np.ndarray], memory: mmap) -> list[Sent] | None:
    """Copy them there; None if there is no room."""
    sent, start = [], 0
    if room_for(arrays) > len(memory):
        return None
    for array in arrays:
        there = Sent(start, array.shape, _axes(array), array.dtype.str)
        np.copyto(there.of(memory), array)
        sent.append(there)
        start += -(-array.nbytes // 64) * 64
    return sent


def _axes(array: np.ndarray) -> tuple[int, ...]:
    return tuple(sorted(range(array.ndim), key=lambda axis: (-array.strides[axis], axis)))


def _empty(shape: tuple[int, ...], axes: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    ordered = np.empty([shape[axis] for axis in axes], dtype)
    return ordered.transpose([axes.index(axis) for axis in range(len(shape))])


def _begin(serve: Callable, pipe: Any, mine: Any, *arguments: Any) -> None:
    pipe.close()
    from minipose import lifetime  # not with ``import minipose``, which is shallow

    lifetime.end_with_parent()
    lifetime.leave_signals_to_parent()
    with contextlib.suppress(BrokenPipeError):  # the first has gone on without the answer
        serve(mine, *arguments)


def serve(mine: Any, inputs: mmap, outputs: mmap, compute: Compute, threads: int) -> None:
    """What a process of its own does: samples, their outputs, the next samples."""
    with workers.at_most(threads):
        while True:
            try:
                sent = mine.recv()
            except EOFError:
                return
            if sent is None:
                return
            try:
                parts = [as_outputs(compute(Tensor(x.of(inputs)))) for x in sent]
                there = write([y for named in parts for y in named.values()], outputs)
                if there is not None:
                    places = iter(there)
                    there = [{name: next(places) for name in named} for named in parts]
                mine.send((there, None))
            except Exception as error:
                mine.send((None, to_be_sent(error)))
