"""Data-parallel training: each part of a batch goes to a copy of the network.

Each copy is a process of its own: NumPy's threads take turns whenever they come back to Python,
which they do every few microseconds in a narrow network; processes need not. They share the weights
in memory; the parts of a batch, and the losses, go through pipes, the gradients through memory too.
The numbers are those of parts that are computed one after another.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from mmap import mmap
from typing import Any

import numpy as np

from minipose.errors import to_be_sent
from minipose.fast import jobs, memory, workers
from minipose.kernels.faster import offer
from minipose.nn import Module
from minipose.training.parts import (
    Loss,
    Part,
    Parts,
    RunningStatistics,
    add_gradients,
    in_parts,
    on_threads,
    ready_to_fork,
)


class Replicas(Parts):
    """``Parts`` that are computed at the same time.

    The values of the model's parameters move to shared memory, and back at the end; they stay the
    same. A process that is forked meanwhile has neither the others nor weights of its own. The
    others see weights, buffers and what is switched (``train``, ``eval``, ``requires_grad``) as
    they are at each batch, all else of the model as it was when they began.
    """

    def __init__(
        self, model: Module, loss: Loss, parts: int = 1, elsewhere: Sequence[np.ndarray] = ()
    ) -> None:
        super().__init__(model, loss, parts)
        _share(model)
        self._owner = os.getpid()
        self._others: list[_Other] = []
        jobs.rest()  # a fork takes none of the threads along, but the locks that they hold
        self._others += (_Other(model, loss, elsewhere) for _ in range(parts - 1))

    def __exit__(self, *exception: object) -> None:
        if os.getpid() != self._owner:
            return
        for other in reversed(self._others):  # the later ones hold the earlier ones' pipes, too
            other.close()
        for parameter in self.model.parameters():  # so that later forks write to copies
            parameter.data = parameter.data.copy()

    @property
    def processes(self) -> list[int]:
        """The numbers (pid) of the other processes."""
        return [other.process.pid for other in self._others]

    def total(self, parts: list[Part]) -> float:
        """The loss of all parts; their gradients are added to the parameters'."""
        if os.getpid() != self._owner:
            raise RuntimeError("Replicas: these are another process's; make new ones here")
        first, *rest = parts
        statistics = RunningStatistics(self.model)
        busy = list(zip(self._others, rest, strict=False))
        for other, part in busy:
            other.start(part)
        try:
            with workers.alone():
                total = add_gradients(self.model, self.loss, first)
                statistics.take(first.fraction)
        finally:  # after an error, too: an answer left behind would be taken for the next one's
            answers = [other.answer() for other, _ in busy]
        for (other, part), (loss, had, error) in zip(busy, answers, strict=True):
            if error is not None:
                raise error
            other.add_gradients(had)
            statistics.add(part.fraction, other.buffers)
            total += loss
        statistics.write()
        return total


def _share(model: Module) -> None:
    """Move the parameters' values to memory that processes share."""
    for parameter in model.parameters():
        parameter.data = _shared_like(parameter.data)


def _shared_like(values: np.ndarray) -> np.ndarray:
    shared = np.frombuffer(mmap(-1, max(values.nbytes, 1)), values.dtype, values.size)
    shared = shared.reshape(values.shape)
    shared[...] = values
    return shared


class _Other:
    """Another process with a copy of the network and the same weights."""

    def __init__(self, model: Module, loss: Loss, elsewhere: Sequence[np.ndarray]) -> None:
        from minipose import lifetime  # not with ``import minipose``, which is shallow

        self.model = model
        self.gradients = [_shared_like(p.data) for p in model.parameters()]
        self.buffers = [_shared_like(buffer) for _, buffer in model.named_buffers()]
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        arguments = (self.pipe, theirs, model, loss, self.gradients, self.buffers, elsewhere)
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        lifetime.begin(self.process, self)
        theirs.close()

    def start(self, part: Part) -> None:
        """Hand over a part, to be computed from the buffers that the model has now."""
        for buffer, (_, now) in zip(self.buffers, self.model.named_buffers(), strict=True):
            buffer[...] = now
        try:
            self.pipe.send((part, _switches(self.model)))
        except OSError:
            raise self._gone() from None

    def answer(self) -> tuple[float, list[bool], Exception | None]:
        """Wait; the part's term of the loss and which parameters it moves, or what went wrong."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            raise self._gone() from None

    def _gone(self) -> ChildProcessError:
        self.process.join()
        return ChildProcessError(
            f"the process of a replica ended (exit code {self.process.exitcode})"
        )

    def add_gradients(self, had: list[bool]) -> None:
        """To the parameters' own, of those that the part had any of."""
        everything = zip(self.model.parameters(), self.gradients, had, strict=True)
        for parameter, gradient, there in everything:
            if there and parameter.grad is None:  # the first part does not need it
                parameter.grad = gradient.copy()
            elif there:
                workers.elementwise(_add, parameter.grad, gradient, piece=workers.PIECE)

    def close(self) -> None:
        """End it, also where another process that was forked meanwhile holds the pipe, too."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self.pipe.send(None)
        self.pipe.close()
        self.process.join()


def _add(total: np.ndarray, more: np.ndarray) -> None:
    total += more


Switches = tuple[list[bool], list[bool]]


def _switches(model: Module) -> Switches:
    """Whether each module trains and each parameter learns: a layer may be frozen at any time."""
    return [m.training for m in model.modules()], [p.requires_grad for p in model.parameters()]


def _switch(model: Module, switches: Switches) -> None:
    training, learning = switches
    for module, trains in zip(model.modules(), training, strict=True):
        module.training = trains
    for parameter, learns in zip(model.parameters(), learning, strict=True):
        parameter.requires_grad = learns


def _serve(
    pipe: Any,
    mine: Any,
    model: Module,
    loss: Loss,
    gradients: list[np.ndarray],
    buffers: list[np.ndarray],
    elsewhere: Sequence[np.ndarray],
) -> None:
    """What the other process does: a part, its gradients, buffers and loss, the next part."""
    pipe.close()
    from minipose import lifetime  # not with ``import minipose``, which is shallow

    lifetime.end_with_parent()
    lifetime.leave_signals_to_parent()
    memory.forget(elsewhere)
    # A broken pipe: the first process has gone on without the answer.
    with contextlib.suppress(BrokenPipeError), workers.alone():
        while True:
            try:
                message = mine.recv()
            except EOFError:
                return
            if message is None:
                return
            try:
                part, switches = message
                _switch(model, switches)
                model.zero_grad()
                own = [buffer for _, buffer in model.named_buffers()]
                for buffer, given in zip(own, buffers, strict=True):
                    buffer[...] = given
                value = add_gradients(model, loss, part)
                found = [parameter.grad for parameter in model.parameters()]
                for gradient, grad in zip(gradients, found, strict=True):
                    if grad is not None:
                        gradient[...] = grad
                for buffer, given in zip(own, buffers, strict=True):
                    given[...] = buffer
                answer = value, [grad is not None for grad in found], None
            except Exception as error:
                answer = 0.0, [], to_be_sent(error)
            mine.send(answer)


def _suits(model: Module, loss: Loss, parts: int = 1, elsewhere: Sequence[np.ndarray] = ()) -> bool:
    on_cpu = all(isinstance(p.data, np.ndarray) for p in model.parameters())
    return parts > 1 and on_cpu and sys.platform == "linux" and workers.threads_here() >= parts


offer(in_parts, _suits, Replicas)
offer(on_threads, lambda threads: True, workers.at_most)
offer(ready_to_fork, lambda: True, jobs.rest)
