"""Convolution with the samples innermost in memory, for many samples of few channels.

Images lie as (H, W, C, N). Whatever is taken from one is then a row of N neighbours, copied and
multiplied together, however narrow the picture and the kernel are. With the kh lines that a line of
outputs sees stacked as strip[column, i, c, n] = x[n, c, p + i, column], the patch of output q is
the contiguous piece strip[q : q + kw], a matrix of (kw·kh·C) × N. Neighbouring patches overlap in
memory and are multiplied where they lie:

    y[p, q] (O, N) = w (O, kw·kh·C) · patch[p, q]        dL/dw = Σ_{p,q} dL/dy[p, q] · patch[p, q]ᵀ

so a pixel is copied kh times, not kh·kw. dL/dx is a convolution of dL/dy (``adjoint``). Threads
take bands of lines, which the shapes alone cut.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minipose.fast import workers
from minipose.fast.adjoint import backward_kernel
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.layout import batch_first, batch_last

Pair = tuple[int, int]
Array = np.ndarray

BAND_BYTES = 1 << 19  # of stacked lines, or of the products that are added up to dL/dw
MANY = 64  # taps of a kernel
BANDS = 4  # at least, where there are as many lines: so that threads finish at the same time


def forward(x: Array, weight: Array, padding: Pair, ending: Ending = NOTHING) -> Array:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, kh, kw), stride 1."""
    o, c, kh, kw = weight.shape
    images = _padded(x, padding)
    high, wide = images.shape[0] - kh + 1, images.shape[1] - kw + 1
    matrix = weight.transpose(0, 3, 2, 1).reshape(o, -1)
    y = np.empty((high, wide, o, len(x)), dtype=x.dtype)
    bands = _bands(high, x.itemsize, (images.shape[1], kh, c, len(x)))

    def task(k: int) -> None:
        np.matmul(matrix, _patches(images, bands[k], (kh, kw)), out=y[bands[k]])
        ending.finish(y[bands[k]], 2)

    workers.run(task, len(bands))
    return batch_first(y)


def backward_input(grad_y: Array, weight: Array, padding: Pair) -> Array:
    """dL/dx (N, C, H, W) for a padding of at most k − 1."""
    return forward(grad_y, *backward_kernel(weight, padding))


def backward_weight(grad_y: Array, x: Array, kernel: Pair, padding: Pair) -> Array:
    """dL/dw (O, C, kh, kw)."""
    (o, c), (kh, kw) = (grad_y.shape[1], x.shape[1]), kernel
    images, grads = _padded(x, padding), batch_last(grad_y)
    (high, wide), taps = grads.shape[:2], kw * kh * c
    _, across, _, n = images.shape
    bands = _bands(high, x.itemsize, (across, kh, c, n), (wide, taps, o))

    def task(k: int) -> Array:
        patches = _patches(images, bands[k], kernel)
        return times_gradients(patches, grads[bands[k]]).sum(axis=(0, 1))

    total = workers.add_in_order(workers.run(task, len(bands)))
    return np.ascontiguousarray(total.reshape(kw, kh, c, o).transpose(3, 2, 1, 0))


def times_gradients(patches: Array, grads: Array) -> Array:
    """Each patch (taps, N) times the gradients (O, N) of its outputs: (lines, W', taps, O), in this
    thread's buffer."""
    turned = grads.swapaxes(2, 3)
    if patches.shape[2] >= MANY:  # BLAS takes many rows sooner by columns that are together
        together = workers.scratch("turned", turned.shape, grads.dtype)
        np.copyto(together, turned)
        turned = together
    shape = (*patches.shape[:3], grads.shape[2])
    return np.matmul(patches, turned, out=workers.scratch("products", shape, grads.dtype))


def _padded(x: Array, padding: Pair) -> Array:
    """(N, C, H, W) -> (H, W, C, N) with zeros around; no copy where there is nothing to do."""
    images, (ph, pw) = batch_last(x), padding
    if ph == pw == 0:
        return images
    h, w, c, n = images.shape
    padded = np.zeros((h + 2 * ph, w + 2 * pw, c, n), dtype=x.dtype)
    padded[ph : ph + h, pw : pw + w] = images
    return padded


def _bands(lines: int, itemsize: int, *of_a_line: tuple[int, ...]) -> list[slice]:
    """Parts of the lines, of whose arrays the largest takes ``BAND_BYTES`` at most."""
    line_bytes = max(math.prod(shape) for shape in of_a_line) * itemsize
    return workers.pieces(lines, max(1, min(BAND_BYTES // line_bytes, -(-lines // BANDS))))


def _patches(images: Array, band: slice, kernel: Pair) -> Array:
    """What each output of some lines sees, (lines, W', kw·kh·C, N): views that overlap."""
    (kh, kw), (_, across, c, n) = kernel, images.shape
    lines = band.stop - band.start
    strip = workers.scratch("strip", (lines, across, kh, c, n), images.dtype)
    for i in range(kh):
        strip[:, :, i] = images[band.start + i : band.stop + i]
    line, column, _, _, number = strip.strides
    shape = (lines, across - kw + 1, kw * kh * c, n)
    return as_strided(strip, shape, (line, column, n * number, number))
