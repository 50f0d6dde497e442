"""Convolution by im2col, a strip of rows at a time, on channels-last images.

The same matrix product as ``im2col`` with two changes for a processor with caches. The columns of a
few rows are made, multiplied and forgotten before they leave the cache, instead of a matrix of
kh·kw times the image in memory; and since the image lies as (N, H, W, C), a patch consists of kh
contiguous pieces of kw·C numbers, copied as such:

    cols[p, q, i, (j, c)] = x[p·s + i, q·s + j, c]        y[p, q, o] = Σ cols[p, q, k] · w[k, o]

Where those pieces are long enough for a product of their own, the kernel's lines take turns:
y is then a sum of kh products, and a line of the image is copied once instead of kh times.

dL/dx of stride 1 is a convolution of dL/dy (``adjoint``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minipose.fast import workers
from minipose.fast.adjoint import backward_kernel
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.layout import channels_first, channels_last
from minipose.kernels.im2col import output_size

Pair = tuple[int, int]

STRIP_BYTES = 1 << 20  # of columns at a time
LONG = 32  # numbers in a piece, from which on the kernel's lines take turns
CHUNKS = 4  # sums into which a sample's strips are added up, whatever the number of threads


def forward(
    x: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, ending: Ending = NOTHING
) -> np.ndarray:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, kh, kw)."""
    kernel = weight.shape[2:]
    padded = _padded(x, padding)
    out = _out_size(x, kernel, stride, padding)
    matrix = weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))  # (kh·kw·C, O)
    y = workers.empty((len(x), *out, len(weight)), x.dtype)
    strips = _strips(len(x), out, matrix.shape[0] * x.itemsize)

    def task(k: int) -> None:
        n, rows = strips[k]
        flat = y[n, rows].reshape(-1, y.shape[3])
        for taps, cols in _columns(padded[n], rows, out[1], kernel, stride):
            if taps.start == 0:
                np.matmul(cols, matrix[taps], out=flat)
            else:
                partial = workers.scratch("partial", flat.shape, y.dtype)
                np.matmul(cols, matrix[taps], out=partial)
                flat += partial
        ending.finish(flat)

    workers.share(task, len(strips))
    return channels_first(y)


def backward_input(grad_y: np.ndarray, weight: np.ndarray, padding: Pair) -> np.ndarray:
    """dL/dx (N, C, H, W) for stride 1 and a padding of at most k − 1."""
    kernel, around = backward_kernel(weight, padding)
    return forward(grad_y, kernel, (1, 1), around)


def backward_weight(
    grad_y: np.ndarray, x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair
) -> np.ndarray:
    """dL/dw (O, C, kh, kw)."""
    padded, (o, c) = _padded(x, padding), (grad_y.shape[1], x.shape[1])
    grads = np.ascontiguousarray(channels_last(grad_y))
    taps = kernel[0] * kernel[1] * c
    strips = _strips(len(x), grads.shape[1:3], taps * x.itemsize)
    chunks = workers.pieces(len(strips), -(-len(strips) // (CHUNKS * len(x))))

    def task(k: int) -> np.ndarray:
        total = np.zeros((taps, o), dtype=x.dtype)
        partial = workers.scratch("partial", total.shape, x.dtype)
        for n, rows in strips[chunks[k]]:
            for some, cols in _columns(padded[n], rows, grads.shape[2], kernel, stride):
                np.matmul(cols.T, grads[n, rows].reshape(len(cols), o), out=partial[some])
            total += partial
        return total

    total = workers.add_in_order(workers.run(task, len(chunks)))
    return np.ascontiguousarray(total.reshape(*kernel, c, o).transpose(3, 2, 0, 1))


def _out_size(x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    sizes = zip(x.shape[2:], kernel, stride, padding, strict=True)
    return tuple(output_size(*each) for each in sizes)


def _padded(x: np.ndarray, padding: Pair) -> np.ndarray:
    """x as contiguous (N, H, W, C) with zeros around; no copy where there is nothing to do."""
    images, (ph, pw) = channels_last(x), padding
    if ph == 0 and pw == 0:
        return np.ascontiguousarray(images)
    n, h, w, c = images.shape
    padded = np.zeros((n, h + 2 * ph, w + 2 * pw, c), dtype=x.dtype)
    padded[:, ph : ph + h, pw : pw + w] = images
    return padded


def _strips(samples: int, out: Pair, column_bytes: int) -> list[tuple[int, slice]]:
    """Whole rows of one sample each, at least two strips a sample where it has two rows."""
    rows = max(1, min(STRIP_BYTES // (out[1] * column_bytes), -(-out[0] // 2)))
    return [(n, piece) for n in range(samples) for piece in workers.pieces(out[0], rows)]


def _columns(
    image: np.ndarray, rows: slice, across: int, kernel: Pair, stride: Pair
) -> Iterator[tuple[slice, np.ndarray]]:
    """Patches of the strip, (pixels, taps), in this thread's buffer: of the whole kernel or of its
    lines in turn, and which of the kernel's kh·kw·C numbers they meet."""
    c, (kh, kw), (sh, sw) = image.shape[2], kernel, stride
    down, (line, pixel) = rows.stop - rows.start, image.strides[:2]
    first = image[rows.start * sh :]
    if kw * c < LONG:
        cols = workers.scratch("columns", (down, across, kh, kw * c), image.dtype)
        steps = (sh * line, sw * pixel, line, image.itemsize)
        np.copyto(cols, as_strided(first, cols.shape, steps))
        yield slice(0, kh * kw * c), cols.reshape(down * across, -1)
    else:
        shape = ((down - 1) * sh + kh, across, kw * c)
        lines = workers.scratch("columns", shape, image.dtype)
        np.copyto(lines, as_strided(first, shape, (line, sw * pixel, image.itemsize)))
        for i in range(kh):
            taps = slice(i * kw * c, (i + 1) * kw * c)
            yield taps, lines[i : i + (down - 1) * sh + 1 : sh].reshape(-1, kw * c)
