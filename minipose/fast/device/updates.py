"""An optimizer's step as three calls, whatever the number of layers.

All parameters of an optimizer become views of one flat array, and so does their state. Where the
gradients lie is a table of addresses, with which one kernel brings them into one flat array, too; a
second one moves every number.
"""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from weakref import WeakKeyDictionary

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast.device.kernel import Kernel
from minipose.kernels.faster import offer
from minipose.optim import SGD, Adam, Optimizer, update


def _gathered(addresses: Array, starts: Array, flat: Array) -> None:
    for address, start, stop in zip(addresses, starts, (*starts[1:], flat.size), strict=True):
        size = int(stop - start) * flat.itemsize
        memory = (ctypes.c_byte * size).from_address(int(address))
        flat[int(start) : int(stop)] = np.frombuffer(memory, dtype=flat.dtype)


GATHERED = Kernel(
    "gathered",
    "raw int64 addresses, raw int64 starts",
    "T flat",
    """
    ptrdiff_t low = 0, high = starts.size();
    while (high - low > 1) {
        const ptrdiff_t middle = (low + high) / 2;
        if (starts[middle] <= i) low = middle; else high = middle;
    }
    flat = reinterpret_cast<const T*>(addresses[low])[i - starts[low]];
    """,
    _gathered,
)


def _sgd(grad: Array, rate: float, momentum: float, decay: float, w: Array, v: Array) -> None:
    v *= momentum
    v -= rate * grad
    v -= decay * w
    w += v


SGD_STEP = Kernel(
    "sgd",
    "T grad, T rate, T momentum, T decay",
    "T w, T v",
    "v = v * momentum - rate * grad - decay * w; w += v;",
    _sgd,
)


def _adam(
    grad: Array, beta1: float, beta2: float, rest1: float, rest2: float, rate: float, root: float,
    eps: float, kept: float, w: Array, mean: Array, square: Array,
) -> None:  # fmt: skip
    mean *= beta1
    mean += rest1 * grad
    square *= beta2
    square += rest2 * (grad * grad)
    w *= kept
    w -= rate * mean / (np.sqrt(square) * root + eps)


ADAM_STEP = Kernel(
    "adam",
    "T grad, T beta1, T beta2, T rest1, T rest2, T rate, T root, T eps, T kept",
    "T w, T mean, T square",
    """
    mean = beta1 * mean + rest1 * grad;
    square = beta2 * square + rest2 * (grad * grad);
    w = w * kept - rate * mean / (sqrt(square) * root + eps);
    """,
    _adam,
)


def gathered(arrays: list[Array]) -> Array:
    """The numbers of all arrays, one after another: an upload of their addresses, and a call."""
    xp, dtype = array_module(arrays[0]), arrays[0].dtype
    arrays = [xp.ascontiguousarray(a) for a in arrays]
    sizes = [a.size for a in arrays]
    starts = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
    table = xp.asarray(np.stack([np.array([a.data.ptr for a in arrays], dtype=np.int64), starts]))
    flat = xp.empty(sum(sizes), dtype=dtype)
    GATHERED(table[0], table[1], flat)
    return flat


class Flat:
    """All parameters of an optimizer as views of one array, and all states likewise."""

    def __init__(self, optimizer: Optimizer) -> None:
        parameters = optimizer.parameters
        self.values, views = _joined([p.data for p in parameters])
        for parameter, view in zip(parameters, views, strict=True):
            parameter.data = view
        self.views = list(views)
        self.states: list[Array] = []
        for name in optimizer.state_names:
            flat, optimizer.state[name] = _joined(optimizer.state[name])
            self.states.append(flat)
            self.views += optimizer.state[name]

    def covers(self, optimizer: Optimizer) -> bool:
        """Whether neither a parameter nor its state was given another array since."""
        states = (array for name in optimizer.state_names for array in optimizer.state[name])
        now = (*(p.data for p in optimizer.parameters), *states)
        return all(map(operator.is_, now, self.views))


def _joined(arrays: list[Array]) -> tuple[Array, list[Array]]:
    """The arrays one after another in one, and the views of it that take their places."""
    flat = array_module(arrays[0]).concatenate([a.reshape(-1) for a in arrays])
    views, start = [], 0
    for array in arrays:
        views.append(flat[start : start + array.size].reshape(array.shape))
        start += array.size
    return flat, views


_flat: WeakKeyDictionary[Optimizer, Flat] = WeakKeyDictionary()


def flat_of(optimizer: Optimizer) -> Flat:
    """All of it in few arrays: made at the first step, and again where one was exchanged."""
    flat = _flat.get(optimizer)
    if flat is None or not flat.covers(optimizer):
        flat = _flat[optimizer] = Flat(optimizer)
    return flat


def at_once(optimizer: Optimizer, moved: list[int]) -> None:
    """``optim.update`` for parameters on a GPU that all have a gradient."""
    flat = flat_of(optimizer)
    gradient = gathered([p.grad for p in optimizer.parameters])
    step, options = STEPS.get(type(optimizer), type(optimizer).formula), optimizer.options()
    for first, group in _groups(optimizer):
        w, g, states = flat.values[group], gradient[group], [s[group] for s in flat.states]
        step(optimizer, w, g, optimizer.step_counts[first], options[first], *states)


def _sgd_step(
    optimizer: SGD, w: Array, g: Array, t: int, options: SimpleNamespace, v: Array
) -> None:
    SGD_STEP(g, options.lr, options.momentum, options.weight_decay * options.lr, w, v)


def _adam_step(
    optimizer: Adam, w: Array, g: Array, t: int, options: SimpleNamespace, m: Array, s: Array
) -> None:
    beta1, beta2 = options.betas
    rate, root = options.lr / (1 - beta1**t), (1 - beta2**t) ** -0.5
    kept = 1 - options.lr * options.weight_decay
    ADAM_STEP(g, beta1, beta2, 1 - beta1, 1 - beta2, rate, root, options.eps, kept, w, m, s)


STEPS: dict[type, Callable[..., None]] = {SGD: _sgd_step, Adam: _adam_step}


def _groups(optimizer: Optimizer) -> Iterator[tuple[int, slice]]:
    """Of each group that has any, its first parameter and where all of them lie in a flat array."""
    first = start = 0
    for group in optimizer.groups:
        parameters = group["parameters"]
        stop = start + sum(p.size for p in parameters)
        if parameters:
            yield first, slice(start, stop)
        first, start = first + len(parameters), stop


def all_at_once(optimizer: Optimizer, moved: list[int]) -> bool:
    """Whether all parameters are moved at once, alike, and each number by itself."""
    parameters = optimizer.parameters
    on_gpu = not any(isinstance(p.data, np.ndarray) for p in parameters)
    together = len(moved) == len(parameters) and len(set(optimizer.step_counts)) == 1
    alike = len({p.dtype for p in parameters}) == 1  # in one array, all would become float64
    return optimizer.elementwise and on_gpu and together and alike


offer(update, all_at_once, at_once)
