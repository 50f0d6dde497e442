"""Jobs of several tasks, and the threads that wait for them.

The calling thread gives its job to others and works with them until it is done. Each begins with a
range of its own, and two jobs of as many tasks give the same ranges to the same threads: what a
thread wrote may still be in its core's cache then, and another core reads it seven times as slowly.
Who is done with short tasks therefore helps those alone who have not begun, or have more than one
before them. A job is as short as a millisecond: nobody waits for one who is busy elsewhere.
"""

from __future__ import annotations

import contextvars
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

SHORT = 3e-4  # s: a task for which it counts in which core's cache its numbers are

thread = threading.local()  # .working: whether this thread works on a job; more in ``workers``


class Job:
    """``task(0), …, task(count − 1)`` for so many threads, whose places are 0, 1, …

    The lock is ours: which steps of the interpreter are whole ones depends on its version, and on
    whether it has a lock of its own.
    """

    def __init__(self, task: Callable[[int], T], count: int, threads: int) -> None:
        self.task, self.count = task, count
        cuts = [count * k // threads for k in range(threads + 1)]
        self.left = [deque(range(a, b)) for a, b in itertools.pairwise(cuts)]
        self.begun = [False] * threads
        self.results: list[T | None] = [None] * count
        self.errors: list[tuple[int, BaseException]] = []
        self.lock, self.done = threading.Lock(), 0
        self.finished: SimpleQueue[None] = SimpleQueue()

    def work(self, place: int) -> None:
        """Do the tasks of this place from the first, then of what others leave the last."""
        thread.working = self.begun[place] = True
        try:
            own, start = len(self.left[place]), time.perf_counter()
            while self._do(place, deque.popleft, leave=False):
                pass
            short = time.perf_counter() - start < own * SHORT
            for other in (*range(place + 1, len(self.left)), *range(place)):
                while self._do(other, deque.pop, leave=short):
                    pass
        finally:
            thread.working = False

    def _do(self, place: int, take: Callable[[deque], int], leave: bool) -> bool:
        """A task of that place; False if there is none, or one that is left to who has begun."""
        left = self.left[place]
        with self.lock:
            if len(left) <= (leave and self.begun[place]):
                return False
            i = take(left)
        try:
            self.results[i] = self.task(i)
        except BaseException as error:
            self.errors.append((i, error))
        with self.lock:
            self.done += 1
            if self.done == self.count:
                self.task = None  # nor is what it refers to held any longer
                self.finished.put(None)
        return True


def shared(task: Callable[[int], T], count: int, threads: int) -> list[T]:
    """``[task(0), …, task(count − 1)]`` by so many threads.

    The calling one works, too: a job that it can do alone waits for nobody. Of several errors that
    of the first task is raised.
    """
    job = Job(task, count, threads)
    for place, helper in enumerate(_helpers(threads - 1), start=1):
        helper.put((job, place))
    job.work(0)
    job.finished.get()
    if job.errors:
        raise min(job.errors, key=lambda each: each[0])[1]
    return job.results


Queue = SimpleQueue[tuple[Job, int] | None]  # of one thread: jobs, and its place in each
_queues: dict[int, list[Queue]] = {}
_waiting: list[tuple[threading.Thread, Queue]] = []
_starting = threading.Lock()


def _helpers(count: int) -> list[Queue]:
    """The queues at which so many threads wait for jobs; they start with the first."""
    queues = _queues.get(count)
    return _started(count) if queues is None else queues


def _started(count: int) -> list[Queue]:
    with _starting:  # two that come first at once get the same
        if count in _queues:
            return _queues[count]
        queues: list[Queue] = [SimpleQueue() for _ in range(count)]
        for k, queue in enumerate(queues):
            # From Python 3.14 on a thread may begin in the blocks of the one that started it
            # (``no_grad`` and the like), and helpers outlive them: they begin in none.
            begin = contextvars.Context().run
            name = f"kernel-{k}"
            helper = threading.Thread(target=begin, args=(_serve, queue), name=name, daemon=True)
            helper.start()
            _waiting.append((helper, queue))
        _queues[count] = queues
        return queues


def _serve(queue: Queue) -> None:
    while (given := queue.get()) is not None:
        job, place = given
        job.work(place)
        del given, job  # and its results, while the next one is awaited


def rest() -> None:
    """End the threads that wait for jobs, before a fork; they start again when they are needed."""
    with _starting:
        _queues.clear()
        ending = [_waiting.pop() for _ in range(len(_waiting))]
    for _, queue in ending:
        queue.put(None)  # behind all that was put there before
    for helper, _ in ending:
        helper.join()


def _after_fork() -> None:
    _starting.release()
    _queues.clear()
    _waiting.clear()


if hasattr(os, "register_at_fork"):
    # A child process has the queues, but none of the threads: it starts its own when needed.
    os.register_at_fork(
        before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_after_fork
    )
