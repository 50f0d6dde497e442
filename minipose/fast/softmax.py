"""Softmax over channels that lie last in memory, a piece of the pixels at a time, on threads.

NumPy looks for the largest of a few neighbours one by one; it is sooner done in a copy in which
some pixels of a channel are neighbours, and lie near to where they came from. Sums over channels
are products with ones. The powers that log-softmax adds up are kept for its gradient.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.fast import workers
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops import reduction as plain
from minipose.tensor import Tensor, record

Array = np.ndarray

WORTHWHILE = 1 << 16  # numbers
MOST = 256  # channels
PIECE = 1 << 19  # numbers; fewer make more calls, which cost more than the cache saves
PIXELS = 256  # of a channel, side by side in a copy


def _rows(x: Array) -> Array:
    """(N, C, …) with the channels last in memory -> (pixels, C): a view."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _in_parts(task: Callable[..., None], *rows: Array) -> None:
    """``task`` for some pixels of all arrays, whose first has the channels in each row."""
    cuts = workers.even_pieces(len(rows[0]), max(1, PIECE // rows[0].shape[1]))
    workers.run(lambda k: task(*(each[cuts[k]] for each in rows)), len(cuts))


def _minus_largest(y: Array, x: Array) -> None:
    np.subtract(x, _largest(x)[:, None], out=y)


def _largest(x: Array) -> Array:
    """Of each row."""
    pixels, channels = x.shape
    whole = pixels - pixels % PIXELS
    blocks = x[:whole].reshape(-1, PIXELS, channels).swapaxes(1, 2)
    across = workers.scratch("across", blocks.shape, x.dtype)
    np.copyto(across, blocks)
    return np.concatenate([across.max(axis=1).ravel(), x[whole:].max(axis=1)])


def _sum(x: Array) -> Array:
    return (x @ np.ones(x.shape[1], x.dtype))[:, None]


def softmax(x: Tensor, axis: int = 1) -> Tensor:
    """``ops.softmax``."""

    def forward(y: Array, x: Array) -> None:
        _minus_largest(y, x)
        np.exp(y, out=y)
        np.divide(y, _sum(y), out=y)

    def differentiate(grad_x: Array, grad_y: Array, y: Array) -> None:
        np.multiply(grad_y, y, out=grad_x)
        total = _sum(grad_x)
        np.subtract(grad_y, total, out=grad_x)
        np.multiply(grad_x, y, out=grad_x)

    y = np.empty_like(x.data)
    _in_parts(forward, _rows(y), _rows(x.data))

    def backward(grad_y):
        grad_x = np.empty_like(y)
        _in_parts(differentiate, _rows(grad_x), _rows(_as(y, grad_y)), _rows(y))
        return (grad_x,)

    return record("softmax", y, inputs=(x,), backward=backward)


def log_softmax(x: Tensor, axis: int = 1) -> Tensor:
    """``ops.log_softmax``."""

    def forward(y: Array, x: Array, powers: Array, total: Array) -> None:
        _minus_largest(y, x)
        np.exp(y, out=powers)
        total[...] = _sum(powers)
        np.subtract(y, np.log(total), out=y)

    def differentiate(grad_x: Array, grad_y: Array, powers: Array, total: Array) -> None:
        np.multiply(powers, _sum(grad_y) / total, out=grad_x)
        np.subtract(grad_y, grad_x, out=grad_x)

    y, powers = np.empty_like(x.data), np.empty_like(x.data)
    total = np.empty((x.size // x.shape[1], 1), x.dtype)
    _in_parts(forward, _rows(y), _rows(x.data), _rows(powers), total)

    def backward(grad_y):
        grad_x = np.empty_like(powers)
        rows = (_rows(each) for each in (grad_x, _as(powers, grad_y), powers))
        _in_parts(differentiate, *rows, total)
        return (grad_x,)

    return record("log_softmax", y, inputs=(x,), backward=backward)


def _as(y: Array, grad: Array) -> Array:
    """The gradient in the memory order of y."""
    if grad.strides == y.strides:
        return grad
    ordered = np.empty_like(y)
    np.copyto(ordered, grad)
    return ordered


def _suits(x: object, axis: int = 1) -> bool:
    if not isinstance(x, Tensor) or axis != 1 or x.ndim < 3 or x.size < WORTHWHILE:
        return False
    last = on_cpu(x) and np.moveaxis(x.data, 1, -1).flags.c_contiguous
    return last and 1 < x.shape[1] <= MOST


offer(plain.softmax, _suits, softmax)
offer(plain.log_softmax, _suits, log_softmax)
