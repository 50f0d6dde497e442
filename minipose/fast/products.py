"""Matrix products in parts: one for each thread, of a size that BLAS multiplies fastest.

BLAS can share out a product itself, but its threads then keep looking for more work for a while, on
the very cores that the kernels' own threads need next. So ``multiply`` cuts a product along the
longer side of its result, and each part is computed on one thread.

BLAS copies the parts of both matrices that it works on into memory of its own, so that a large
product finds them in the best order. That costs as much as it saves where a side is as short as
most numbers of channels are. OpenBLAS takes matrices as they lie where the product has at most 10⁶
multiplications; ``in_blocks`` cuts products with short sides to that, which is up to half as fast
again.

The shapes alone decide every cut: the numbers are the same whatever the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from minipose.fast import workers
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops import reduction
from minipose.tensor import Tensor, record

Array = np.ndarray

PARTS = 8  # of a product, at most: enough for several threads to finish at about the same time
SMALLEST = 64  # rows or columns of a part
ALONE = 1 << 18  # multiplications that are not worth sharing
FEW = 32  # rows of A up to which (Bᵀ Aᵀ)ᵀ is better, where columns of B are together

AS_THEY_LIE = 10**6  # multiplications up to which OpenBLAS copies nothing
SHORT = 1 << 13  # the product of the two shorter of M, K, N up to which it is better to cut
DEPTH = 1024  # K that is summed up in one go there
FAR = 2048  # bytes from a row of B to the next: with a block's few columns each is on its own page
GRAIN = 16  # rows and columns of a block are multiples of this


def multiply(a: Array, b: Array, out: Array | None = None, spread: Callable = workers.run) -> Array:
    """A B, (M, K) × (K, N) -> (M, N), into ``out`` where it is given; parts go to ``spread``."""
    (m, k), n = a.shape, b.shape[1]
    if out is None:
        out = np.empty((m, n), dtype=np.result_type(a, b))
    rows_longer = m >= n
    longer = max(m, n)
    size = longer if m * k * n <= ALONE else -(-longer // (PARTS * SMALLEST)) * SMALLEST
    parts = workers.pieces(longer, size)
    turned = m <= FEW and m < n and b.strides[0] == b.itemsize and m * k * n > ALONE

    def task(i: int) -> None:
        if rows_longer:
            in_blocks(a[parts[i]], b, out[parts[i]])
        elif turned:
            columns = b[:, parts[i]]
            product = workers.scratch("turned product", (columns.shape[1], m), out.dtype)
            out[:, parts[i]] = np.matmul(columns.T, a.T, out=product).T
        else:
            in_blocks(a, b[:, parts[i]], out[:, parts[i]])

    spread(task, len(parts))
    return out


def in_blocks(a: Array, b: Array, out: Array) -> None:
    """out = A B for matrices or stacks of them, (…, M, K) × (…, K, N), on the calling thread."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    rows, columns = _block(m, k, n)
    scattered = k > max(m, n) and b.strides[-2] > FAR  # BLAS's copy of B is worth it then
    if scattered or (rows >= m and columns >= n):
        np.matmul(a, b, out=out)
        return
    for deep in workers.pieces(k, DEPTH):
        target = out if deep.start == 0 else workers.scratch("deeper", out.shape, out.dtype)
        for i, height in _whole_and_rest(m, rows):
            for j, width in _whole_and_rest(n, columns):
                parts = a[..., i, deep], b[..., deep, j], target[..., i, j]
                np.matmul(*_cut(*parts, height, width))
        if deep.start > 0:
            out += target


def _block(m: int, k: int, n: int) -> tuple[int, int]:
    """Rows and columns of a block: about square, or with the whole of a short side."""
    short, middle, _ = sorted((m, k, n))
    if short * middle > SHORT or m * k * n <= AS_THEY_LIE:
        return m, n
    area = AS_THEY_LIE // min(k, DEPTH)
    rows = min(m, max(1, math.isqrt(area) // GRAIN) * GRAIN)
    columns = min(n, max(1, area // rows // GRAIN) * GRAIN)
    return min(m, max(1, area // columns // GRAIN) * GRAIN), columns


def _whole_and_rest(total: int, size: int) -> Iterator[tuple[slice, int]]:
    """Where as many whole blocks as possible lie, and where what is left lies; with their size."""
    whole = total - total % size
    if whole:
        yield slice(0, whole), size
    if whole < total:
        yield slice(whole, total), total - whole


def _cut(a: Array, b: Array, out: Array, height: int, width: int) -> tuple[Array, Array, Array]:
    """Stacks of blocks, (…, M/h, 1, h, K), (…, 1, N/w, K, w) and (…, M/h, N/w, h, w): views."""
    *lead, m, k = a.shape
    a = a.reshape(*lead, m // height, 1, height, k)
    *lead, _, n = b.shape
    b = b.reshape(*lead, 1, k, n // width, width).swapaxes(-3, -2)
    out = out.reshape(*out.shape[:-2], m // height, height, n // width, width).swapaxes(-3, -2)
    return a, b, out


# --- The ops ----------------------------------------------------------------------------------


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """``ops.matmul``."""
    a_data, b_data = a.data, b.data
    a_needed, b_needed = a.requires_grad, b.requires_grad

    def backward(grad_y):
        grad_a = multiply(grad_y, b_data.T) if a_needed else None
        return grad_a, multiply(a_data.T, grad_y) if b_needed else None

    return record("matmul", multiply(a_data, b_data), inputs=(a, b), backward=backward)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``ops.linear``."""
    x_data, w_data, x_needed = x.data, weight.data, x.requires_grad
    y = multiply(x_data, w_data.T)
    if bias is not None:
        y += bias.data

    def backward(grad_y):
        grad_x = multiply(grad_y, w_data) if x_needed else None
        grad_w = multiply(grad_y.T, x_data)
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_y.sum(axis=0))

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("linear", y, inputs=inputs, backward=backward)


def _suits_matmul(a, b) -> bool:
    return on_cpu(a, b) and a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]


def _suits_linear(x, weight, bias=None) -> bool:
    if not on_cpu(x, weight, bias=bias) or not x.ndim == weight.ndim == 2:
        return False
    return x.shape[1] == weight.shape[1] and (bias is None or bias.shape == weight.shape[:1])


offer(reduction.matmul, _suits_matmul, matmul)
offer(reduction.linear, _suits_linear, linear)
