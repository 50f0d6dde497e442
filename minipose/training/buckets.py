"""The gradients of a network as flat buffers, which ranks add up while backward still runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minipose.backend import Array, array_module
from minipose.tensor import Parameter
from minipose.training.communicator import Communicator, Pending

BUCKET = 1 << 20  # bytes: long enough for the network's full rate, short enough to begin early


class Buckets:
    """Sums of gradients over all ranks, g ← Σ_r g_r, a bucket at a time.

    Backward comes to the last layer first, so buckets hold the parameters from the last to the
    first. As soon as all gradients of a bucket are there, its sum begins, while backward goes on
    with the layers below; every rank begins the same ones in the same order.

    Parameters
    ----------
    parameters : those that are learned
    size : bytes after which a bucket is full; a larger parameter has one of its own
    """

    def __init__(
        self, parameters: Sequence[Parameter], communicator: Communicator, size: int = BUCKET
    ) -> None:
        self.communicator = communicator
        self.parameters = list(parameters)
        self._flat: list[Array | None] = []  # of each bucket; None where a gradient is its own
        self._place: dict[int, tuple[int, Array | None]] = {}  # bucket and view of each parameter
        for together in _grouped(self.parameters, size):
            flat, views = (None, [None]) if len(together) == 1 else _room(together)
            for p, view in zip(together, views, strict=True):
                self._place[id(p)] = len(self._flat), view
            self._flat.append(flat)
        self._begin_step()

    def _begin_step(self) -> None:
        self._arrived: set[int] = set()
        self._full = list(self._flat)  # what goes out
        self._missing = [0] * len(self._flat)
        for bucket, _ in self._place.values():
            self._missing[bucket] += 1
        self._running: list[Pending] = []  # sums of the first buckets, in their order

    def take(self, parameter: Parameter) -> None:
        """Move a gradient that is complete on this rank to its bucket; begin the sums that can.

        A tensor that is none of the parameters is left alone.
        """
        if id(parameter) not in self._place or parameter.grad is None:
            return
        self._put(parameter)
        self._begin_full()
        for pending in self._running:  # MPI works at its messages when it is called
            pending.test()

    def _put(self, parameter: Parameter) -> None:
        bucket, view = self._place[id(parameter)]
        grad, xp = parameter.grad, array_module(parameter.data)
        if view is not None:
            view[...] = 0 if grad is None else grad
        else:  # a large one is not copied
            view = xp.zeros_like(parameter.data) if grad is None else xp.ascontiguousarray(grad)
            self._full[bucket] = view
        parameter.grad = view
        self._arrived.add(id(parameter))
        self._missing[bucket] -= 1

    def _begin_full(self) -> None:
        while len(self._running) < len(self._full) and not self._missing[len(self._running)]:
            self._running.append(self.communicator.start(self._full[len(self._running)]))

    def finish(self) -> list[bool]:
        """Wait for all sums: they are the parameters' gradients now.

        A gradient that this rank has none of counts as 0. Returns which ones it had.
        """
        had = [p.grad is not None for p in self.parameters]
        for parameter in self.parameters:
            if id(parameter) not in self._arrived:
                self._put(parameter)
        self._begin_full()
        for pending in self._running:
            pending.wait()
        self._begin_step()
        return had


def _room(together: list[Parameter]) -> tuple[Array, list[Array]]:
    """An array for the gradients of several parameters, and the view of each."""
    xp = array_module(together[0].data)
    flat = xp.zeros(sum(p.size for p in together), together[0].dtype)
    views, start = [], 0
    for p in together:
        views.append(flat[start : start + p.size].reshape(p.shape))
        start += p.size
    return flat, views


def _grouped(parameters: list[Parameter], size: int) -> Iterator[list[Parameter]]:
    """From the last to the first, up to ``size`` bytes of one dtype together."""
    together: list[Parameter] = []
    for parameter in reversed(parameters):
        full = sum(p.data.nbytes for p in together) + parameter.data.nbytes > size
        if together and (full or together[0].dtype != parameter.dtype):
            yield together
            together = []
        together.append(parameter)
    if together:
        yield together
