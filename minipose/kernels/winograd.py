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

Images lie channels last, (N, H, W, C), so a tile is gathered in rows of C neighbours. The products
differ from im2col's by rounding only: about 1e-5 of the largest value in float32.

Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.3.
"""

from __future__ import annotations

import numpy as np

from minipose.kernels import workers
from minipose.kernels.layout import channels_first, channels_last

Pair = tuple[int, int]

TILES = 128  # a task: tiles enough for a good matrix product, few enough for the cache

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
_TILE = np.kron(_B_T, _B_T)  # (36, 36)
_KERNEL = np.kron(_G, _G)  # (36, 9)
_OUTPUT = np.kron(_A_T, _A_T)  # (16, 36)


def forward(x: np.ndarray, weight: np.ndarray, padding: Pair) -> np.ndarray:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, 3, 3), stride 1."""
    o, c = weight.shape[:2]
    size = tuple(n + 2 * p - 2 for n, p in zip(x.shape[2:], padding, strict=True))
    padded, grid = _padded(x, padding, size)
    kernels = transformed_kernel(weight)
    tile, output = _TILE.astype(x.dtype), _OUTPUT.astype(x.dtype)
    y = np.empty((len(x), 4 * grid[0], 4 * grid[1], o), dtype=x.dtype)
    strips = _strips(len(x), grid)

    def task(k: int) -> None:
        n, lines = strips[k]
        count = (lines.stop - lines.start) * grid[1]
        values = _gather(padded[n], lines, grid[1], 6)
        spectrum = workers.scratch("spectrum", (36, count, c), x.dtype)
        np.matmul(tile, values.reshape(36, -1), out=spectrum.reshape(36, -1))
        product = workers.scratch("product", (36, count, o), x.dtype)
        np.matmul(spectrum, kernels, out=product)
        outputs = workers.scratch("outputs", (4, 4, lines.stop - lines.start, grid[1], o), x.dtype)
        np.matmul(output, product.reshape(36, -1), out=outputs.reshape(16, -1))
        block = y[n, 4 * lines.start : 4 * lines.stop].reshape(-1, 4, grid[1], 4, o)
        np.copyto(block, outputs.transpose(2, 0, 3, 1, 4))

    workers.run(task, len(strips))
    return channels_first(y[:, : size[0], : size[1]])


def backward_input(grad_y: np.ndarray, weight: np.ndarray, padding: Pair) -> np.ndarray:
    """dL/dx: dL/dy, with 2 − p zeros around, correlated with the kernel turned by 180°."""
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return forward(grad_y, turned, (2 - padding[0], 2 - padding[1]))


def backward_weight(grad_y: np.ndarray, x: np.ndarray, padding: Pair) -> np.ndarray:
    """dL/dw (O, C, 3, 3)."""
    (n, o), c = grad_y.shape[:2], x.shape[1]
    padded, grid = _padded(x, padding, grad_y.shape[2:])
    grads = np.zeros((n, 4 * grid[0], 4 * grid[1], o), dtype=x.dtype)
    grads[:, : grad_y.shape[2], : grad_y.shape[3]] = grad_y.transpose(0, 2, 3, 1)
    tile, collect = _TILE.astype(x.dtype), np.ascontiguousarray(_OUTPUT.T.astype(x.dtype))
    grad_kernels = np.zeros((36, c, o), dtype=x.dtype)
    strips = _strips(1, grid)
    spectrum = np.empty((36, grid[0] * grid[1], c), dtype=x.dtype)
    grad_spectrum = np.empty((36, grid[0] * grid[1], o), dtype=x.dtype)
    for sample in range(n):

        def transform(k: int, sample: int = sample) -> None:
            lines = strips[k][1]
            tiles = slice(lines.start * grid[1], lines.stop * grid[1])
            values = _gather(padded[sample], lines, grid[1], 6)
            part = workers.scratch("spectrum", values.shape, x.dtype)
            np.matmul(tile, values.reshape(36, -1), out=part.reshape(36, -1))
            spectrum[:, tiles] = part.reshape(36, -1, c)
            values = _gather(grads[sample], lines, grid[1], 4)
            part = workers.scratch("spectrum", (36, *values.shape[2:]), x.dtype)
            np.matmul(collect, values.reshape(16, -1), out=part.reshape(36, -1))
            grad_spectrum[:, tiles] = part.reshape(36, -1, o)

        def multiply(k: int) -> None:
            grad_kernels[k] += spectrum[k].T @ grad_spectrum[k]

        workers.run(transform, len(strips))
        workers.run(multiply, 36)
    back = _KERNEL.T.astype(x.dtype) @ grad_kernels.reshape(36, -1)
    return np.ascontiguousarray(back.reshape(3, 3, c, o).transpose(3, 2, 0, 1))


def transformed_kernel(weight: np.ndarray) -> np.ndarray:
    """U = G g Gᵀ for all maps: (36, C, O)."""
    o, c = weight.shape[:2]
    evaluate = _KERNEL.astype(weight.dtype)
    kernels = np.empty((36, c, o), dtype=weight.dtype)
    pieces = workers.pieces(c, max(1, -(-c // 8)))

    def task(k: int) -> None:
        some = weight[:, pieces[k]].transpose(2, 3, 1, 0)
        taps = workers.scratch("taps", some.shape, weight.dtype)
        np.copyto(taps, some)
        np.matmul(evaluate, taps.reshape(9, -1), out=kernels[:, pieces[k]].reshape(36, -1))

    workers.run(task, len(pieces))
    return kernels


def _padded(x: np.ndarray, padding: Pair, size: Pair) -> tuple[np.ndarray, Pair]:
    """x (N, H, W, C) with zeros around, as far as whole tiles reach; tiles down and across."""
    grid = tuple(-(-n // 4) for n in size)
    n, c, h, w = x.shape
    padded = np.zeros((n, 4 * grid[0] + 2, 4 * grid[1] + 2, c), dtype=x.dtype)
    padded[:, padding[0] : padding[0] + h, padding[1] : padding[1] + w] = channels_last(x)
    return padded, grid


def _strips(samples: int, grid: Pair) -> list[tuple[int, slice]]:
    """Whole lines of tiles, about ``TILES`` of them a task, but two tasks a sample if possible."""
    lines = max(1, min(TILES // grid[1], -(-grid[0] // 2)))
    return [(n, piece) for n in range(samples) for piece in workers.pieces(grid[0], lines)]


def _gather(image: np.ndarray, lines: slice, across: int, side: int) -> np.ndarray:
    """Tiles of side × side at every fourth pixel as (side, side, lines, across, C)."""
    rows = lines.stop - lines.start
    values = workers.scratch("tiles", (side, side, rows, across, image.shape[2]), image.dtype)
    for i in range(side):
        for j in range(side):
            first = 4 * lines.start + i
            picked = image[first : first + 4 * rows - 3 : 4, j : j + 4 * across - 3 : 4]
            np.copyto(values[i, j], picked)
    return values
