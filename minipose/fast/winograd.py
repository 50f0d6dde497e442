"""Winograd's convolution: F(4×4, 3×3) makes 36 multiplications where 144 are written.

A kernel of r × r moves over a tile of t × t pixels and leaves m × m outputs, m = t − r + 1. In one
dimension this is the transpose of a product of polynomials, and a product can be computed by
evaluating both factors at t points, multiplying values, and interpolating (``winograd_points``
derives the matrices, ``winograd_tiles`` and ``winograd_kernels`` apply them):

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]

G evaluates the kernel, Bᵀ transforms the tile, Aᵀ collects. In two dimensions each side of a tile
gets its matrix,

    Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A

and over all channels the ⊙ becomes, for each of the t² positions ξ, a matrix product,

    M[ξ] = V[ξ] U[ξ],   V[ξ] (tiles, C),  U[ξ] (C, O)

Multiplications for each output and pair of channels, against r² as written: 36/16 for 3×3 (16/4
where images are small), 64/16 for 5×5, 64/9 for 6×6.

The derivatives are the same steps transposed: dL/dU[ξ] = V[ξ]ᵀ dL/dM[ξ] with dL/dM = A dL/dY Aᵀ and
dL/dw = Gᵀ dL/dU G; and dL/dx is a convolution of dL/dy (``adjoint``).

Images lie channels last, (N, H, W, C). Small ones go through together, as many as make a good
product, and such blocks are spread over the threads; large ones are cut into lines of tiles. The
results differ from im2col's by rounding only: in float32 about 1e-5 of the largest value with tiles
of 6, 1e-4 with tiles of 8.

Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.fast import workers
from minipose.fast.adjoint import backward_kernel
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.layout import channels_first, channels_last
from minipose.fast.products import in_blocks
from minipose.fast.winograd_kernels import kernel_gradient, transformed_either_way
from minipose.fast.winograd_points import transforms
from minipose.fast.winograd_tiles import to_outputs, to_spectrum

Pair = tuple[int, int]
Multiplier = Callable[[np.ndarray, np.ndarray, slice], None]  # V, where V U goes, which ξ

OUTPUTS = {3: 4, 5: 4, 6: 3}  # m for each r
FEW = 24  # tiles: of fewer, 3×3 takes m = 2, whose transformed kernel is less than half as large
TILES = 192  # a task: tiles enough for a good matrix product, few enough for the cache
NUMBERS = 1 << 14  # tiles times channels of a task, at most: 36 times as much is near the cache
GROUP = 512  # tiles whose transforms wait in memory for dL/dw's products
MANY = 16  # samples, from which on several sums of dL/dw are made
LARGE = 1 << 18  # numbers of U, from which on few tiles are done position by position
POSITIONS = 3  # that a task takes then
CHUNKS = 8  # such sums, whatever the number of threads


def suits(kernel: Pair, stride: Pair, padding: Pair) -> bool:
    """Whether there is a tile for this kernel size."""
    r = kernel[0]
    return kernel == (r, r) and r in OUTPUTS and stride == (1, 1) and max(padding) < r


def tiles(samples: int, size: Pair, r: int) -> int:
    """The number of tiles that outputs of this size take, of all samples."""
    _, grid = _cut(samples, size, r)
    return samples * grid[0] * grid[1]


def saved(samples: int, size: Pair, r: int) -> float:
    """Multiplications of an output for each pair of channels that the tiles save."""
    m, grid = _cut(samples, size, r)
    return r * r - grid[0] * grid[1] * (m + r - 1) ** 2 / (size[0] * size[1])


def forward(
    x: np.ndarray, weight: np.ndarray, padding: Pair, ending: Ending = NOTHING
) -> np.ndarray:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, r, r), stride 1."""
    return correlate(x, Kernels(weight.transpose(1, 0, 2, 3)), padding, ending)


def backward_input(grad_y: np.ndarray, weight: np.ndarray, padding: Pair) -> np.ndarray:
    """dL/dx (N, C, H, W) for a padding of at most r − 1."""
    return forward(grad_y, *backward_kernel(weight, padding))


class Kernels:
    """Kernels (in, out, r, r) for one convolution; ``evaluation`` keeps those of many."""

    def __init__(self, weight: np.ndarray) -> None:
        self.shape, self.weight = weight.shape, weight

    def outputs(self, samples: int, size: Pair) -> int:
        """m: so many outputs each way has a tile."""
        return _cut(samples, size, self.shape[2])[0]

    def multiplier(self, m: int, rows: int) -> Multiplier:
        """What multiplies V[ξ] (at most ``rows``, in) with U[ξ] (in, out), for some positions ξ."""
        transformed = transformed_either_way(self.weight, m)
        return lambda values, out, some: in_blocks(values, transformed[some], out)


