"""``kernels.im2col`` for a few pictures at a time, whose columns stay in the cache.

The columns are kh·kw times the images: of a whole batch of small pictures they go out to memory and
come back, three times in a training step. Here a task copies the columns of a few pictures into a
buffer of its thread, multiplies them and forgets them, and the threads share such blocks.

Images lie plane by plane, (C, N, H, W): what is copied is then whole lines of W' pixels, however
few the channels are, where channels last would make it pieces of kw·C numbers (``strips``).

Where one block is all there is, the threads share its product instead (``products``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minipose.fast import workers
from minipose.fast.adjoint import backward_kernel
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.products import in_blocks, multiply
from minipose.kernels.im2col import output_size

Pair = tuple[int, int]
Array = np.ndarray

BLOCK_BYTES = 1 << 20  # of columns at a time, about what the cache of a core holds
COPIES = 2  # of a number that cost as much as adding it to another
CHUNKS = 8  # sums into which dL/dw is added up, whatever the number of threads


def forward(
    x: Array, weight: Array, stride: Pair, padding: Pair, ending: Ending = NOTHING
) -> Array:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, kh, kw)."""
    o, kernel = len(weight), weight.shape[2:]
    out = _out_size(x, kernel, stride, padding)
    matrix = weight.reshape(o, -1)
    blocks = _blocks(len(x), matrix.shape[1], out, x.itemsize)
    y = workers.empty((o, len(x), *out), x.dtype)
    if len(blocks) == 1:
        cols = _columns(x, kernel, stride, padding, out)
        multiply(matrix, cols, y.reshape(o, -1), workers.share)
        _finish(y, ending)
        return y.transpose(1, 0, 2, 3)

    def block(k: int) -> None:
        cols = _columns(x[blocks[k]], kernel, stride, padding, out)
        in_blocks(matrix, cols, y[:, blocks[k]].reshape(o, -1))
        ending.finish(y[:, blocks[k]], 0)

    workers.share(block, len(blocks))
    return y.transpose(1, 0, 2, 3)


