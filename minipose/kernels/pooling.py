"""The arithmetic of pooling. Python loops run over the k·k taps of a block only."""

from __future__ import annotations

from minipose.backend import Array, array_module
from minipose.kernels.im2col import output_size
from minipose.kernels.layout import zeros_as

Pair = tuple[int, int]


def max_forward(x: Array, kernel: int, stride: int) -> tuple[Array, Array]:
    """The maxima (N, C, H', W') and, as uint8, which tap of its block each came from.

    A later tap wins only if it is strictly larger: of equal ones the first in row order is kept.
    """
    xp = array_module(x)
    taps = _taps(x.shape[2:], kernel, stride)
    y = x[(..., *taps[0])].copy("K")  # "K": keep the order in memory
    winner = xp.zeros_like(y, dtype=xp.uint8)
    for k, tap in enumerate(taps[1:], start=1):
        candidate = x[(..., *tap)]
        # k grows, so the largest k so far is that of the last strictly larger candidate.
        xp.maximum(winner, (candidate > y) * xp.uint8(k), out=winner)
        xp.maximum(y, candidate, out=y)
    return y, winner


def max_backward(grad_y: Array, winner: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx (N, C, H, W): each gradient goes to the element that was the maximum."""
    grad_x = zeros_as(grad_y, (*grad_y.shape[:2], *size))
    for k, tap in enumerate(_taps(size, kernel, stride)):
        grad_x[(..., *tap)] += grad_y * (winner == k)
    return grad_x


def average_forward(x: Array, kernel: int, stride: int) -> Array:
    """The means (N, C, H', W')."""
    taps = _taps(x.shape[2:], kernel, stride)
    y = x[(..., *taps[0])].copy("K")
    for tap in taps[1:]:
        y += x[(..., *tap)]
    y *= 1 / kernel**2
    return y


def average_backward(grad_y: Array, size: Pair, kernel: int, stride: int) -> Array:
    """dL/dx (N, C, H, W): each element of a block gets 1/k² of the block's gradient."""
    grad_x = zeros_as(grad_y, (*grad_y.shape[:2], *size))
    share = grad_y * (1 / kernel**2)
    for tap in _taps(size, kernel, stride):
        grad_x[(..., *tap)] += share
    return grad_x


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
