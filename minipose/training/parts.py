"""A batch in parts: the gradient of a mean over samples is the weighted mean of the parts'.

    L = Σ_k (N_k / N) L_k        dL/dw = Σ_k (N_k / N) dL_k/dw

Batch normalisation takes the statistics of a part, not of the batch: then it is the loss of the
parts that has this gradient. Its running statistics move from where they were by the weighted mean
of the parts' moves.

Here the parts are computed one after another, which needs less memory; ``minipose.fast`` computes
them at the same time, with the same numbers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minipose.backend import Array, array_module
from minipose.kernels.faster import replaceable
from minipose.nn import Module
from minipose.tensor import Tensor

Loss = Callable[[Module, Any], Tensor]


@replaceable
def on_threads(threads: int) -> contextlib.AbstractContextManager[None]:
    """In this block kernels run on so many threads: other processes have the other processors.

    Here they run on BLAS's own: how many those are is settled when NumPy is loaded.
    """
    return contextlib.nullcontext()


@replaceable
def ready_to_fork() -> None:
    """Before a fork: end the threads that kernels wait on, of which a fork takes only the locks."""


class Part(NamedTuple):
    """A part of a batch: its samples, the fraction N_k / N, and what seeds its dropout."""

    batch: Any
    fraction: float
    entropy: tuple[int, ...]


class Parts:
    """Computes a network's gradients from a batch in parts; use it in a ``with`` statement.

    Parameters
    ----------
    model : Module
    loss : (model, batch) -> scalar Tensor, a mean over the samples of the batch
    parts : into which a batch is split; batches are tuples of arrays (or None)
    """

    def __init__(self, model: Module, loss: Loss, parts: int = 1) -> None:
        self.model, self.loss, self.parts = model, loss, parts

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is held that would have to be given back."""

    def backward(self, batch: Any, *entropy: int) -> Tensor:
        """The loss of the batch; each parameter's ``grad`` is what it would be after a backward.

        ``entropy`` seeds dropout, for each part its own.
        """
        if self.parts == 1:
            self.model.reseed(*entropy)
            loss = self.loss(self.model, batch)
            loss.backward()
            return loss.detach()
        pieces = [
            Part(piece, fraction, (*entropy, k))
            for k, (piece, fraction) in enumerate(split(batch, self.parts))
        ]
        return Tensor(np.float32(self.total(pieces)))

    def total(self, parts: list[Part]) -> float:
        """The loss of all parts; their gradients are added to the parameters'."""
        total, statistics = 0.0, RunningStatistics(self.model)
        for part in parts:
            total += add_gradients(self.model, self.loss, part)
            statistics.take(part.fraction)
        statistics.write()
        return total


class RunningStatistics:
    """A network's buffers, which every part of a batch moves from the same place.

    Of whole numbers, such as a count of steps, the mean is rounded.
    """

    def __init__(self, model: Module) -> None:
        self.buffers = [buffer for _, buffer in model.named_buffers()]
        self.before = [buffer.copy() for buffer in self.buffers]
        self.mean = [array_module(b).asarray(0.0 * b) for b in self.buffers]  # 0-d ones, too

    def add(self, fraction: float, buffers: list[Array]) -> None:
        """What a part made of them counts by its fraction of the batch."""
        for mean, buffer in zip(self.mean, buffers, strict=True):
            mean += fraction * buffer

    def take(self, fraction: float) -> None:
        """``add`` what the network holds, which is set back to what it held before the batch."""
        self.add(fraction, self.buffers)
        for buffer, before in zip(self.buffers, self.before, strict=True):
            buffer[...] = before

    def write(self) -> None:
        """Leave the mean of all parts in the network."""
        for buffer, mean in zip(self.buffers, self.mean, strict=True):
            buffer[...] = mean.round() if buffer.dtype.kind in "iub" else mean


def split(batch: Any, parts: int) -> list[tuple[Any, float]]:
    """At most ``parts`` parts of a tuple of arrays, along axis 0, and each one's fraction."""
    count = len(batch[0])
    return [(rows_of(batch, cut), (cut.stop - cut.start) / count) for cut in cuts(count, parts)]


def rows_of(batch: Any, rows: slice) -> Any:
    """These rows of each array of a tuple, or named tuple; None stays None."""
    kept = [None if array is None else array[rows] for array in batch]
    return type(batch)(*kept) if hasattr(batch, "_fields") else type(batch)(kept)


def cuts(count: int, parts: int) -> list[slice]:
    """At most ``parts`` pieces of ``count`` samples, of one size but for the last."""
    size = -(-count // parts)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def add_gradients(model: Module, loss: Loss, part: Part) -> float:
    """Add the part's fraction of the gradients; returns its fraction of the loss."""
    model.reseed(*part.entropy)
    value = loss(model, part.batch) * part.fraction
    value.backward()
    return value.item()


@replaceable
def in_parts(model: Module, loss: Loss, parts: int = 1, elsewhere: Sequence[Array] = ()) -> Parts:
    """What computes gradients here: ``Parts``, or something faster of the same kind.

    ``elsewhere``: large arrays that no gradient needs, such as an optimizer's state. Another
    process that computes gradients does not keep them.
    """
    return Parts(model, loss, parts)
