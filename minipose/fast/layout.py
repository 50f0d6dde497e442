"""The order of an image batch in memory. All arrays are (N, C, H, W) by index; kernels choose how
they lie. NumPy's element-wise functions keep that order, so it is worked out once for a network.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.fast import workers


def batch_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (H, W, C, N) with the samples contiguous: no copy if they lie so already."""
    n, c, h, w = x.shape
    transposed = x.transpose(2, 3, 1, 0)
    if transposed.flags.c_contiguous:
        return transposed
    out = np.empty(transposed.shape, dtype=x.dtype)
    bands = workers.pieces(h, 16)

    def task(k: int) -> None:
        # Through a buffer in the cache: samples lie far apart in x, and reading one number of each
        # would fetch a whole line of memory for it. One more column keeps rows from colliding.
        line = workers.scratch("line", (n, c, w + 1), x.dtype)[..., :w]
        for row in range(bands[k].start, bands[k].stop):
            np.copyto(line, x[:, :, row])
            np.copyto(out[row], line.transpose(2, 1, 0))

    workers.run(task, len(bands))
    return out


def batch_first(images: np.ndarray) -> np.ndarray:
    """(H, W, C, N) -> (N, C, H, W): a view."""
    return images.transpose(3, 2, 0, 1)


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N, H, W, C): a view, whatever the order in memory."""
    return x.transpose(0, 2, 3, 1)


def channels_first(images: np.ndarray) -> np.ndarray:
    """(N, H, W, C) -> (N, C, H, W): a view."""
    return images.transpose(0, 3, 1, 2)


def empty_as(
    like: np.ndarray, shape: tuple[int, ...], empty: Callable[..., np.ndarray] = np.empty
) -> np.ndarray:
    """Uninitialised, of another shape; its axes lie in memory in the order of those of ``like``."""
    order = sorted(range(like.ndim), key=lambda axis: (-like.strides[axis], axis))
    ordered = empty([shape[axis] for axis in order], like.dtype)
    return ordered.transpose([order.index(axis) for axis in range(like.ndim)])
