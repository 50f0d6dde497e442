"""Convolution, 2×2 max-pooling, bias and tanh in one go, for few channels and many samples.

The four convolution outputs of one pooling block see a patch of (kh + 1) × (kw + 1) pixels. So
multiply each patch by a matrix that holds the kernel four times, shifted by (a, b) ∈ {0, 1}²:

    block[a, b, o, p, q] = Σ_{c,i,j} w[o, c, i − a, j − b] · x[c, 2p + i, 2q + j],  i ≤ kh, j ≤ kw
    y[o, p, q] = tanh(b[o] + max_{a,b} block[a, b, o, p, q])

The price is (kh+1)(kw+1)/(kh·kw) as many multiplications, most of the extra ones by zero; the gain
is a product with four times the rows, which BLAS likes, and no result of four times the size.

Memory order decides the speed. Here the samples come last, (H, W, C, N): whatever is taken from an
image is a row of N neighbours that is copied, compared or added together, never a single number.
And patches need not be copied one by one: with the kh + 1 rows that a line of outputs sees stacked
as strip[column, i, c, n] = x[n, c, 2p + i, column], the patch of output q is the contiguous piece
strip[2q : 2q + kw + 1], a matrix of (kw+1)·(kh+1)·C × N. Neighbouring patches overlap in memory and
are multiplied where they lie.

Threads take bands of lines. The shapes alone cut the bands, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minipose.fast import convolution, workers
from minipose.fast.columns import BLOCK_BYTES
from minipose.fast.layout import batch_first, batch_last
from minipose.fast.rows import in_place
from minipose.fast.samples import times_gradients
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.faster import offer
from minipose.ops import conv
from minipose.tensor import Tensor, record

MANY_SAMPLES = 32  # at least, of small pictures
LINE_PRODUCTS = 1 << 18  # multiplications that are long beside the calls of a line
PLACES = np.array([0, 2, 1, 3], np.uint8).reshape(4, 1, 1)  # 2a + b of a block, b outermost
MANY_TAPS = 256  # c·kh·kw, from which on a convolution alone comes closer to the speed of BLAS
LONG_ROW = 128  # samples that make a line long enough to go alone
BANDS = 8  # at most; enough for several threads to finish at about the same time


def suits(x: np.ndarray, weight: np.ndarray) -> bool:
    """Whether this algorithm is the faster one: many samples, few channels, a pixel to return.

    Of small pictures there have to be more samples, and enough work in a line for its many calls.
    """
    (o, c, kh, kw), (rows, cols) = weight.shape, pooled_size(x.shape, weight.shape)
    if not (len(x) >= 16 and o <= 16 and min(rows, cols) >= 1) or kh == kw == 1:
        return False
    if c * kh * kw >= MANY_TAPS and len(x) >= convolution.MANY_SAMPLES:
        return False
    small = 4 * rows * cols * c * kh * kw * x.itemsize <= BLOCK_BYTES
    products = cols * 4 * o * c * (kh + 1) * (kw + 1) * len(x)
    return products >= LINE_PRODUCTS and (not small or len(x) >= MANY_SAMPLES)


def pooled_size(images: tuple[int, ...], kernels: tuple[int, ...]) -> tuple[int, int]:
    """Size after a 'valid' convolution and a 2×2 pool that drops a remainder."""
    return tuple((n - k + 1) // 2 for n, k in zip(images[2:], kernels[2:], strict=True))


def forward(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, tanh: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Pooled channels y (N, O, P, Q), and which of its block's four each value came from.

    ``winner`` is uint8 (P, Q, O, N): 2a + b. Of equal ones the first in row order counts.
    """
    rows, cols = pooled_size(x.shape, weight.shape)
    images, kernel = batch_last(x), _block_weight(weight)
    y = np.empty((rows, cols, len(weight), len(x)), dtype=x.dtype)
    winner = np.empty(y.shape, dtype=np.uint8)
    bands = _bands(rows, weight)

    def task(k: int) -> None:
        for some in _lines(bands[k], len(x)):
            patches = _patches(_strips(images, some, weight), cols, weight)
            product = _product(weight, patches)
            np.matmul(kernel, patches, out=_as_matrices(product, patches))
            pooled, places = _flat(y[some]), _flat(winner[some])
            _maximum(product, pooled, places)
            if bias is not None:
                pooled += bias[:, None]
            if tanh:
                np.tanh(pooled, out=pooled)

    workers.run(task, len(bands))
    return batch_first(y), winner


