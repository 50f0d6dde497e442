"""Softmax over channels that lie last in memory, a piece of the pixels at a time, on threads.

NumPy looks for the largest of a few neighbours one by one; it is sooner done in a copy in which a
channel's pixels are neighbours. Sums over channels are products with ones.
"""

from __future__ import annotations

import numpy as np

from minipose.fast import workers
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops import reduction as plain
from minipose.tensor import Tensor, record

Array = np.ndarray

WORTHWHILE = 1 << 16  # numbers
MOST = 256  # channels


def _rows(x: Array) -> Array:
    """(N, C, …) with the channels last in memory -> (pixels, C): a view."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _in_parts(task, *arrays: Array) -> None:
    """``task`` for some pixels of all arrays."""
    rows = [_rows(array) for array in arrays]
    cuts = workers.pieces(len(rows[0]), max(1, workers.PIECE // rows[0].shape[1]))
    workers.run(lambda k: task(*(each[cuts[k]] for each in rows)), len(cuts))


def _minus_largest(y: Array, x: Array) -> None:
    across = workers.scratch("across", x.shape[::-1], x.dtype)
    np.copyto(across, x.T)
    np.subtract(x, across.max(axis=0)[:, None], out=y)


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
    _in_parts(forward, y, x.data)

    def backward(grad_y):
        grad_x = np.empty_like(y)
        _in_parts(differentiate, grad_x, _as(y, grad_y), y)
        return (grad_x,)

    return record("softmax", y, inputs=(x,), backward=backward)


def log_softmax(x: Tensor, axis: int = 1) -> Tensor:
    """``ops.log_softmax``."""

    def forward(y: Array, x: Array) -> None:
        _minus_largest(y, x)
        powers = workers.scratch("powers", y.shape, y.dtype)
        np.subtract(y, np.log(_sum(np.exp(y, out=powers))), out=y)

    def differentiate(grad_x: Array, grad_y: Array, y: Array) -> None:
        np.exp(y, out=grad_x)
        np.multiply(grad_x, _sum(grad_y), out=grad_x)
        np.subtract(grad_y, grad_x, out=grad_x)

    y = np.empty_like(x.data)
    _in_parts(forward, y, x.data)

    def backward(grad_y):
        grad_x = np.empty_like(y)
        _in_parts(differentiate, grad_x, _as(y, grad_y), y)
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
