"""Pooling on threads, which take parts of the result, cut along its outermost axis in memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minipose.fast import blocks, workers
from minipose.fast.layout import batch_first, batch_last, empty_as
from minipose.fast.scaling import scaled
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.kernels.im2col import output_size
from minipose.ops import pool
from minipose.tensor import Tensor, record

Array = np.ndarray
Pair = tuple[int, int]
Index = tuple[slice, ...]

BLOCK, LEAST = 1 << 18, 1 << 15  # pooled numbers that one task works on, at most and at least


class Place(NamedTuple):
    """Where a task finds its part of the pooled array, and of the array that is pooled."""

    of_y: Index
    of_x: Index


def max_forward(x: Array, kernel: int, stride: int) -> tuple[Array, Array]:
    """The maxima (N, C, H', W') and which tap of its block each came from.

    A later tap wins only if it is strictly larger: of equal ones the first in row order is kept.
    """
    y = empty_as(x, _pooled(x.shape, kernel, stride))
    winner = np.empty_like(y, dtype=pool.winner_dtype(np, (kernel, kernel)))
    cuts = _places(y, kernel, stride)

    def task(k: int) -> None:
        part, best, which = x[cuts[k].of_x], y[cuts[k].of_y], winner[cuts[k].of_y]
        taps = _taps(part, kernel, stride)
        if len(taps) == 4:
            _largest_of_four([part[tap] for tap in taps], best, which)
            return
        best[...] = part[taps[0]]
        which[...] = 0
        for number, tap in enumerate(taps[1:], start=1):
            candidate = part[tap]
            # It grows, so the largest so far is that of the last strictly larger candidate.
            np.maximum(which, (candidate > best) * which.dtype.type(number), out=which)
            np.maximum(best, candidate, out=best)

    workers.run(task, len(cuts))
    return y, winner


def _largest_of_four(taps: list[Array], best: Array, which: Array) -> None:
    """``best`` and the number of the first tap that is as large, by comparisons of pairs."""
    p00, p01, p10, p11 = taps
    lower = np.empty_like(best)
    right, right_below = np.greater(p01, p00), np.greater(p11, p10)
    np.maximum(p00, p01, out=best)
    np.maximum(p10, p11, out=lower)
    below = np.greater(lower, best)
    np.maximum(best, lower, out=best)
    # below ? right_below : right, by bits: right ^ ((right ^ right_below) & below)
    right_below ^= right
    right_below &= below
    right ^= right_below
    np.left_shift(below.view(np.uint8), 1, out=which)
    which |= right.view(np.uint8)


def maxima(x: Array, kernel: int, stride: int) -> Array:
    """The maxima alone, where nothing goes back."""
    y = empty_as(x, _pooled(x.shape, kernel, stride), workers.empty)
    cuts = _places(y, kernel, stride)

    def task(k: int) -> None:
        part, best = x[cuts[k].of_x], y[cuts[k].of_y]
        first, *taps = _taps(part, kernel, stride)
        if taps:
            np.maximum(part[first], part[taps[0]], out=best)
        else:
            best[...] = part[first]
        for tap in taps[1:]:
            np.maximum(best, part[tap], out=best)

    workers.share(task, len(cuts))
    return y


def max_backward(grad_y: Array, winner: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx (N, C, H, W): each gradient goes to the element that was the maximum."""
    if winner.strides[0] == winner.itemsize:  # after samples innermost there come such again
        grad_y = batch_first(batch_last(grad_y))

    def gradient_of_tap(part: Index, number: int) -> Array:
        return grad_y[part] * (winner[part] == number)

    return _spread(gradient_of_tap, grad_y, size, kernel, stride)


def average_forward(x: Array, kernel: int, stride: int) -> Array:
    """The means (N, C, H', W')."""
    y = empty_as(x, _pooled(x.shape, kernel, stride))
    cuts = _places(y, kernel, stride)

    def task(k: int) -> None:
        part, mean = x[cuts[k].of_x], y[cuts[k].of_y]
        if kernel == stride:
            blocks.add_up(_covered(part, mean, kernel), kernel, mean)
            mean *= 1 / kernel**2
            return
        first, *taps = _taps(part, kernel, stride)
        mean[...] = part[first]
        for tap in taps:
            mean += part[tap]
        mean *= 1 / kernel**2

    workers.run(task, len(cuts))
    return y


