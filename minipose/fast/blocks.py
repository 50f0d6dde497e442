"""Blocks of k × k pixels, in whatever order pictures lie: filled with one number, or added up.

A copy of short runs of memory costs a step for each number, unless a run is one item of as many
bytes (``copy``). Sums are taken of whole lines first, so that there are fewer short runs to add.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray

LONGEST = 1 << 12  # bytes in a run; of longer ones NumPy copies as quickly


def copy(out: Array, x: Array) -> None:
    """``np.copyto`` for arrays of one dtype; x is broadcast to the shape of out."""
    x = np.broadcast_to(x, out.shape)
    for axis, count in enumerate(out.shape):
        if out.strides[axis] == x.strides[axis] == out.itemsize and count > 1:
            runs = _runs(out, axis), _runs(x, axis)
            np.copyto(*(runs if count * out.itemsize <= LONGEST else (out, x)))
            return
    np.copyto(out, x)


def _runs(x: Array, axis: int) -> Array:
    """Each run along an axis that is contiguous as one item of as many bytes."""
    last = np.moveaxis(x, axis, -1)
    return last.view(f"V{last.shape[-1] * x.itemsize}")[..., 0]


def blocks(x: Array, size: int) -> Array:
    """(N, C, s·H, s·W) -> (N, C, H, s, W, s): a view."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // size, size, w // size, size)


def fill(out: Array, x: Array, size: int) -> None:
    """Each number of x (N, C, H, W) into its block of out (N, C, s·H, s·W)."""
    copy(blocks(out, size), x[:, :, :, None, :, None])


def add_up(x: Array, size: int, out: Array) -> None:
    """The sum over each block of x (N, C, s·H, s·W) into out (N, C, H, W)."""
    first, *lines = np.moveaxis(blocks(x, size), 3, 0)
    total = first + lines[0] if lines else first
    for line in lines[1:]:
        total += line
    first, *columns = np.moveaxis(total, -1, 0)
    if not columns:
        np.copyto(out, first)
        return
    np.add(first, columns[0], out=out)
    for column in columns[1:]:
        out += column
