"""The optimizers' formulas, applied to pieces of parameters on a CPU.

Updates run over short pieces of each array, so that a piece and its state stay in the cache while
all of the arithmetic is done on them: memory is read and written once a step, by all threads. What
looks at a whole parameter (Muon) is computed parameter by parameter, by all threads. On a GPU all
parameters are moved at once: ``device.updates``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minipose.fast import workers
from minipose.kernels.faster import offer
from minipose.optim import Optimizer, update

PIECE = 1 << 17  # elements; fewer make more calls, at which the threads wait for each other
TASK = 1 << 19  # elements that a thread takes at a time


def in_pieces(optimizer: Optimizer, moved: list[int]) -> None:
    """``optim.update`` on a CPU for a formula that looks at each number by itself."""
    tasks: list[tuple[int, tuple[np.ndarray, ...]]] = []
    options = optimizer.options()
    for i in moved:
        arrays = _arrays(optimizer, i)
        tasks += [(i, part) for part in workers.matching_parts(*arrays, piece=TASK)]

    def task(k: int) -> None:
        i, arrays = tasks[k]
        for w, g, *states in _pieces(*arrays):
            optimizer.formula(w, g, optimizer.step_counts[i], options[i], *states)

    workers.run(task, len(tasks))


def one_by_one(optimizer: Optimizer, moved: list[int]) -> None:
    """``optim.update`` on a CPU for a formula that looks at a whole parameter.

    Each is one thread's, the largest first: so a matrix product is the same for any number of them.
    """
    options = optimizer.options()
    order = sorted(moved, key=lambda i: -optimizer.parameters[i].size)

    def task(k: int) -> None:
        i = order[k]
        w, g, *states = _arrays(optimizer, i)
        optimizer.formula(w, g, optimizer.step_counts[i], options[i], *states)

    workers.run(task, len(order))


def _arrays(optimizer: Optimizer, i: int) -> tuple[np.ndarray, ...]:
    """Values, gradient and states of parameter i."""
    parameter = optimizer.parameters[i]
    states = [optimizer.state[name][i] for name in optimizer.state_names]
    return parameter.data, parameter.grad, *states


def _pieces(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Walk arrays of one shape together, in flat pieces that fit the cache."""
    if not all(a.flags.c_contiguous for a in arrays):
        yield arrays
        return
    flat = [a.reshape(-1) for a in arrays]
    for start in range(0, flat[0].size, PIECE):
        yield tuple(a[start : start + PIECE] for a in flat)


def _on_cpu(optimizer: Optimizer, moved: list[int]) -> bool:
    return all(isinstance(p.data, np.ndarray) for p in optimizer.parameters)


def _in_pieces(optimizer: Optimizer, moved: list[int]) -> bool:
    return optimizer.elementwise and _on_cpu(optimizer, moved)


offer(update, _in_pieces, in_pieces)
offer(update, _on_cpu, one_by_one)
