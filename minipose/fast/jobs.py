"""Tasks that several threads do together, each from a range of its own.

Two jobs of as many tasks give the same ranges to the same threads. What a thread wrote may still be
in its core's cache then; another core reads it seven times as slowly. Who is done with short tasks
therefore helps those alone who have not begun, or have more than one before them.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

SHORT = 3e-4  # s: a task for which it counts in which core's cache its numbers are


class Job(Generic[T]):
    """``task(0), …, task(count − 1)`` for so many threads, whose places are 0, 1, …"""

    def __init__(self, task: Callable[[int], T], count: int, threads: int) -> None:
        self.task, self.count = task, count
        cuts = [count * k // threads for k in range(threads + 1)]
        # Tasks are taken from both ends in one step of the interpreter: no two get the same.
        self.left = [deque(range(a, b)) for a, b in itertools.pairwise(cuts)]
        self.begun = [False] * threads
        self.results: list[T | None] = [None] * count
        self.errors: list[tuple[int, BaseException]] = []
        self.done: list[int] = []
        self.finished: SimpleQueue[None] = SimpleQueue()

    def work(self, place: int) -> None:
        """Do the tasks of this place, then what others leave."""
        own, self.begun[place] = self.left[place], True
        some, start = len(own), time.perf_counter()
        while self._do(own.popleft):
            pass
        short = time.perf_counter() - start < some * SHORT
        for other in (*range(place + 1, len(self.left)), *range(place)):
            while self._leaves(other, short) and self._do(self.left[other].pop):
                pass

    def _leaves(self, other: int, short: bool) -> bool:
        return len(self.left[other]) > (1 if short and self.begun[other] else 0)

    def _do(self, take: Callable[[], int]) -> bool:
        """One task; False if none was left."""
        try:
            i = take()
        except IndexError:
            return False
        try:
            self.results[i] = self.task(i)
        except BaseException as error:
            self.errors.append((i, error))
        self.done.append(i)
        if len(self.done) == self.count:
            self.finished.put(None)
        return True

    def wait(self) -> list[T]:
        """All results, in order, once there are all; or the error of the first task that failed."""
        self.finished.get()
        if self.errors:
            raise min(self.errors, key=lambda each: each[0])[1]
        return self.results