def backward(
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    winner: np.ndarray,
    y: np.ndarray | None,
    x_needed: bool,
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """dL/dx (N, C, H, W), or None where it is not needed, dL/dw (O, C, kh, kw) and dL/db (O,).

    ``y`` is the forward result where it went through tanh, else None.
    """
    rows, cols = winner.shape[:2]
    images, grads, kernel = batch_last(x), batch_last(grad_y), _block_weight(weight)
    kernel_t = np.ascontiguousarray(kernel.T)
    outputs = None if y is None else batch_last(y)
    grad_images = np.zeros(images.shape, dtype=x.dtype) if x_needed else None
    bands = _bands(rows, weight)

    def task(k: int) -> tuple[np.ndarray, np.ndarray]:
        grad_kernel = np.zeros(kernel_t.shape, dtype=x.dtype)
        grad_bias = np.zeros(len(weight), dtype=x.dtype)
        for some in _lines(bands[k], len(x)):
            patches = _patches(_strips(images, some, weight), cols, weight)
            grad = _flat(grads[some])
            if outputs is not None:
                grad = _through_tanh(grad, _flat(outputs[some]))
            spread = _product(weight, patches)
            _spread(grad, _flat(winner[some]), spread)
            flat = _as_matrices(spread, patches)  # (lines, Q, 4·O, N)
            sums = times_gradients(patches, flat)
            of_bias = grad.sum(axis=2).reshape(*flat.shape[:2], -1)
            for line in range(len(sums)):
                grad_kernel += sums[line].sum(axis=0)
                grad_bias += of_bias[line].sum(axis=0)
            if grad_images is not None:
                grad_patches = workers.scratch("patches", patches.shape, x.dtype)
                np.matmul(kernel_t, flat, out=grad_patches)
                _add_patches(grad_patches, grad_images, some, weight)
        return grad_kernel, grad_bias

    # Neighbouring bands add to common rows of dL/dx: first every other band, then those between.
    results = [
        *workers.run(lambda k: task(2 * k), (len(bands) + 1) // 2),
        *workers.run(lambda k: task(2 * k + 1), len(bands) // 2),
    ]
    grad_kernel, grad_bias = (workers.add_in_order(part) for part in zip(*results, strict=True))
    grad_x = None if grad_images is None else batch_first(grad_images)
    return grad_x, _unblock_weight(grad_kernel, weight.shape), grad_bias


def _bands(rows: int, weight: np.ndarray) -> list[range]:
    """Lines of outputs, cut so that a band and the next but one see no common row."""
    size = max(-(-rows // BANDS), weight.shape[2] // 2, 1)
    return [range(start, min(start + size, rows)) for start in range(0, rows, size)]


def _block_weight(weight: np.ndarray) -> np.ndarray:
    """The kernel at its four places in a patch: (2·2·O, (kw+1)·(kh+1)·C), rows b, a, o."""
    o, c, kh, kw = weight.shape
    blocks = np.zeros((2, 2, o, kw + 1, kh + 1, c), dtype=weight.dtype)
    for a in range(2):
        for b in range(2):
            blocks[b, a, :, b : b + kw, a : a + kh] = weight.transpose(0, 3, 2, 1)
    return blocks.reshape(4 * o, -1)


def _unblock_weight(blocks: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The adjoint of ``_block_weight``, of columns: the sum over the four places."""
    o, c, kh, kw = shape
    blocks = blocks.T.reshape(2, 2, o, kw + 1, kh + 1, c)
    total = sum(blocks[b, a, :, b : b + kw, a : a + kh] for a in range(2) for b in range(2))
    return np.ascontiguousarray(total.transpose(0, 3, 2, 1))  # (O, kw, kh, C) -> (O, C, kh, kw)


def _lines(band: range, samples: int) -> Iterator[slice]:
    """A line of outputs at a time; of few samples several, for long rows and few calls."""
    together = max(1, LONG_ROW // samples)
    for start in range(band.start, band.stop, together):
        yield slice(start, min(start + together, band.stop))


def _strips(images: np.ndarray, lines: slice, weight: np.ndarray) -> np.ndarray:
    """The rows that each line's outputs see, (lines, W, kh + 1, C, N) in this thread's buffer."""
    _, wide, c, n = images.shape
    shape = (lines.stop - lines.start, wide, weight.shape[2] + 1, c, n)
    strips = workers.scratch("strips", shape, images.dtype)
    for strip, p in zip(strips, range(lines.start, lines.stop), strict=True):
        np.copyto(strip, images[2 * p : 2 * p + shape[2]].transpose(1, 0, 2, 3))
    return strips


def _patches(strips: np.ndarray, cols: int, weight: np.ndarray) -> np.ndarray:
    """What each output sees, (lines, Q, (kw+1)·(kh+1)·C, N): overlapping views of the strips."""
    lines, _, high, c, n = strips.shape
    line, column = strips.strides[:2]
    shape = (lines, cols, (weight.shape[3] + 1) * high * c, n)
    return as_strided(strips, shape, (line, 2 * column, n * strips.itemsize, strips.itemsize))


def _product(weight: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """This thread's buffer for the four outputs of each block: (lines · Q, b, a, O, N)."""
    lines, cols, _, n = patches.shape
    return workers.scratch("product", (lines * cols, 2, 2, len(weight), n), patches.dtype)


def _as_matrices(product: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """The same as (lines, Q, 4·O, N)."""
    return product.reshape(*patches.shape[:2], -1, patches.shape[3])


def _flat(outputs: np.ndarray) -> np.ndarray:
    """Some lines' outputs (lines, Q, O, N) in a row, (lines · Q, O, N): a view."""
    return outputs.reshape(-1, *outputs.shape[2:])


def _add_patches(
    grad_patches: np.ndarray, grad_images: np.ndarray, lines: slice, weight: np.ndarray
) -> None:
    """The adjoint of ``_strips`` and ``_patches``: add every copy of a pixel to that pixel."""
    c, kh, kw = weight.shape[1:]
    count, cols, _, n = grad_patches.shape
    by_column = grad_patches.reshape(count, cols, kw + 1, kh + 1, c, n)
    shape = (count, grad_images.shape[1], kh + 1, c, n)
    strips = workers.scratch("strips", shape, grad_patches.dtype)
    strips[:, 2 * cols :] = 0
    for j in range(2):  # every column up to there is in one of these
        strips[:, j : 2 * cols : 2] = by_column[:, :, j]
    with in_place():
        for j in range(2, kw + 1):
            strips[:, j : j + 2 * cols - 1 : 2] += by_column[:, :, j]
        for strip, p in zip(strips, range(lines.start, lines.stop), strict=True):
            grad_images[2 * p : 2 * p + kh + 1] += strip.transpose(1, 0, 2, 3)


def _maximum(product: np.ndarray, y: np.ndarray, winner: np.ndarray) -> None:
    """y = max over the four of a block, winner = the first that reaches it."""
    left, right = product[:, 0], product[:, 1]  # (Q, a, O, N)
    rows = workers.scratch("rows", left.shape, product.dtype)
    which = workers.scratch("which", left.shape, np.dtype(bool))
    below = workers.scratch("below", y.shape, np.dtype(bool))
    with in_place():
        np.greater(right, left, out=which)
        np.maximum(left, right, out=rows)
        np.greater(rows[:, 1], rows[:, 0], out=below)
        np.maximum(rows[:, 0], rows[:, 1], out=y)
        # b = below ? which[1] : which[0], by bits: which[0] ^ ((which[0] ^ which[1]) & below)
        above, b = which[:, 0], which[:, 1]
        b ^= above
        b &= below
        b ^= above
        np.left_shift(below.view(np.uint8), 1, out=winner)  # 2a + b
        winner |= b.view(np.uint8)


def _through_tanh(grad_y: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dL/dy · (1 − y²) in this thread's buffer."""
    grad = workers.scratch("grad", y.shape, y.dtype)
    np.multiply(y, y, out=grad)
    np.subtract(1, grad, out=grad)
    grad *= grad_y
    return grad


def _spread(grad_y: np.ndarray, winner: np.ndarray, spread: np.ndarray) -> None:
    """The gradient of each block goes to its winner, zero to the other three."""
    cols, o, n = winner.shape
    here = workers.scratch("here", (cols, 4, o, n), np.dtype(bool))
    np.equal(winner[:, None], PLACES, out=here)
    np.multiply(grad_y[:, None], here, out=spread.reshape(here.shape))


def conv2d_max_pool2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, tanh: bool = False
) -> Tensor:
    """``ops.conv2d_max_pool2d``; of the full-size result only the winners are kept."""
    x_data, w_data, x_needed = x.data, weight.data, x.requires_grad
    y, winner = forward(x_data, w_data, None if bias is None else bias.data, tanh)

    def differentiate(grad_y):
        grads = backward(grad_y, x_data, w_data, winner, y if tanh else None, x_needed)
        return grads[:2] if bias is None else grads

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("conv2d_max_pool2d", y, inputs=inputs, backward=differentiate)


def _suits_tensors(x, weight, bias=None, tanh=False) -> bool:
    return (
        on_cpu(x, weight, bias=bias)
        and accepted(conv.check_conv2d, x, weight, bias, 1, 0)
        and suits(x.data, weight.data)
    )


offer(conv.conv2d_max_pool2d, _suits_tensors, conv2d_max_pool2d)
