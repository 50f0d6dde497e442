"""Processes that compute the outputs of one batch together, where it cannot be split.

Each is a copy of the first at the moment of ``fork`` and does the same with the same input, one
after another, as if it were alone. Only tasks that are shared (``workers.share``) are done by one
process each; what they write lies in memory that all of them see, and all wait until it is there.
Nobody is told what to do: the same program makes the same arrays in the same order, so each finds
those of the others at the same place.
"""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Callable
from mmap import mmap
from typing import Any

import numpy as np

from minipose.errors import to_be_sent
from minipose.fast import workers
from minipose.fast.evaluation.parts import Compute, Process
from minipose.tensor import Tensor

PAGE = 4096
SPINS = 300  # attempts before a process goes to sleep until the others come
PATIENCE = 0.2  # s of sleep, after which it looks whether they are alive


class NoRoomError(MemoryError):
    """The common memory is too small."""


class Team:
    """What one process knows of the others (``workers.Team``)."""

    def __init__(self, size: int, room: int) -> None:
        context = multiprocessing.get_context("fork")
        self.size, self.rank, self.room = size, 0, room
        self.memory, self.used, self.busy = mmap(-1, room), 0, False
        self.arrived = [context.Semaphore(0) for _ in range(size)]
        self.lock, self.first = context.Lock(), 0
        self.taken = np.frombuffer(mmap(-1, PAGE), np.int64, 1)
        self.alive: Callable[[], None] = lambda: None  # raises if somebody is gone

    def begin(self) -> None:
        """A batch begins: the common memory is used again."""
        self.used = 0

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Uninitialised, at the same place in all processes; a task's own arrays are its own."""
        if self.busy:
            return np.empty(shape, dtype)
        size, start = math.prod(shape) * np.dtype(dtype).itemsize, self.used
        self.used += -(-size // PAGE) * PAGE + 64  # neighbours are not a multiple of pages apart
        if self.used > self.room:
            raise NoRoomError(f"a team's batch takes more than {self.room} bytes")
        return np.frombuffer(self.memory, np.uint8, size, start).view(dtype).reshape(shape)

    def mark(self) -> int:
        return self.used

    def forget_from(self, mark: int) -> None:
        if not self.busy:  # a task's own arrays are not here
            self.used = mark

    def share(self, task: Callable[[int], None], count: int) -> None:
        """Take tasks until there are no more, then wait for the others."""
        if self.busy:
            for k in range(count):
                task(k)
            return
        self.busy = True
        try:
            while (k := self._take()) < count:
                task(k)
        finally:
            self.busy = False
        self.first += count + self.size  # each process has asked once in vain
        self.wait()

    def _take(self) -> int:
        self._patiently(self.lock.acquire)
        number = int(self.taken[0])
        self.taken[0] = number + 1
        self.lock.release()
        return number - self.first

    def wait(self) -> None:
        """Until all processes have come here."""
        for rank, arrived in enumerate(self.arrived):
            if rank != self.rank:
                arrived.release()
        mine = self.arrived[self.rank]
        for _ in range(self.size - 1):
            self._patiently(mine.acquire)

    def _patiently(self, acquire: Callable[..., bool]) -> None:
        """Acquire what another process will release, unless that one is gone."""
        for _ in range(SPINS):
            if acquire(False):
                return
        while not acquire(True, PATIENCE):
            self.alive()


class Trial:
    """Alone, and how it would be in a team: bytes of common memory, seconds of shared tasks."""

    def __init__(self) -> None:
        self.used, self.room, self.seconds = PAGE, PAGE, 0.0

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """As it is without a team, counted."""
        array = np.empty(shape, dtype)
        self.used += -(-array.nbytes // PAGE) * PAGE + 64
        self.room = max(self.room, self.used)
        return array

    def mark(self) -> int:
        return self.used

    def forget_from(self, mark: int) -> None:
        self.used = mark

    def share(self, task: Callable[[int], None], count: int) -> None:
        """As it is without a team, timed."""
        start = time.perf_counter()
        workers.run(task, count)
        self.seconds += time.perf_counter() - start


class Members:
    """A team of this process and ``size − 1`` others."""

    def __init__(self, compute: Compute, size: int, room: int, of_input: int) -> None:
        self.team, self.compute = Team(size, room), compute
        self.team.alive = self._look
        rooms = (of_input, PAGE)
        self.others = [Process(serve, rooms, compute, self.team, k) for k in range(1, size)]

    def outputs(self, x: np.ndarray) -> Any:
        """Of a batch, in common memory, which the next batch overwrites."""
        for other in self.others:
            other.start([x])
        self.team.begin()
        with workers.at_most(1), workers.in_team(self.team):
            return self.compute(Tensor(x))

    def fits(self, size: int, of_input: int) -> bool:
        """Whether it has this size, and room for inputs of so many bytes."""
        return self.team.size == size and of_input <= self.others[0].room[0]

    def close(self) -> None:
        """End the others."""
        for other in self.others:
            other.close()

    def _look(self) -> None:
        for other in self.others:
            if other.pipe.poll():
                _, error = other.answer()
                raise error
            if not other.process.is_alive():
                raise other.gone()


def serve(mine: Any, inputs: mmap, outputs: mmap, compute: Compute, team: Team, rank: int) -> None:
    """What the others do: the same as the first, until it closes the pipe."""
    team.rank = rank

    def look() -> None:
        if mine.poll():  # nothing comes while a batch is computed, but the end
            raise EOFError

    team.alive = look
    while True:
        try:
            received = mine.recv()
            if received is None:
                return
            (sent,) = received
            team.begin()
            with workers.at_most(1), workers.in_team(team):
                compute(Tensor(sent.of(inputs)))
        except EOFError:
            return
        except Exception as error:
            mine.send((None, to_be_sent(error)))
            return