def correlate(
    x: np.ndarray, kernels: Kernels, padding: Pair, ending: Ending = NOTHING
) -> np.ndarray:
    """Images (N, out, H', W') of images (N, in, H, W) and kernels (in, out, r, r), by channels."""
    c, o, r, _ = kernels.shape
    size = tuple(n + 2 * p - r + 1 for n, p in zip(x.shape[2:], padding, strict=True))
    m = kernels.outputs(len(x), size)
    t, grid = m + r - 1, _grid(size, m)
    matrices = transforms(m, r, x.dtype)
    y = workers.empty((len(x), grid[0], m, grid[1], m, o), x.dtype)
    at_once = min(TILES, max(1, NUMBERS // max(c, o)))
    images, blocks = channels_last(x), _blocks(len(x), grid, at_once)
    if len(x) * grid[0] * grid[1] <= TILES and c * o * t * t >= LARGE:
        with workers.temporary():
            _by_positions(images, kernels, padding, m, y, ending)
        y = y.reshape(len(x), m * grid[0], m * grid[1], o)
        return channels_first(y[:, : size[0], : size[1]])
    lines = _lines(grid, blocks[0].stop, not _spread(blocks), at_once)
    multiply = kernels.multiplier(m, blocks[0].stop * lines * grid[1])

    def block(b: int) -> None:
        some = images[blocks[b]]
        strips = workers.pieces(grid[0], _lines(grid, len(some), not _spread(blocks), at_once))

        def task(k: int) -> None:
            here = (len(some), strips[k].stop - strips[k].start, grid[1])
            spectrum = workers.scratch("spectrum", (t, t, *here, c), x.dtype)
            to_spectrum(matrices.of_inputs, some, padding, m, strips[k], spectrum)
            product = workers.scratch("product", (t, t, *here, o), x.dtype)
            flat = product.reshape(t * t, -1, o)
            multiply(spectrum.reshape(t * t, -1, c), flat, slice(None))
            to_outputs(matrices.of_outputs, product, y[blocks[b], strips[k]])
            for sample in y[blocks[b]]:
                ending.finish(sample[strips[k]])

        workers.share(task, len(strips))

    with workers.temporary():
        _each_block(block, blocks)
    y = y.reshape(len(x), m * grid[0], m * grid[1], o)
    return channels_first(y[:, : size[0], : size[1]])


def _by_positions(
    images: np.ndarray, kernels: Kernels, padding: Pair, m: int, y: np.ndarray, ending: Ending
) -> None:
    """The same for few tiles of many channels: each task takes some of the matrices U[ξ], which are
    much of what has to be fetched from memory, and all tiles."""
    (c, o, r, _), (n, down, _, across, _, _) = kernels.shape, y.shape
    t, matrices = m + r - 1, transforms(m, r, images.dtype)
    multiply = kernels.multiplier(m, n * down * across)
    spectrum = workers.empty((t, t, n, down, across, c), images.dtype)
    product = workers.empty((t, t, n, down, across, o), images.dtype)
    parts = _parts(n, down, 1)
    positions = workers.pieces(t * t, POSITIONS)

    def transform(k: int) -> None:
        some, lines = parts[k]
        here = spectrum[:, :, some, lines]
        to_spectrum(matrices.of_inputs, images[some], padding, m, lines, here)

    def position(k: int) -> None:
        some = positions[k]
        values = spectrum.reshape(t * t, -1, c)[some]
        multiply(values, product.reshape(t * t, -1, o)[some], some)

    def collect(k: int) -> None:
        to_outputs(matrices.of_outputs, product[:, :, *parts[k]], y[parts[k]])
        ending.finish(y[parts[k]])

    workers.share(transform, len(parts))
    workers.share(position, len(positions))
    workers.share(collect, len(parts))


def backward_weight(grad_y: np.ndarray, x: np.ndarray, r: int, padding: Pair) -> np.ndarray:
    """dL/dw (O, C, r, r)."""
    samples, (m, grid) = len(x), _cut(len(x), grad_y.shape[2:], r)
    images, grads = channels_last(x), channels_last(grad_y)
    blocks = _blocks(samples, grid, GROUP)
    chunks = workers.pieces(len(blocks), -(-len(blocks) // (CHUNKS if samples >= MANY else 1)))

    def task(k: int) -> np.ndarray:
        return _spectral_gradient(images, grads, blocks[chunks[k]], r, m, padding)

    # One chunk is not run as a task: then its own parts are.
    sums = workers.run(task, len(chunks)) if len(chunks) > 1 else [task(0)]
    return kernel_gradient(workers.add_in_order(sums), r, m)


def _spectral_gradient(
    images: np.ndarray, grads: np.ndarray, blocks: list[slice], r: int, m: int, padding: Pair
) -> np.ndarray:
    """dL/dU (t², O, C) of images (N, H, W, C) and gradients (N, H', W', O), block by block."""
    c, o = images.shape[3], grads.shape[3]
    t, grid = m + r - 1, _grid(grads.shape[1:3], m)
    matrices = transforms(m, r, images.dtype)
    total = np.empty((t * t, o, c), dtype=images.dtype)
    first = True
    for some in blocks:
        n = some.stop - some.start
        for group in workers.pieces(grid[0], max(1, GROUP // (grid[1] * n))):
            here = (n, group.stop - group.start, grid[1])
            values = np.empty((t, t, *here, c), dtype=images.dtype)
            grad_values = np.empty((t, t, *here, o), dtype=images.dtype)
            _transform(matrices.of_inputs, images[some], padding, m, group, values)
            _transform(matrices.of_gradients, grads[some], (0, 0), m, group, grad_values)
            _multiply(grad_values.reshape(t * t, -1, o), values.reshape(t * t, -1, c), total, first)
            first = False
    return total


def _transform(
    matrix: np.ndarray, images: np.ndarray, padding: Pair, m: int, group: slice, out: np.ndarray
) -> None:
    """``to_spectrum`` of a group of lines, in parts for the threads."""
    n, lines, across = out.shape[2:5]
    parts = _parts(n, lines, _lines((lines, across), n, True, TILES))

    def task(k: int) -> None:
        some, there = parts[k]
        part = slice(group.start + there.start, group.start + there.stop)
        to_spectrum(matrix, images[some], padding, m, part, out[:, :, some, there])

    workers.run(task, len(parts))


def _parts(samples: int, lines: int, at_once: int) -> list[tuple[slice, slice]]:
    """All lines of each sample; of a single one, so many lines at a time: in memory they lie in one
    piece."""
    if samples > 1:
        return [(slice(n, n + 1), slice(0, lines)) for n in range(samples)]
    return [(slice(0, 1), some) for some in workers.pieces(lines, at_once)]


def _multiply(grads: np.ndarray, values: np.ndarray, total: np.ndarray, first: bool) -> None:
    """total[ξ] += dL/dM[ξ]ᵀ V[ξ], from nothing where it is the first."""

    def task(k: int) -> None:
        if first:
            in_blocks(grads[k].T, values[k], total[k])
            return
        partial = workers.scratch("partial", total.shape[1:], total.dtype)
        in_blocks(grads[k].T, values[k], partial)
        total[k] += partial

    workers.run(task, len(total))


def _blocks(samples: int, grid: Pair, at_once: int) -> list[slice]:
    """Samples that go through together: about ``at_once`` tiles, and an even number of blocks."""
    pairs = max(1, round(samples * grid[0] * grid[1] / (2 * at_once)))
    return workers.pieces(samples, -(-samples // (2 * pairs)))


def _each_block(task: Callable[[int], None], blocks: list[slice]) -> None:
    """A thread for each block; of an odd few, all threads do one after the other."""
    if _spread(blocks):
        workers.share(task, len(blocks))
    else:
        for b in range(len(blocks)):
            task(b)


def _cut(samples: int, size: Pair, r: int) -> tuple[int, Pair]:
    """m for these samples of outputs of this size, and the tiles down and across."""
    grid = _grid(size, OUTPUTS[r])
    if r == 3 and samples * grid[0] * grid[1] < FEW:
        return 2, _grid(size, 2)
    return OUTPUTS[r], grid


def _grid(size: Pair, m: int) -> Pair:
    """Tiles down and across."""
    return -(-size[0] // m), -(-size[1] // m)


def _spread(blocks: list[slice]) -> bool:
    """Whether blocks are shared out, rather than the lines of each."""
    return len(blocks) % 2 == 0 or len(blocks) >= CHUNKS


def _lines(grid: Pair, samples: int, shared: bool, at_once: int) -> int:
    """Lines of tiles at a time: up to ``at_once`` tiles; an even number of parts, to share them."""
    even = 2 if shared else 1
    parts = even * -(-samples * grid[0] * grid[1] // (even * at_once))
    return -(-grid[0] // parts)
