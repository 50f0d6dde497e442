"""How processes that train one network together talk to each other: the ranks of a run.

Each rank runs the same program on its own part of the data. ``Communicator`` is this process alone;
``communicator_mpi`` joins the processes that ``mpirun`` has started, ``communicator_nccl`` those
that have a GPU each. All calls but ``fail`` are collective: every rank makes them, in one order.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn, Protocol, TypeVar

import numpy as np

from minipose.backend import Array
from minipose.errors import to_be_sent

T = TypeVar("T")

# What the launchers of the usual MPIs set, each the number of processes.
LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


class Pending(Protocol):
    """A sum that other ranks still work at; the array is theirs until ``wait`` has returned."""

    def test(self) -> bool:
        """Let it go on for a moment; whether it is complete."""

    def wait(self) -> None:
        """Return when the array holds the sum."""


class Done:
    """What needs no waiting."""

    def test(self) -> bool:
        return True

    def wait(self) -> None:
        """Nothing is missing."""


class Communicator:
    """This process alone; the base of those that have company.

    Attributes
    ----------
    rank : which of the processes this is, from 0; rank 0 prints and writes files
    size : how many there are
    threads : that each rank computes with, as far as it is known
    """

    rank = 0
    size = 1
    threads: int | None = None

    def broadcast(self, value: T) -> T:
        """Rank 0's value, whatever the others give."""
        return value

    def gather(self, value: T) -> list[T]:
        """The values of all ranks in their order, for every rank."""
        return [value]

    def all_reduce(self, array: Array) -> None:
        """x ← Σ_r x_r in place: the sum of all ranks' arrays, for every rank."""
        self.start(array).wait()

    def start(self, array: Array) -> Pending:
        """Begin ``all_reduce``; the array is not touched before ``wait`` has returned."""
        return Done()

    def barrier(self) -> None:
        """Wait until every rank is here."""

    def fail(self, status: int) -> NoReturn:
        """End all ranks at once, wherever they are, with this exit status."""
        os._exit(status)

    # --- What follows from these ------------------------------------------------------------------

    def first(self, function: Callable[..., T], *arguments: Any) -> T:
        """What the function returns on rank 0, the only one to call it; its error is everyone's."""
        result, error = None, None
        if self.rank == 0:
            try:
                result = function(*arguments)
            except Exception as raised:
                error = self._to_all(raised)
        result, error = self.broadcast((result, error))
        if error is not None:
            raise error
        return result

    def any(self, flag: bool) -> bool:
        """Whether a rank says yes."""
        votes = np.array([flag], np.float64)
        self.all_reduce(votes)
        return bool(votes[0])

    def agree(self, error: Exception | None) -> None:
        """Raise the error of the first rank that has one, on every rank."""
        for found in self.gather(self._to_all(error)):
            if found is not None:
                raise found

    def _to_all(self, error: Exception | None) -> Exception | None:
        """As the others can receive it."""
        return error if error is None or self.size == 1 else to_be_sent(error)

    def share(self, items: list[T]) -> list[T]:
        """This rank's of a list that all have: every size-th, from its rank on."""
        return items[self.rank :: self.size]

    def collect(self, results: list[T]) -> list[T]:
        """What all ranks made of their ``share``, in the list's order."""
        shares = self.gather(results)
        count = sum(map(len, shares))
        return [shares[k % self.size][k // self.size] for k in range(count)]


ALONE = Communicator()


def launched() -> int:
    """How many processes a launcher such as ``mpirun`` has started with this one; 1 without it."""
    return max(int(os.environ.get(name) or 1) for name in LAUNCHERS)
