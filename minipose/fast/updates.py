"""The optimizers' formulas, applied to pieces of parameters on a CPU, to all at once on a GPU.

On a CPU, updates run over short pieces of each array, so that a piece and its state stay in the
cache while all of the arithmetic is done on them: memory is read and written once a step, by all
threads. On a GPU, where each call costs the same however little it does, all parameters become
views of one flat array, and so does their state: a step is the same few calls for any number of
layers. What looks at a whole parameter (Muon) is computed parameter by parameter, on a CPU by all
threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast import workers
from minipose.kernels.faster import offer
from minipose.optim import Optimizer, update
from minipose.tensor import Parameter

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


class Flat:
    """All parameters of an optimizer as views of one array, and all states likewise."""

    def __init__(self, optimizer: Optimizer) -> None:
        parameters = optimizer.parameters
        self.values, self.views = _joined([p.data for p in parameters])
        for parameter, view in zip(parameters, self.views, strict=True):
            parameter.data = view
        self.states: list[Array] = []
        for name in optimizer.state_names:
            flat, optimizer.state[name] = _joined(optimizer.state[name])
            self.states.append(flat)

    def covers(self, parameters: list[Parameter]) -> bool:
        """Whether no parameter was given another array since."""
        return all(p.data is view for p, view in zip(parameters, self.views, strict=True))


def _joined(arrays: list[Array]) -> tuple[Array, list[Array]]:
    """The arrays one after another in one, and the views of it that take their places."""
    flat = array_module(arrays[0]).concatenate([a.reshape(-1) for a in arrays])
    views, start = [], 0
    for array in arrays:
        views.append(flat[start : start + array.size].reshape(array.shape))
        start += array.size
    return flat, views


_flat: WeakKeyDictionary[Optimizer, Flat] = WeakKeyDictionary()


def at_once(optimizer: Optimizer, moved: list[int]) -> None:
    """``optim.update`` for parameters on a GPU that all have a gradient."""
    flat = _flat.get(optimizer)
    if flat is None or not flat.covers(optimizer.parameters):
        flat = _flat[optimizer] = Flat(optimizer)
    gradient = array_module(flat.values).concatenate(
        [p.grad.reshape(-1) for p in optimizer.parameters]
    )
    arrays, options = (flat.values, gradient, *flat.states), optimizer.options()
    for first, group in _groups(optimizer):
        w, g, *states = (a[group] for a in arrays)
        optimizer.formula(w, g, optimizer.step_counts[first], options[first], *states)


def _groups(optimizer: Optimizer) -> Iterator[tuple[int, slice]]:
    """Of each group that has any, its first parameter and where all of them lie in a flat array."""
    first = start = 0
    for group in optimizer.groups:
        parameters = group["parameters"]
        stop = start + sum(p.size for p in parameters)
        if parameters:
            yield first, slice(start, stop)
        first, start = first + len(parameters), stop


def _all_on_gpu(optimizer: Optimizer, moved: list[int]) -> bool:
    parameters = optimizer.parameters
    on_gpu = not any(isinstance(p.data, np.ndarray) for p in parameters)
    together = len(moved) == len(parameters) and len(set(optimizer.step_counts)) == 1
    alike = len({p.dtype for p in parameters}) == 1  # in one array, all would become float64
    return optimizer.elementwise and on_gpu and together and alike


offer(update, _in_pieces, in_pieces)
offer(update, _on_cpu, one_by_one)
offer(update, _all_on_gpu, at_once)
