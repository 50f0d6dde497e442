"""Winograd's convolution F(4×4, 3×3): 36 multiplications where 144 are written.

A 3×3 kernel moves over a 6×6 tile and leaves 4×4 outputs. In one dimension (6 inputs d, 3 weights
g, 4 outputs), the outputs are coefficients of a product of polynomials. A product can be computed
by evaluating both factors at 6 points, multiplying values, and interpolating; with the points 0, 1,
−1, 2, −2 and ∞, and read backwards (transposed, which turns a product into a correlation),

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]

G evaluates the kernel (a column for each power, divided by what interpolation would divide by), Bᵀ
transforms the tile, Aᵀ collects. In two dimensions each side of a tile gets its matrix,

    Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A

and written with the tile as one vector of 36, the pair of matrices is a Kronecker product. Over all
channels the ⊙ becomes, for each of the 36 positions ξ, a matrix product,

    M[ξ] = V[ξ] U[ξ],   V[ξ] (tiles, C),  U[ξ] (C, O)

The derivatives are the same steps transposed: dL/dU[ξ] = V[ξ]ᵀ dL/dM[ξ] with dL/dM = A dL/dY Aᵀ,
and dL/dx is a convolution of dL/dy with the kernel turned by 180°.

Images lie channels last, (N, H, W, C); ``winograd_tiles`` cuts them and does the transforms. The
products differ from im2col's by rounding only: about 1e-5 of the largest value in float32.

Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.kernels import workers
from minipose.kernels.layout import channels_first, channels_last
from minipose.kernels.winograd_tiles import (
    by_fours,
    kernel_gradient_sums,
    kernel_sums,
    to_gradient_spectrum,
    to_outputs,
    to_spectrum,
)

Pair = tuple[int, int]
Transform = Callable[[np.ndarray, slice, np.ndarray], None]

TILES = 128  # a task: tiles enough for a good matrix product, few enough for the cache
PAIRS = 1 << 15  # of maps, whose kernels are transformed in a task
GROUP = 512  # tiles whose transforms wait in memory for dL/dw's products

_B_T = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_G = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_A_T = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
)


def forward(x: np.ndarray, weight: np.ndarray, padding: Pair) -> np.ndarray:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, 3, 3), stride 1."""
    return _correlate(x, transformed_kernel(weight.transpose(1, 0, 2, 3)), padding)


def backward_input(grad_y: np.ndarray, weight: np.ndarray, padding: Pair) -> np.ndarray:
    """dL/dx: dL/dy, with 2 − p zeros around, correlated with the kernel turned by 180°."""
    turned = weight[:, :, ::-1, ::-1]
    return _correlate(grad_y, transformed_kernel(turned), (2 - padding[0], 2 - padding[1]))


def _correlate(x: np.ndarray, kernels: np.ndarray, padding: Pair) -> np.ndarray:
    """Images (N, maps out, H', W') of images (N, maps in, H, W), kernels (36, in, out)."""
    c, o = kernels.shape[1:]
    size = tuple(n + 2 * p - 2 for n, p in zip(x.shape[2:], padding, strict=True))
    grid = _grid(size)
    y = np.empty((len(x), grid[0], 4, grid[1], 4, o), dtype=x.dtype)
    strips = workers.pieces(grid[0], _lines(grid))
    for image, out in zip(channels_last(x), y, strict=True):
        pieces = by_fours(image, padding, grid, margin=1)

        def task(k: int, pieces: np.ndarray = pieces, out: np.ndarray = out) -> None:
            tiles = (strips[k].stop - strips[k].start, grid[1])
            spectrum = workers.scratch("spectrum", (6, 6, *tiles, c), x.dtype)
            to_spectrum(pieces, strips[k], spectrum)
            product = workers.scratch("product", (6, 6, *tiles, o), x.dtype)
            np.matmul(spectrum.reshape(36, -1, c), kernels, out=product.reshape(36, -1, o))
            to_outputs(product, out[strips[k]])

        workers.run(task, len(strips))
    y = y.reshape(len(x), 4 * grid[0], 4 * grid[1], o)
    return channels_first(y[:, : size[0], : size[1]])


