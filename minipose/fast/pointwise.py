"""Element by element on threads, in pieces that fit the cache, into arrays that are made once.

What several functions do to a piece is done while it is in the cache, so memory is read and written
once. A power that is too large for a number is infinite, and its reciprocal 0; logarithms need
e = e^−|x| alone, which neither overflows nor loses small values:

    σ(x) = 1 / (1 + e^−x)               σ(x) σ(−x) = σ(x) / (1 + eˣ)
    ln σ(x) = min(x, 0) − ln(1 + e)     ln(1 + eˣ) = max(x, 0) + ln(1 + e)

NumPy compares with zeros of ``workers.zeros_as`` three times as fast as with the number 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose import graph
from minipose.fast import workers
from minipose.fast.blocks import copy
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops import elementwise as plain
from minipose.tensor import Tensor, record

Array = np.ndarray

WORTHWHILE = 1 << 17  # numbers
PIECE = 1 << 20  # numbers; fewer make more calls, and threads wait for each other's lock


def made(function: Callable[..., None], *arrays: Array) -> Array:
    """A new array, lying as the first one; ``function(its part, *parts)`` writes each part."""
    out = np.empty_like(arrays[0])
    workers.elementwise(function, out, *arrays, piece=workers.for_each_thread(out.size, PIECE))
    return out


def _powers(out: Array, x: Array) -> None:
    """1 + e^−x, infinite where that is larger than the largest number."""
    np.negative(x, out=out)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    np.add(out, 1, out=out)


def _sigmoid(out: Array, x: Array) -> None:
    _powers(out, x)
    np.divide(1, out, out=out)


def _times_sigmoid(out: Array, grad: Array, x: Array) -> None:
    """g σ(x)."""
    _powers(out, x)
    np.divide(grad, out, out=out)


def _times_sigmoid_of_negative(out: Array, grad: Array, x: Array) -> None:
    """g σ(−x)."""
    with np.errstate(over="ignore"):
        np.exp(x, out=out)
    np.add(out, 1, out=out)
    np.divide(grad, out, out=out)


def _times_slope_of_sigmoid(out: Array, grad: Array, x: Array, y: Array) -> None:
    """g y σ(−x): of a large x 1 − y has few digits, or none."""
    _times_sigmoid_of_negative(out, grad, x)
    np.multiply(out, y, out=out)


def _decay(x: Array) -> Array:
    """ln(1 + e^−|x|), in this thread's buffer."""
    e = workers.scratch_as("decay", x)
    np.abs(x, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    return np.log1p(e, out=e)


def _softplus(out: Array, x: Array) -> None:
    np.maximum(x, workers.zeros_as(x), out=out)
    np.add(out, _decay(x), out=out)


def _log_sigmoid(out: Array, x: Array) -> None:
    np.minimum(x, workers.zeros_as(x), out=out)
    np.subtract(out, _decay(x), out=out)


def _relu(out: Array, x: Array) -> None:
    np.maximum(x, workers.zeros_as(x), out=out)


def _where_positive(out: Array, grad: Array, y: Array) -> None:
    np.multiply(grad, y > 0, out=out)


def relu(x: Tensor) -> Tensor:
    """``ops.relu``."""
    y = made(_relu, x.data)

    def backward(grad_y):
        return (made(_where_positive, grad_y, y),)

    return record("relu", y, inputs=(x,), backward=backward)


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    """``ops.leaky_relu``."""
    data, small = x.data, x.dtype.type(slope)

    def forward(out: Array, x: Array) -> None:
        np.multiply(x, small, out=out)
        np.maximum(x, out, out=out)

    def backward(out: Array, grad: Array, x: Array) -> None:
        np.greater(x, 0, out=out)
        np.multiply(out, 1 - small, out=out)
        out += small
        np.multiply(out, grad, out=out)

    y = made(forward, data)
    return record("leaky_relu", y, inputs=(x,), backward=lambda g: (made(backward, g, data),))


def sigmoid(x: Tensor) -> Tensor:
    """``ops.sigmoid``."""
    data = x.data
    y = made(_sigmoid, data)

    def backward(grad_y):
        return (made(_times_slope_of_sigmoid, grad_y, data, y),)

    return record("sigmoid", y, inputs=(x,), backward=backward)


def softplus(x: Tensor) -> Tensor:
    """``ops.softplus``."""
    data = x.data

    def backward(grad_y):
        return (made(_times_sigmoid, grad_y, data),)

    return record("softplus", made(_softplus, data), inputs=(x,), backward=backward)


def log_sigmoid(x: Tensor) -> Tensor:
    """``ops.log_sigmoid``."""
    data = x.data

    def backward(grad_y):
        return (made(_times_sigmoid_of_negative, grad_y, data),)

    return record("log_sigmoid", made(_log_sigmoid, data), inputs=(x,), backward=backward)


def add(a: Tensor, b: Tensor) -> Tensor:
    """``ops.add``."""
    y = made(lambda out, a, b: np.add(a, b, out=out), a.data, b.data)
    return record("add", y, inputs=(a, b), backward=lambda g: (g, g))


def subtract(a: Tensor, b: Tensor) -> Tensor:
    """``ops.subtract``."""

    def backward(grad_y):
        minus = made(lambda out, g: np.negative(g, out=out), grad_y)
        return grad_y, minus

    y = made(lambda out, a, b: np.subtract(a, b, out=out), a.data, b.data)
    return record("subtract", y, inputs=(a, b), backward=backward)


def copied(grad: Array) -> Array:
    """``graph.copied``."""
    return made(copy, grad)


def _suits(x: object, *_: object) -> bool:
    return isinstance(x, Tensor) and x.size >= WORTHWHILE and on_cpu(x)


def _suits_leaky(x: object, slope: float = 0.01) -> bool:
    return _suits(x) and isinstance(slope, float) and 0 < slope <= 1  # 0 · ∞ is no number


def _suits_pair(a: object, b: object) -> bool:
    both = isinstance(a, Tensor) and isinstance(b, Tensor) and a.size >= WORTHWHILE
    return both and on_cpu(a, b) and a.shape == b.shape and a.data.strides == b.data.strides


offer(plain.relu, _suits, relu)
offer(plain.leaky_relu, _suits_leaky, leaky_relu)
offer(plain.sigmoid, _suits, sigmoid)
offer(plain.softplus, _suits, softplus)
offer(plain.log_sigmoid, _suits, log_sigmoid)
offer(plain.add, _suits_pair, add)
offer(plain.subtract, _suits_pair, subtract)
offer(graph.copied, lambda grad: isinstance(grad, np.ndarray) and grad.size >= WORTHWHILE, copied)
