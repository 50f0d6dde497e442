"""Ranks that train a network of the bench: rank 0 reads commands from stdin, answers in JSON.

``time N``: seconds a step, on the clock and of the busiest rank's processor; ``reduce BYTES N``:
the same of an all-reduce alone; ``traffic``: messages and bytes of a step.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import numpy as np

from minipose.training.communicator import Pending
from minipose.training.ranks import Ranks
from minipose.training.world import world
from tests.bench import cases
from tests.bench.ours import Side


class Counted:
    """A communicator that notes what goes through it."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.sizes = inner, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def start(self, array: np.ndarray) -> Pending:
        self.sizes.append(array.nbytes)
        return self.inner.start(array)

    def all_reduce(self, array: np.ndarray) -> None:
        self.start(array).wait()


def main() -> None:
    case, together = cases.Case(**json.loads(sys.argv[1])), Counted(world())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    built = Side(case, "minipose", "cpu", {} if case.network == "hnet" else cases.weights(case))
    if together.size > 1:
        built.replicas = Ranks(built.net, built._loss, 1, together)
    step = built.step()
    while True:
        command, *rest = (together.first(sys.stdin.readline) or "end").split()
        if command == "end":
            break
        together.sizes.clear()
        found = answer(command, [int(word) for word in rest], step, together)
        if together.rank == 0:
            print(json.dumps(found), file=answers, flush=True)


def answer(command: str, numbers: list[int], step: Any, together: Counted) -> Any:
    """What a command gives."""
    if command == "traffic":
        step()
        return {"messages": len(together.sizes), "bytes": sum(together.sizes)}
    *size, count = numbers
    array = np.zeros(size[0] // 4 if size else 0, np.float32)
    together.barrier()
    start, busy = time.perf_counter(), time.process_time()
    for _ in range(count):
        if command == "reduce":
            together.all_reduce(array)
        else:
            step()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    return [seconds / count, max(together.gather(busy)) / count]


if __name__ == "__main__":
    main()