def backward_weight(grad_y: np.ndarray, x: np.ndarray, padding: Pair) -> np.ndarray:
    """dL/dw (O, C, 3, 3)."""
    o, c = grad_y.shape[1], x.shape[1]
    grid = _grid(grad_y.shape[2:])
    total = np.empty((36, o, c), dtype=x.dtype)
    first = True
    for image, grads in zip(channels_last(x), channels_last(grad_y), strict=True):
        pieces = by_fours(image, padding, grid, margin=1)
        grad_pieces = by_fours(grads, (0, 0), grid, margin=0)
        for group in workers.pieces(grid[0], max(1, GROUP // grid[1])):
            tiles = (group.stop - group.start, grid[1])
            spectrum = np.empty((6, 6, *tiles, c), dtype=x.dtype)
            grad_spectrum = np.empty((6, 6, *tiles, o), dtype=x.dtype)
            _transform(to_spectrum, pieces, group, spectrum)
            _transform(to_gradient_spectrum, grad_pieces, group, grad_spectrum)
            _multiply(grad_spectrum.reshape(36, -1, o), spectrum.reshape(36, -1, c), total, first)
            first = False
    return _kernel_gradient(total)


def _transform(transform: Transform, pieces: np.ndarray, group: slice, out: np.ndarray) -> None:
    """``transform`` a group of lines, in parts for the threads."""
    parts = workers.pieces(out.shape[2], _lines(out.shape[2:4]))

    def task(k: int) -> None:
        there = slice(group.start + parts[k].start, group.start + parts[k].stop)
        transform(pieces, there, out[:, :, parts[k]])

    workers.run(task, len(parts))


def _multiply(grads: np.ndarray, values: np.ndarray, total: np.ndarray, first: bool) -> None:
    """total[ξ] += dL/dM[ξ]ᵀ V[ξ], from nothing where it is the first."""

    def task(k: int) -> None:
        if first:
            np.matmul(grads[k].T, values[k], out=total[k])
            return
        share = workers.scratch("share", total.shape[1:], total.dtype)
        np.matmul(grads[k].T, values[k], out=share)
        total[k] += share

    workers.run(task, 36)


def transformed_kernel(weight: np.ndarray) -> np.ndarray:
    """U = G g Gᵀ for all pairs of maps, (36, A, B) of (A, B, 3, 3)."""
    o, c = weight.shape[:2]
    kernels = np.empty((6, 6, o, c), dtype=weight.dtype)
    parts = workers.pieces(o, max(1, PAIRS // c))

    def task(k: int) -> None:
        some = weight[parts[k]].transpose(2, 3, 0, 1)  # (3, 3, maps, C)
        taps = workers.scratch("taps", some.shape, weight.dtype)
        np.copyto(taps, some)
        tall = workers.scratch("tall", (6, *taps.shape[1:]), weight.dtype)
        sums = workers.scratch("sums", (2, 6, *taps.shape[2:]), weight.dtype)
        kernel_sums(taps, tall, sums[:, :3])
        out = kernels[:, :, parts[k]].transpose(1, 0, 2, 3)
        kernel_sums(tall.transpose(1, 0, 2, 3), out, sums)

    workers.run(task, len(parts))
    return kernels.reshape(36, o, c)


def _kernel_gradient(total: np.ndarray) -> np.ndarray:
    """dL/dw = Gᵀ dL/dU G: (36, O, C) -> (O, C, 3, 3)."""
    o, c = total.shape[1:]
    grad_w = np.empty((o, c, 3, 3), dtype=total.dtype)
    parts = workers.pieces(o, max(1, PAIRS // c))

    def task(k: int) -> None:
        some = total.reshape(6, 6, o, c)[:, :, parts[k]]
        tall = workers.scratch("tall", (3, *some.shape[1:]), total.dtype)
        sums = workers.scratch("sums", (2, *some.shape[1:]), total.dtype)
        kernel_gradient_sums(some, tall, sums)
        taps = workers.scratch("taps", (3, 3, *some.shape[2:]), total.dtype)
        kernel_gradient_sums(tall.transpose(1, 0, 2, 3), taps, sums[:, :3])
        np.copyto(grad_w[parts[k]], taps.transpose(2, 3, 1, 0))  # taps are (column, row)

    workers.run(task, len(parts))
    return grad_w


def _grid(size: Pair) -> Pair:
    """Tiles down and across."""
    return -(-size[0] // 4), -(-size[1] // 4)


def _lines(grid: Pair) -> int:
    """Lines of tiles in a task: about ``TILES`` tiles, but two tasks a sample if possible."""
    return max(1, min(TILES // grid[1], -(-grid[0] // 2)))
