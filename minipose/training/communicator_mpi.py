"""Ranks that ``mpirun`` has started, on one machine or many: MPI through mpi4py."""

from __future__ import annotations

import os
import time
from typing import Any, NoReturn

from minipose.backend import Array
from minipose.errors import UserError
from minipose.training.communicator import Communicator, Pending, launched

# MPICH would add a line of its own to the one that says what went wrong.
os.environ.setdefault("MPIR_CVAR_SUPPRESS_ABORT_MESSAGE", "1")
NAP = 50e-6  # s between two looks, where ranks outnumber cores: MPI itself would spin


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
        self.local_rank, neighbours = here.rank, here.size
        cores = os.cpu_count() or 1
        self._crowded = neighbours > cores
        allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
        self.threads = min(allowed, max(1, cores // neighbours))
        self.threads = int(os.environ.setdefault("MINIPOSE_THREADS", str(self.threads)))

    def broadcast(self, value: Any) -> Any:
        return self._world.bcast(value)

    def gather(self, value: Any) -> list[Any]:
        return self._world.allgather(value)

    def start(self, array: Array) -> Pending:
        request = self._world.Iallreduce(self._mpi.IN_PLACE, array)
        return _Request(request, self._crowded)

    def barrier(self) -> None:
        self._world.Barrier()

    def fail(self, status: int) -> NoReturn:
        self._world.Abort(status)
        os._exit(status)


class _Request:
    def __init__(self, request: Any, crowded: bool) -> None:
        self._request, self._crowded = request, crowded

    def test(self) -> bool:
        return self._request.Test()

    def wait(self) -> None:
        while self._crowded and not self._request.Test():
            time.sleep(NAP)  # the rank that is waited for may need this core
        self._request.Wait()
