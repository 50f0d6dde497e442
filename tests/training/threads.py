"""Threads for tests: ranks of one process, where there is no MPI; as Python 3.14 starts them."""

from __future__ import annotations

import contextvars
import copy
import threading
from collections.abc import Callable
from typing import Any

from minipose.training.communicator import Communicator, Done


class Threads(Communicator):
    """Sums are taken in the order of the ranks."""

    def __init__(self, rank: int, size: int, meeting: threading.Barrier, slots: list) -> None:
        self.rank, self.size, self.meeting, self.slots = rank, size, meeting, slots
        self.started: list[int] = []  # lengths of the arrays

    def gather(self, value: Any) -> list[Any]:
        self.slots[self.rank] = value
        self.meeting.wait()
        values = copy.deepcopy(self.slots)  # as what goes through a network
        self.meeting.wait()
        return values

    def broadcast(self, value: Any) -> Any:
        return self.gather(value)[0]

    def start(self, array: Any) -> Done:
        self.started.append(array.size)
        first, *others = self.gather(array.copy())
        array[...] = first
        for other in others:
            array += other
        return Done()


def together(size: int, program: Callable[[Threads], Any]) -> list[Any]:
    """What the program returns on each rank; an error of any of them is raised."""
    meeting, slots = threading.Barrier(size, timeout=30), [None] * size
    results, errors = [None] * size, []

    def run(rank: int) -> None:
        try:
            results[rank] = program(Threads(rank, size, meeting, slots))
        except BaseException as error:
            errors.append(error)
            meeting.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


class Inheriting(threading.Thread):
    """A thread that begins in the blocks (``no_grad`` and the like) of the one that started it.

    As all do from Python 3.14 on where it has no GIL.
    """

    def __init__(self, *, target: Callable[..., object], args: tuple = (), **options: Any) -> None:
        context = contextvars.copy_context()
        super().__init__(target=context.run, args=(target, *args), **options)
