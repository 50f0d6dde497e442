"""Prepare the next batches while a step runs."""

from __future__ import annotations

import contextvars
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

from minipose.backend import same_stream

T = TypeVar("T")


def prefetch(items: Iterable[T], ahead: int = 3) -> Iterator[T]:
    """The same items in the same order, made by a second thread up to ``ahead`` items early.

    What it sends to a GPU goes by the stream of the thread that takes the items.

    An exception of the producer is raised here, at its place in the order. Leaving the loop early
    stops the thread. A forked process, which has no such thread, cannot go on with the iterator.
    """
    owner = os.getpid()
    slots: queue.Queue = queue.Queue(maxsize=ahead)
    stop, place = threading.Event(), same_stream()

    def put(entry: tuple[str, object]) -> bool:
        while not stop.is_set():
            try:
                slots.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            with place:
                for item in items:
                    if not put(("item", item)):
                        return
            put(("end", None))
        except BaseException as error:  # handed over to the consumer's thread
            put(("error", error))

    # In none of this thread's blocks (``no_grad`` and the like), whatever the version of Python.
    begin = contextvars.Context().run
    thread = threading.Thread(target=begin, args=(produce,), daemon=True, name="prefetch")
    thread.start()
    try:
        while True:
            if os.getpid() != owner:
                raise RuntimeError("prefetch: this iterator is another process's; begin a new one")
            kind, value = slots.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stop.set()
        thread.join()
