"""A network that is asked and not trained: what can be prepared is, and batches go to processes.

``layers`` folds normalisation into the kernels before it and keeps kernels as the algorithms need
them; ``parts`` gives parts of a batch to other processes, which have the weights of the moment when
they began. Both are forgotten as soon as a weight or a layer has changed (``unchanged``), and at
the end of the block. Other networks that are called in the block are computed as ever.

Processes begin when a second batch comes and the first took its time: a single one is sooner done
than they are made. The numbers are the same either way.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import time
from typing import Any

import numpy as np

from minipose.evaluation import evaluating
from minipose.fast import workers
from minipose.fast.evaluation import parts
from minipose.fast.evaluation.layers import Layers
from minipose.fast.evaluation.team import Members, NoRoomError, Trial
from minipose.fast.evaluation.unchanged import of_network
from minipose.kernels.faster import is_plain, offer
from minipose.nn import Module
from minipose.nn.module import watching
from minipose.tensor import Tensor, no_grad

LONG = 0.01  # s: a batch that takes longer is worth other processes
SHARED = 0.7  # of the time of a batch: if tasks that a team shares take more, there is a team
FORKS = sys.platform == "linux"


def may_fork() -> bool:
    """Whether this process may have others: one that ends with its parent may not, nor a rank of
    MPI, whose network does not survive a fork."""
    of_mpi = "mpi4py.MPI" in sys.modules
    return FORKS and not of_mpi and not multiprocessing.current_process().daemon


class Evaluating:
    """``evaluation.evaluating`` on a CPU."""

    def __init__(self, model: Module) -> None:
        self.model, self.layers = model, Layers()
        self.of_network: object = None
        self.own: frozenset[int] = frozenset()  # the network's modules, while it is computed
        self.processes: list[parts.Process] = []
        self.members: Members | None = None
        self.trial: Trial | None = None
        self.worth_a_team = False
        self.seconds, self.room = 0.0, (0, 0)  # of the last batch; bytes of inputs and outputs

    def __enter__(self) -> Module:
        self.model.eval()
        self.block = contextlib.ExitStack()
        self.block.enter_context(no_grad())
        self.block.enter_context(watching(self._watch))
        self.owner = os.getpid()
        return self.model

    def __exit__(self, *exception: object) -> None:
        with self.block:  # whatever becomes of the processes
            self._forget()

    @property
    def other_processes(self) -> list[int]:
        """The numbers (pid) of those that compute outputs now."""
        of_team = [] if self.members is None else self.members.others
        return [other.process.pid for other in [*self.processes, *of_team]]

    def _watch(self, module: Module, inputs: tuple[Tensor, ...], options: dict[str, Any]) -> Any:
        if module is not self.model:
            if id(module) in self.own:
                return self.layers.call(module, inputs, options)
            return module.forward(*inputs, **options)
        on_cpu = all(isinstance(x.data, np.ndarray) for x in inputs)
        if module.training or not on_cpu or is_plain():
            with watching(None):
                return module.forward(*inputs, **options)
        self._look_at_network()
        try:
            if len(inputs) > 1 or options or not inputs or inputs[0].ndim < 2 or not inputs[0].size:
                return self.layers.call(module, inputs, options)
            return self._of_batch(inputs[0])
        finally:
            self.own = frozenset()

    def _look_at_network(self) -> None:
        modules = list(self.model.modules())
        self.own = frozenset(map(id, modules))
        now = of_network(modules)
        if now != self.of_network:
            self._forget()
            self.of_network = now

    def _compute(self, x: Tensor) -> Any:
        return self.layers.call(self.model, (x,), {})

    def _of_batch(self, x: Tensor) -> Any:
        cuts = parts.cuts(x.shape)
        if len(cuts) == 1:
            return self._undivided(x)
        try:
            outputs = self._at_the_same_time(x.data, cuts)
        except ChildProcessError:
            self._end_processes()
            raise
        if outputs is None:
            outputs = self._one_after_another(x.data, cuts)
        return self._compute(x) if outputs is None else parts.together(outputs)

    def _one_after_another(self, x: np.ndarray, cuts: list[slice]) -> list[parts.Outputs] | None:
        """The outputs of each part; None if they are not outputs of samples."""
        start, found = time.perf_counter(), []
        with workers.at_most(workers.threads_here()):
            for cut in cuts:
                outputs = parts.as_outputs(self._compute(Tensor(x[cut])))
                if outputs is None or any(len(y) != len(x[cut]) for y in outputs.values()):
                    return None
                found.append(outputs)
        self.seconds = time.perf_counter() - start
        given = [y for outputs in found for y in outputs.values()]
        self.room = tuple(map(max, self.room, (parts.room_for([x]), parts.room_for(given))))
        return found

    def _at_the_same_time(self, x: np.ndarray, cuts: list[slice]) -> list[parts.Outputs] | None:
        """The same from several processes; None if it is not worth it, or not possible."""
        count = min(len(cuts), workers.threads_here())
        if (
            count == 1
            or self.seconds < LONG
            or not may_fork()
            or parts.room_for([x]) > self.room[0]
        ):
            return None
        threads = workers.threads_here() // count
        self._begin(count - 1, threads)
        groups = [cuts[k * len(cuts) // count : (k + 1) * len(cuts) // count] for k in range(count)]
        busy = list(zip(self.processes, groups[1:], strict=True))
        for process, group in busy:
            process.start([x[cut] for cut in group])
        try:
            with workers.at_most(threads):
                found = [parts.as_outputs(self._compute(Tensor(x[cut]))) for cut in groups[0]]
        finally:  # after an error, too: an answer left behind would be taken for the next one's
            answers = [process.answer() for process, _ in busy]
        for outputs, error in answers:
            if error is not None:
                raise error
            if outputs is None:  # there was no room for them
                return None
            found += outputs
        return found

    def _begin(self, count: int, threads: int) -> None:
        if len(self.processes) == count and all(p.room >= self.room for p in self.processes):
            return
        self._end_processes()
        for _ in range(count):
            self.processes.append(parts.Process(parts.serve, self.room, self._compute, threads))

    def _undivided(self, x: Tensor) -> Any:
        """A batch that is too small for parts: its tasks are shared, if they are most of it."""
        size = workers.threads_here()
        if self.trial is None or not self.worth_a_team or size == 1 or not may_fork():
            return self._on_trial(x)
        needed = parts.room_for([x.data])
        if self.members is not None and not self.members.fits(size, needed):
            self._end_members()
        if self.members is None:
            self.members = Members(self._compute, size, 2 * self.trial.room, 2 * needed)
        try:
            y = self.members.outputs(x.data)
            outputs = parts.as_outputs(y)
            if outputs is not None:
                return parts.together([outputs])  # copies
        except NoRoomError:
            self._end_members()
        except BaseException:
            self._end_members()
            raise
        self.worth_a_team = False
        return self._on_trial(x)

    def _on_trial(self, x: Tensor) -> Any:
        self.trial, start = Trial(), time.perf_counter()
        with workers.at_most(workers.threads_here()), workers.in_team(self.trial):
            y = self._compute(x)
        seconds = time.perf_counter() - start
        self.worth_a_team = seconds > LONG and self.trial.seconds > SHARED * seconds
        return y

    def _end_members(self) -> None:
        if self.members is not None and os.getpid() == self.owner:
            self.members.close()
        self.members = None

    def _end_processes(self) -> None:
        if os.getpid() == self.owner:
            for process in self.processes:
                process.close()
        self.processes = []

    def _forget(self) -> None:
        self._end_members()
        self._end_processes()
        self.layers.forget()


def _suits(model: Module) -> bool:
    return isinstance(model, Module) and all(
        isinstance(p.data, np.ndarray) for p in model.parameters()
    )


offer(evaluating, _suits, Evaluating)
