"""Ranks that ``mpirun`` has started, on one machine or many: MPI through mpi4py."""

from __future__ import annotations

import functools
import os
import time
from typing import Any, NoReturn

from minipose.backend import Array
from minipose.errors import UserError
from minipose.training.communicator import Communicator, Pending, launched

FORWARDED = 0.3  # s in which mpirun reads what was printed last
# MPI itself waits by looking again and again, which takes the core from whom it waits for.
LOOK, NAP = 200e-6, 1e-3  # s of looking without a pause; then, at most, between two looks


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
        allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
        self.threads = min(allowed, max(1, cores // neighbours))
        self.threads = int(os.environ.setdefault("MINIPOSE_THREADS", str(self.threads)))

    def broadcast(self, value: Any) -> Any:
        self.barrier()
        return self._world.bcast(value)

    def gather(self, value: Any) -> list[Any]:
        self.barrier()
        return self._world.allgather(value)

    def start(self, array: Array) -> Pending:
        return _Request(self._world.Iallreduce(self._mpi.IN_PLACE, array))

    def barrier(self) -> None:
        _Request(self._world.Ibarrier()).wait()

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


class _Request:
    def __init__(self, request: Any) -> None:
        self._request = request

    def test(self) -> bool:
        return self._request.Test()

    def wait(self) -> None:
        start = time.perf_counter()
        while not self._request.Test():
            waited = time.perf_counter() - start
            if waited > LOOK:
                time.sleep(min(waited / 10, NAP))
