"""Data-parallel training: a batch is split, and each part goes to a copy of the network.

A loss that is a mean over the N samples of a batch is the weighted mean of its parts' losses, and
so is the gradient:

    L = Σ_k (N_k / N) L_k        dL/dw = Σ_k (N_k / N) dL_k/dw

Each copy is a process of its own: NumPy's threads take turns whenever they come back to Python,
which they do every few microseconds in a narrow network; processes need not. They share the weights
in memory; the parts of a batch, and the losses, go through pipes, the gradients through memory too.
Whether the parts are computed at the same time or one after another, the numbers are the same.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable
from mmap import mmap
from typing import Any, NamedTuple

import numpy as np

from minipose.fast import workers
from minipose.nn import Module
from minipose.tensor import Tensor

Loss = Callable[[Module, Any], Tensor]


class Replicas:
    """Computes a network's gradients from a batch in parts; use it in a ``with`` statement.

    Parameters
    ----------
    model : Module, on a CPU if there is more than one part
        Its parameters' values move to shared memory; they stay the same.
    loss : (model, batch) -> scalar Tensor, a mean over the samples of the batch
    parts : into which a batch is split; batches are named tuples of arrays (or None)
    """

    def __init__(self, model: Module, loss: Loss, parts: int = 1) -> None:
        self.model, self.loss, self.parts = model, loss, parts
        self._others: list[_Other] = []
        if parts > 1 and sys.platform == "linux" and workers.thread_count() >= parts:
            _share(model)
            self._others = [_Other(model, loss) for _ in range(parts - 1)]

    def __enter__(self) -> Replicas:
        return self

    def __exit__(self, *exception: object) -> None:
        for other in reversed(self._others):  # the later ones hold the earlier ones' pipes, too
            other.close()

    @property
    def processes(self) -> list[int]:
        """The numbers (pid) of the other processes."""
        return [other.process.pid for other in self._others]

    def backward(self, batch: Any, *entropy: int) -> Tensor:
        """The loss of the batch; each parameter's ``grad`` is what it would be after a backward.

        ``entropy`` seeds dropout, for each part its own.
        """
        if self.parts == 1:
            self.model.reseed(*entropy)
            loss = self.loss(self.model, batch)
            loss.backward()
            return loss.detach()
        first, *rest = [
            _Part(shard, share, (*entropy, k), self.model.training)
            for k, (shard, share) in enumerate(split(batch, self.parts))
        ]
        if not self._others:
            return Tensor(np.float32(sum(_run(self.model, self.loss, p) for p in (first, *rest))))
        busy = list(zip(self._others, rest, strict=False))
        for other, part in busy:
            other.start(part)
        try:
            with workers.alone():
                total = _run(self.model, self.loss, first)
        finally:  # after an error, too: an answer left behind would be taken for the next one's
            answers = [other.answer() for other, _ in busy]
        for (other, _), (loss, error) in zip(busy, answers, strict=True):
            if error is not None:
                raise error
            other.add_gradients()
            total += loss
        return Tensor(np.float32(total))


class _Part(NamedTuple):
    batch: Any
    share: float
    entropy: tuple[int, ...]
    training: bool


def split(batch: Any, parts: int) -> list[tuple[Any, float]]:
    """Up to so many parts of a named tuple of arrays, along axis 0, and each one's share."""
    count = len(batch[0])
    cuts = workers.pieces(count, -(-count // parts))
    return [
        (
            type(batch)(*(None if array is None else array[cut] for array in batch)),
            (cut.stop - cut.start) / count,
        )
        for cut in cuts
    ]


def _run(model: Module, loss: Loss, part: _Part) -> float:
    """Add the part's share of the gradients; returns its share of the loss."""
    model.reseed(*part.entropy)
    value = loss(model, part.batch) * part.share
    value.backward()
    return value.item()


def _share(model: Module) -> None:
    """Move the parameters' values to memory that processes share."""
    for parameter in model.parameters():
        parameter.data = _shared_like(parameter.data)


def _shared_like(values: np.ndarray) -> np.ndarray:
    memory = np.frombuffer(mmap(-1, max(values.nbytes, 1)), values.dtype, values.size)
    memory = memory.reshape(values.shape)
    memory[...] = values
    return memory


class _Other:
    """Another process with a copy of the network and the same weights."""

    def __init__(self, model: Module, loss: Loss) -> None:
        self.model = model
        self.gradients = [_shared_like(p.data) for p in model.parameters()]
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        arguments = (self.pipe, theirs, model, loss, self.gradients)
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def start(self, part: _Part) -> None:
        try:
            self.pipe.send(part)
        except BrokenPipeError:
            raise self._gone() from None

    def answer(self) -> tuple[float, Exception | None]:
        """Wait; the part's share of the loss, or what went wrong."""
        try:
            return self.pipe.recv()
        except EOFError:
            raise self._gone() from None

    def _gone(self) -> ChildProcessError:
        self.process.join()
        return ChildProcessError(
            f"the process of a replica ended (exit code {self.process.exitcode})"
        )

    def add_gradients(self) -> None:
        """To the parameters' own."""
        for parameter, gradient in zip(self.model.parameters(), self.gradients, strict=True):
            workers.elementwise(_add, parameter.grad, gradient)

    def close(self) -> None:
        self.pipe.close()  # which is the sign to end
        self.process.join()


def _add(total: np.ndarray, more: np.ndarray) -> None:
    total += more


def _serve(pipe: Any, mine: Any, model: Module, loss: Loss, gradients: list[np.ndarray]) -> None:
    """What the other process does: a part, its gradients and loss, the next part."""
    pipe.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's business
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with workers.alone():
        while True:
            try:
                part = mine.recv()
            except EOFError:
                return
            try:
                model.train(part.training)
                model.zero_grad()
                value = _run(model, loss, part)
                for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                    gradient[...] = 0 if parameter.grad is None else parameter.grad
                mine.send((value, None))
            except Exception as error:
                mine.send((0.0, error))