def _finish(y: Array, ending: Ending) -> None:
    """What follows, of some channels of y (O, N, H', W') at a time."""
    parts = workers.pieces(len(y), max(1, workers.PIECE // y[0].size))

    def task(k: int) -> None:
        some = parts[k]
        bias = None if ending.bias is None else ending.bias[some]
        Ending(bias, ending.relu).finish(y[some], 0)

    workers.share(task, len(parts))


def backward_input(grad_y: Array, weight: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """dL/dx (N, C, H, W): the adjoint of copying, or with stride 1 a convolution of dL/dy.

    That one has O channels of columns where the adjoint has C, but a number is copied sooner than
    it is added to another.
    """
    (o, c), kernel, (n, _, *out) = weight.shape[:2], weight.shape[2:], grad_y.shape
    within = all(p < k for p, k in zip(padding, kernel, strict=True))
    if stride == (1, 1) and within and o <= COPIES * c:
        rotated, around = backward_kernel(weight, padding)
        return forward(grad_y, rotated, (1, 1), around)
    grad_x = np.empty((c, n, *size), dtype=grad_y.dtype)
    transposed = np.ascontiguousarray(weight.reshape(o, -1).T)

    def block(some: slice, product: Callable) -> None:
        grads = _planes(grad_y[some])
        cols = workers.scratch("columns", (len(transposed), grads.shape[1]), grads.dtype)
        product(transposed, grads, cols)
        _collect(cols.reshape(c, *kernel, -1, *out), grad_x[:, some], stride, padding)

    _each_block(block, _blocks(n, len(transposed), out, grad_y.itemsize))
    return grad_x.transpose(1, 0, 2, 3)


def backward_weight(grad_y: Array, x: Array, kernel: Pair, stride: Pair, padding: Pair) -> Array:
    """dL/dw (O, C, kh, kw)."""
    (n, o, *out), c = grad_y.shape, x.shape[1]
    taps = c * kernel[0] * kernel[1]
    blocks = _blocks(n, taps, tuple(out), x.itemsize)
    sums = [np.empty((o, taps), dtype=x.dtype) for _ in range(min(CHUNKS, len(blocks)))]

    def block(some: slice, product: Callable, into: Array) -> None:
        cols = _columns(x[some], kernel, stride, padding, tuple(out))
        product(_planes(grad_y[some]), cols.T, into)

    if len(blocks) == 1:
        block(blocks[0], multiply, sums[0])
    else:

        def task(k: int) -> None:
            partial = workers.scratch("partial", (o, taps), x.dtype)
            for number, b in enumerate(range(k, len(blocks), len(sums))):
                block(blocks[b], in_blocks, partial if number else sums[k])
                if number:
                    np.add(sums[k], partial, out=sums[k])

        workers.run(task, len(sums))
    return workers.add_in_order(sums).reshape(o, c, *kernel)


def _out_size(x: Array, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    sizes = zip(x.shape[2:], kernel, stride, padding, strict=True)
    return tuple(output_size(*each) for each in sizes)


def _blocks(samples: int, taps: int, out: Pair, itemsize: int) -> list[slice]:
    """Pictures that go through together, in parts as even as can be of one to two BLOCK_BYTES."""
    column_bytes = taps * out[0] * out[1] * itemsize  # of a picture
    count = max(1, samples * column_bytes // BLOCK_BYTES)
    return workers.pieces(samples, -(-samples // count))


def _each_block(block: Callable[[slice, Callable], None], blocks: list[slice]) -> None:
    """A thread for each block; of a single one, the threads share the product."""
    if len(blocks) == 1:
        block(blocks[0], multiply)
    else:
        workers.run(lambda k: block(blocks[k], in_blocks), len(blocks))


def _planes(x: Array) -> Array:
    """(N, C, H, W) -> (C, N·H·W), a view if x lies plane by plane."""
    return x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1)


def _columns(x: Array, kernel: Pair, stride: Pair, padding: Pair, out: Pair) -> Array:
    """Columns (C·kh·kw, N·H'·W') of a few pictures, in this thread's buffer."""
    if kernel == stride == (1, 1) and padding == (0, 0):
        return _planes(x)
    (n, c, h, w), (ph, pw) = x.shape, padding
    if (ph, pw) == (0, 0) and x.strides[3] == x.itemsize:
        planes = x.transpose(1, 0, 2, 3)
    else:
        planes = workers.scratch("padded", (c, n, h + 2 * ph, w + 2 * pw), x.dtype)
        _clear_margins(planes, padding)
        planes[:, :, ph : ph + h, pw : pw + w] = x.transpose(1, 0, 2, 3)
    cols = workers.scratch("columns", (c, *kernel, n, *out), x.dtype)
    of_channel, of_picture, down, right = planes.strides
    steps = (of_channel, down, right, of_picture, stride[0] * down, stride[1] * right)
    np.copyto(cols, as_strided(planes, cols.shape, steps))
    return cols.reshape(c * kernel[0] * kernel[1], -1)


def _clear_margins(planes: Array, padding: Pair) -> None:
    for axis, p in zip((2, 3), padding, strict=True):
        if p:
            lead = (slice(None),) * axis
            planes[(*lead, slice(None, p))] = 0
            planes[(*lead, slice(-p, None))] = 0


def _collect(cols: Array, grad_x: Array, stride: Pair, padding: Pair) -> None:
    """dL/dx (C, N, H, W): the sum over a pixel's copies in the columns."""
    c, kh, kw, n, *out = cols.shape
    (h, w), (ph, pw), (sh, sw) = grad_x.shape[2:], padding, stride
    margins = (ph, pw) != (0, 0)
    total = workers.scratch("padded", (c, n, h + 2 * ph, w + 2 * pw), cols.dtype)
    total = total if margins else grad_x
    total[...] = 0
    for i in range(kh):
        for j in range(kw):
            seen = total[:, :, i : i + sh * out[0] : sh, j : j + sw * out[1] : sw]
            np.add(seen, cols[:, i, j], out=seen)
    if margins:
        grad_x[...] = total[:, :, ph : ph + h, pw : pw + w]
