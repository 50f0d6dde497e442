"""Convolution and 2×2 max-pooling in one go, for few channels.

The four convolution outputs of one pooling block see a patch of (kh + 1) × (kw + 1) pixels. So copy
that patch into a column and multiply by a matrix that holds the kernel four times, shifted by
(a, b) ∈ {0, 1}²:

    cols[c, i, j, p, q] = x[c, 2p + i, 2q + j],                    0 ≤ i ≤ kh, 0 ≤ j ≤ kw
    block[a, b, o, p, q] = Σ_{c,i,j} w[o, c, i − a, j − b] · cols[c, i, j, p, q]
    y[o, p, q] = max_{a,b} block[a, b, o, p, q]

Against im2col of single outputs: a third of the copies ((kh+1)(kw+1) instead of 4·kh·kw a block),
products with four times the rows, which BLAS likes, and a maximum over whole arrays instead of one
over strided views. The price is (kh+1)(kw+1)/(kh·kw) as many multiplications, most of them by zero.

Samples are independent: threads take groups of them, each with its own buffers, which are large
enough to keep NumPy busy for long and small enough to stay in the processor's cache.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minipose.kernels import workers

GROUP_BYTES = 1 << 21  # of columns at a time


def forward(x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pooled maps y (N, O, P, Q) and, as uint8, which of its block's four each value came from.

    Of equal ones the first in row order counts.
    """
    n, (o, _, kh, kw) = len(x), weight.shape
    out = pooled_size(x.shape[2:], (kh, kw))
    blocks = _block_weight(weight).reshape(4 * o, -1)
    y = np.empty((n, o, *out), dtype=x.dtype)
    winner = np.empty((n, o, *out), dtype=np.uint8)
    groups = _groups(x, weight, out)

    def task(k: int) -> None:
        cols = _columns(x[groups[k]], (kh, kw), out)
        product = workers.scratch("product", (4, o, *cols.shape[3:]), x.dtype)
        np.matmul(blocks, cols.reshape(blocks.shape[1], -1), out=product.reshape(4 * o, -1))
        _maximum(product, _maps_first(y[groups[k]]), _maps_first(winner[groups[k]]))

    workers.run(task, len(groups))
    return y, winner


def backward(
    grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, winner: np.ndarray, x_needed: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """dL/dx (N, C, H, W), or None where it is not needed, and dL/dw (O, C, kh, kw)."""
    o, c, kh, kw = weight.shape
    out = grad_y.shape[2:]
    blocks_t = np.ascontiguousarray(_block_weight(weight).reshape(4 * o, -1).T)
    grad_x = np.zeros(x.shape, dtype=x.dtype) if x_needed else None
    groups = _groups(x, weight, out)

    def task(k: int) -> np.ndarray:
        cols = _columns(x[groups[k]], (kh, kw), out)
        flat_cols = cols.reshape(blocks_t.shape[0], -1)
        spread = workers.scratch("product", (4, o, *cols.shape[3:]), x.dtype)
        flat_spread = spread.reshape(4 * o, -1)
        for tap in range(4):
            here = _maps_first(winner[groups[k]]) == tap
            np.multiply(_maps_first(grad_y[groups[k]]), here, out=spread[tap])
        grad_blocks = flat_spread @ flat_cols.T
        if grad_x is not None:
            np.matmul(blocks_t, flat_spread, out=flat_cols)
            _add_columns(cols, _maps_first(grad_x[groups[k]]))
        return grad_blocks

    grad_blocks = workers.add_in_order(workers.run(task, len(groups)))
    grad_blocks = grad_blocks.reshape(2, 2, o, c, kh + 1, kw + 1)
    grad_w = sum(
        grad_blocks[a, b, :, :, a : a + kh, b : b + kw] for a in range(2) for b in range(2)
    )
    return grad_x, grad_w


def pooled_size(size: tuple[int, int], kernel: tuple[int, int]) -> tuple[int, int]:
    """Size after a 'valid' convolution and a 2×2 pool that drops a remainder."""
    return tuple((n - k + 1) // 2 for n, k in zip(size, kernel, strict=True))


def _block_weight(weight: np.ndarray) -> np.ndarray:
    """The kernel at its four places in a block's patch: (2, 2, O, C, kh + 1, kw + 1)."""
    o, c, kh, kw = weight.shape
    blocks = np.zeros((2, 2, o, c, kh + 1, kw + 1), dtype=weight.dtype)
    for a in range(2):
        for b in range(2):
            blocks[a, b, :, :, a : a + kh, b : b + kw] = weight
    return blocks


def _groups(x: np.ndarray, weight: np.ndarray, out: tuple[int, int]) -> list[slice]:
    """Samples a task. The sizes follow from the shapes alone: they order the sums of weights."""
    _, c, kh, kw = weight.shape
    sample = c * (kh + 1) * (kw + 1) * out[0] * out[1] * x.itemsize
    return workers.pieces(len(x), max(1, GROUP_BYTES // sample))


def _maps_first(images: np.ndarray) -> np.ndarray:
    return images.transpose(1, 0, 2, 3)  # (N, C, H, W) -> (C, N, H, W)


def _columns(images: np.ndarray, kernel: tuple[int, int], out: tuple[int, int]) -> np.ndarray:
    """Patches of images (N, C, H, W) as (C, kh + 1, kw + 1, N, P, Q) in this thread's buffer."""
    n, c = images.shape[:2]
    shape = (c, kernel[0] + 1, kernel[1] + 1, n, *out)
    sn, sc, sh, sw = images.strides
    cols = workers.scratch("columns", shape, images.dtype)
    np.copyto(cols, as_strided(images, shape, (sc, sh, sw, sn, 2 * sh, 2 * sw)))
    return cols


def _add_columns(cols: np.ndarray, images: np.ndarray) -> None:
    """The adjoint of ``_columns``: add each copy back to its pixel of images (C, N, H, W)."""
    _, kh, kw, _, p, q = cols.shape
    for i in range(kh):
        for j in range(kw):
            images[:, :, i : i + 2 * p : 2, j : j + 2 * q : 2] += cols[:, i, j]


def _maximum(product: np.ndarray, y: np.ndarray, winner: np.ndarray) -> None:
    """y = max over the four, winner = the first that reaches it."""
    upper, lower = workers.scratch("rows", (2, *product.shape[1:]), product.dtype)
    np.maximum(product[0], product[1], out=upper)
    np.maximum(product[2], product[3], out=lower)
    np.maximum(upper, lower, out=y)
    below = lower > upper
    right = np.where(below, product[3] > product[2], product[1] > product[0])
    np.multiply(below, np.uint8(2), out=winner, casting="unsafe")
    winner += right
