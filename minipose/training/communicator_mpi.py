"""Ranks that ``mpirun`` has started, on one machine or many: MPI through mpi4py."""

from __future__ import annotations

import functools
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

from minipose.backend import Array
from minipose.errors import UserError
from minipose.processors import available, processors
from minipose.training.communicator import Communicator, Pending, launched

FORWARDED = 0.3  # s in which mpirun reads what was printed last
# MPI works only while it is looked at, so looks that are far apart make a sum slow; but whoever
# looks again and again takes the core from others, maybe from the rank that is waited for.
LOOK, SHARED_LOOK = 50e-3, 2e-3  # s of looking: on a core of its own; where ranks share one
NAP = 1e-3  # s, at most, between two looks afterwards


class MPICommunicator(Communicator):
    """All processes of one ``mpirun``.

    Raises
    ------
    UserError
        If the launcher has started more processes than MPI finds: they would all be alone.
    """

    def __init__(self) -> None:
        from mpi4py import MPI

        self._mpi, self._world = MPI, MPI.COMM_WORLD
        self.rank, self.size = self._world.rank, self._world.size
        if self.size != launched():
            version = MPI.Get_library_version().split(",")[0].split("\n")[0].strip()
            raise UserError(
                f"mpirun has started {launched()} processes, mpi4py's {version} finds {self.size}: "
                "take the mpirun of the same MPI (.venv/bin/mpirun)"
            )
        here = self._world.Split_type(MPI.COMM_TYPE_SHARED)
        neighbours = here.size
        take_gpu(here.rank)
        cores = os.cpu_count() or 1
        mine = min(available(), max(1, cores // neighbours))
        self._calls: deque[InTurn] | None = deque() if neighbours <= cores else None
        if not os.environ.get("MINIPOSE_THREADS"):  # empty says nothing, see ``processors``
            os.environ["MINIPOSE_THREADS"] = str(mine)
        self.threads = processors()

    def broadcast(self, value: Any) -> Any:
        self.barrier()
        return self._world.bcast(value)

    def gather(self, value: Any) -> list[Any]:
        self.barrier()
        return self._world.allgather(value)

    def start(self, array: Array) -> Pending:
        return InTurn(self._calls, lambda: self._world.Iallreduce(self._mpi.IN_PLACE, array))

    def barrier(self) -> None:
        InTurn(self._calls, self._world.Ibarrier).wait()

    def fail(self, status: int) -> NoReturn:
        time.sleep(FORWARDED)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MPI would add lines of its own
        self._world.Abort(status)
        os._exit(status)


@functools.lru_cache  # once: afterwards it is the only one
def take_gpu(number: int) -> None:
    """Let this process see one GPU of its machine, of those that it may use; none if too few."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    own = [str(number)] if allowed is None else allowed.split(",")[number : number + 1]
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(own)


class InTurn:
    """A call that begins when those before it are complete: together they would take longer.

    Where ranks share a core (``calls`` is None) it begins at once: while one waits, all go on.
    """

    def __init__(self, calls: deque[InTurn] | None, begin: Callable[[], Any]) -> None:
        self._calls, self._begin = deque() if calls is None else calls, begin
        self._look = SHARED_LOOK if calls is None else LOOK
        self._request: Any = None
        self._complete = False
        self._calls.append(self)
        self.test()

    def test(self) -> bool:
        while self._calls and self._calls[0]._advance():
            self._calls.popleft()
        return self._complete

    def _advance(self) -> bool:
        if self._request is None:
            self._request = self._begin()
        self._complete = self._request.Test()
        return self._complete

    def wait(self) -> None:
        start = time.perf_counter()
        while not self.test():
            waited = time.perf_counter() - start
            if waited < self._look:
                os.sched_yield()
            else:
                time.sleep(min(waited / 10, NAP))