def average_backward(grad_y: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx (N, C, H, W): each element of a block gets 1/k² of the block's gradient."""
    fraction = scaled(grad_y, 1 / kernel**2)
    if kernel == stride:
        return _fill(fraction, size, kernel)

    def gradient_of_tap(part: Index, number: int) -> Array:
        return fraction[part]

    return _spread(gradient_of_tap, grad_y, size, kernel, stride)


def _spread(gradient_of_tap, grad_y: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx, to which each tap of a block adds its part of the block's gradient."""
    grad_x = empty_as(grad_y, (*grad_y.shape[:2], *size))
    covered = kernel == stride and all(n % stride == 0 for n in size)
    if not covered:
        grad_x.fill(0)
    apart = stride >= kernel
    cuts = _places(grad_y, kernel, stride) if apart else [_whole()]

    def task(k: int) -> None:
        part = grad_x[cuts[k].of_x]
        for number, tap in enumerate(_taps(part, kernel, stride)):
            if apart:
                part[tap] = gradient_of_tap(cuts[k].of_y, number)
            else:
                part[tap] += gradient_of_tap(cuts[k].of_y, number)

    workers.run(task, len(cuts))
    return grad_x


def _covered(x: Array, y: Array, kernel: int) -> Array:
    """x without the remainder that fills no block of y."""
    return x[:, :, : kernel * y.shape[2], : kernel * y.shape[3]]


def _fill(grad_y: Array, size: Pair, kernel: int) -> Array:
    """dL/dx, whose blocks are filled with dL/dy each, and a remainder with 0."""
    grad_x = empty_as(grad_y, (*grad_y.shape[:2], *size))
    inside = _covered(grad_x, grad_y, kernel)
    if inside.size < grad_x.size:
        grad_x.fill(0)
    cuts = _places(grad_y, kernel, kernel)

    def task(k: int) -> None:
        blocks.fill(inside[cuts[k].of_x], grad_y[cuts[k].of_y], kernel)

    workers.run(task, len(cuts))
    return grad_x


def _taps(x: Array, kernel: int, stride: int) -> list[tuple]:
    return pool.tap_slices(x.shape, (kernel, kernel), (stride, stride))


def _pooled(shape: tuple[int, ...], kernel: int, stride: int) -> tuple[int, ...]:
    return *shape[:2], *(output_size(n, kernel, stride, 0) for n in shape[2:])


def _places(y: Array, kernel: int, stride: int) -> list[Place]:
    """Parts of about ``BLOCK`` pooled numbers; lines of blocks where lines lie outermost."""
    axis = workers.outermost_axis(y)
    if axis == 3:
        return [_whole()]
    lead = (slice(None),) * axis
    found = []
    for cut in workers.even_pieces(
        y.shape[axis],
        max(1, -(-workers.for_each_thread(y.size, BLOCK, LEAST) * y.shape[axis] // y.size)),
    ):
        lines = slice(cut.start * stride, (cut.stop - 1) * stride + kernel)
        found.append(Place((*lead, cut), (*lead, lines if axis == 2 else cut)))
    return found


def _whole() -> Place:
    return Place((), ())


def max_pool2d(x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """``ops.max_pool2d``."""
    _, (stride, _), _ = pool.check_pool2d("max_pool2d", x, kernel_size, stride)
    size = x.shape[2:]
    if not x.requires_grad:
        y = maxima(x.data, kernel_size, stride)
        return record("max_pool2d", y, inputs=(x,), backward=lambda grad_y: (None,))
    y, winner = max_forward(x.data, kernel_size, stride)

    def backward(grad_y):
        return (max_backward(grad_y, winner, size, kernel_size, stride),)

    return record("max_pool2d", y, inputs=(x,), backward=backward)


def avg_pool2d(x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """``ops.avg_pool2d``."""
    _, (stride, _), _ = pool.check_pool2d("avg_pool2d", x, kernel_size, stride)
    size = x.shape[2:]
    y = average_forward(x.data, kernel_size, stride)

    def backward(grad_y):
        return (average_backward(grad_y, size, kernel_size, stride),)

    return record("avg_pool2d", y, inputs=(x,), backward=backward)


def _suits(x, kernel_size, stride=None, padding=0) -> bool:
    square = isinstance(kernel_size, int) and isinstance(stride, (int, type(None)))
    return square and padding == 0 and on_cpu(x)


offer(pool.max_pool2d, _suits, max_pool2d)
offer(pool.avg_pool2d, _suits, avg_pool2d)
