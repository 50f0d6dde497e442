"""Images with one plane of all samples after another: (C, N, H, W) in memory.

Each channel is then one piece of memory, which suits whatever works on channels one by one, and all
pixels of all samples are one axis, which suits products over channels: (O, C) @ (C, N·H·W).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minipose.fast import upsampling, workers
from minipose.kernels.circular_harmonics import parts

BLOCK = 1 << 17  # elements of the larger planes that one task works on
PAGE, LINE = 4096, 64  # bytes of memory, of the cache


def planes_first(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> contiguous (C, N, H, W); no copy if it lies so already."""
    return np.ascontiguousarray(x.transpose(1, 0, 2, 3))


def from_planes(x: np.ndarray) -> np.ndarray:
    """(C, N, H, W) -> (N, C, H, W): a view."""
    return x.transpose(1, 0, 2, 3)


def complex_maps(x: np.ndarray, streams: Sequence[int], order: int) -> np.ndarray:
    """Real and imaginary parts of an order, (2, channels, …): a view of planes (2C, …)."""
    re, im = parts(streams)[order]
    return x[re.start : im.stop].reshape(2, streams[order], *x.shape[1:])


def rows_apart(rows: int, size: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialised (rows, *size), each row contiguous, for matrix products over the pixels.

    Where rows are a multiple of a memory page apart, the same few places of the cache serve all of
    them, and products run at two thirds of the speed. A few numbers between them prevent it.
    """
    count, itemsize = math.prod(size), np.dtype(dtype).itemsize
    if count * itemsize % PAGE:
        return np.empty((rows, *size), dtype=dtype)
    apart = np.empty((rows, count + LINE // itemsize), dtype=dtype)
    return apart[:, :count].reshape(rows, *size)


def enlarge(x: np.ndarray, scale: int) -> np.ndarray:
    """Bilinear interpolation of planes (C, N, H, W)."""
    if scale == 1:
        return x
    c, n, h, w = x.shape
    y = rows_apart(c, (n, h * scale, w * scale), x.dtype)
    cuts = _cuts(y)
    workers.run(lambda k: upsampling.bilinear_forward(x[cuts[k]], scale, y[cuts[k]]), len(cuts))
    return y


def enlarge_backward(grad_y: np.ndarray, scale: int) -> np.ndarray:
    """Its adjoint."""
    if scale == 1:
        return grad_y
    c, n, h, w = grad_y.shape
    grad_x = rows_apart(c, (n, h // scale, w // scale), grad_y.dtype)
    cuts = _cuts(grad_y)

    def task(k: int) -> None:
        upsampling.bilinear_backward(grad_y[cuts[k]], scale, grad_x[cuts[k]])

    workers.run(task, len(cuts))
    return grad_x


def _cuts(larger: np.ndarray) -> list[slice]:
    plane = larger.size // len(larger)
    return workers.pieces(len(larger), max(1, BLOCK // plane))
