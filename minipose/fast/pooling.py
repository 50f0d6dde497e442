"""The arithmetic of pooling. Python loops run over the k·k taps of a block only.

On a CPU, threads take parts of the result, cut along the axis that lies outermost in memory.
"""

from __future__ import annotations

from typing import NamedTuple

from minipose.backend import Array, array_module
from minipose.fast import workers
from minipose.fast.layout import empty_as
from minipose.fast.parallel import each, pieces
from minipose.kernels.im2col import output_size

Pair = tuple[int, int]
Index = tuple[slice, ...]

BLOCK = 1 << 16  # pooled numbers that one task works on


class Part(NamedTuple):
    """Where a task finds its part of the pooled array, and of the array that is pooled."""

    of_y: Index
    of_x: Index


def max_forward(x: Array, kernel: int, stride: int) -> tuple[Array, Array]:
    """The maxima (N, C, H', W') and, as uint8, which tap of its block each came from.

    A later tap wins only if it is strictly larger: of equal ones the first in row order is kept.
    """
    xp = array_module(x)
    y = empty_as(x, _pooled(x.shape, kernel, stride))
    winner = xp.empty_like(y, dtype=xp.uint8)
    cuts = _parts(y, kernel, stride)

    def task(k: int) -> None:
        part, best, which = x[cuts[k].of_x], y[cuts[k].of_y], winner[cuts[k].of_y]
        taps = _taps(part.shape[2:], kernel, stride)
        best[...] = part[(..., *taps[0])]
        which[...] = 0
        for number, tap in enumerate(taps[1:], start=1):
            candidate = part[(..., *tap)]
            # It grows, so the largest so far is that of the last strictly larger candidate.
            xp.maximum(which, (candidate > best) * xp.uint8(number), out=which)
            xp.maximum(best, candidate, out=best)

    each(task, len(cuts), x)
    return y, winner


def max_backward(grad_y: Array, winner: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx (N, C, H, W): each gradient goes to the element that was the maximum."""

    def share(part: Index, number: int) -> Array:
        return grad_y[part] * (winner[part] == number)

    return _spread(share, grad_y, size, kernel, stride)


def average_forward(x: Array, kernel: int, stride: int) -> Array:
    """The means (N, C, H', W')."""
    y = empty_as(x, _pooled(x.shape, kernel, stride))
    cuts = _parts(y, kernel, stride)

    def task(k: int) -> None:
        part, mean = x[cuts[k].of_x], y[cuts[k].of_y]
        first, *taps = _taps(part.shape[2:], kernel, stride)
        mean[...] = part[(..., *first)]
        for tap in taps:
            mean += part[(..., *tap)]
        mean *= 1 / kernel**2

    each(task, len(cuts), x)
    return y


def average_backward(grad_y: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx (N, C, H, W): each element of a block gets 1/k² of the block's gradient."""

    def share(part: Index, number: int) -> Array:
        return grad_y[part] * (1 / kernel**2)

    return _spread(share, grad_y, size, kernel, stride)


def _spread(share, grad_y: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx, to which each tap of a block adds its share of the block's gradient."""
    grad_x = empty_as(grad_y, (*grad_y.shape[:2], *size))
    covered = kernel == stride and all(n % stride == 0 for n in size)
    if not covered:
        grad_x.fill(0)
    apart = stride >= kernel
    cuts = _parts(grad_y, kernel, stride) if apart else [_whole()]

    def task(k: int) -> None:
        part = grad_x[cuts[k].of_x]
        for number, tap in enumerate(_taps(part.shape[2:], kernel, stride)):
            if apart:
                part[(..., *tap)] = share(cuts[k].of_y, number)
            else:
                part[(..., *tap)] += share(cuts[k].of_y, number)

    each(task, len(cuts), grad_y)
    return grad_x


def _pooled(shape: tuple[int, ...], kernel: int, stride: int) -> tuple[int, ...]:
    return *shape[:2], *(output_size(n, kernel, stride, 0) for n in shape[2:])


def _parts(y: Array, kernel: int, stride: int) -> list[Part]:
    """Parts of about ``BLOCK`` pooled numbers; lines of blocks where lines lie outermost."""
    axis = workers.outermost_axis(y)
    if axis == 3:
        return [_whole()]
    lead = (slice(None),) * axis
    found = []
    for cut in pieces(y.shape[axis], BLOCK * y.shape[axis] // max(1, y.size), y):
        lines = slice(cut.start * stride, (cut.stop - 1) * stride + kernel)
        found.append(Part((*lead, cut), (*lead, lines if axis == 2 else cut)))
    return found


def _whole() -> Part:
    return Part((), ())


def _taps(size: Pair, kernel: int, stride: int) -> list[tuple[slice, slice]]:
    """For each place within a block, in row order: the slices that pick it out of all blocks."""
    rows, cols = (output_size(n, kernel, stride, 0) for n in size)
    return [
        (
            slice(i, i + stride * (rows - 1) + 1, stride),
            slice(j, j + stride * (cols - 1) + 1, stride),
        )
        for i in range(kernel)
        for j in range(kernel)
    ]
