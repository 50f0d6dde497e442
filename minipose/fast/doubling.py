"""A 2×2 convolution of a doubled image, without the doubled image: 4 multiplications, not 16.

Nearest upsampling turns each pixel into 2 × 2 equal ones; a 2×2 kernel, with a line of zeros at the
right and at the bottom, then smooths them. As written, each of the four taps multiplies each of the
four copies of a pixel. But copies are equal, and so are their products: multiply first,

    P[i, j, p, q] = w[i, j] x[p, q]    (a matrix product over the channels, for all pixels at once)

and double afterwards. Tap i of an output in row r reads row r + i of the doubled image, which is
row ⌊(r + i)/2⌋ of x; so P[i] of row p is added to the rows r = 2p − i and 2p − i + 1, and the same
holds across:

    y[2p − i + a, 2q − j + b] += P[i, j, p, q],   a, b ∈ {0, 1}

Backwards, a product gets the gradients of the four outputs that it was added to,

    S[i, j, p, q] = Σ_{a,b} dL/dy[2p − i + a, 2q − j + b]
    dL/dx = Σ_{i,j} w[i, j]ᵀ S[i, j],    dL/dw[i, j] = Σ_{p,q} S[i, j, p, q] x[p, q]ᵀ

which are two more matrix products. Rows and columns outside of y do not exist: for i = 1 and p = 0
there is only one row. Images lie channels last; each sample is done by all threads together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.fast import bias_relu, workers
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.layout import channels_first, channels_last
from minipose.fast.products import multiply
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.faster import offer
from minipose.ops import conv
from minipose.tensor import Tensor, record

BAND = 1 << 15  # numbers of y that are made at a time
ROW_PRODUCTS = 1 << 15  # multiplications that are long beside the calls of a row


def forward(x: np.ndarray, weight: np.ndarray, ending: Ending = NOTHING) -> np.ndarray:
    """y (N, O, 2H, 2W) of x (N, C, H, W) and weight (O, C, 2, 2)."""
    images = np.ascontiguousarray(channels_last(x))
    (n, h, w, _), o = images.shape, len(weight)
    matrix = _as_matrix(weight)
    y = workers.empty((n, 2 * h, 2 * w, o), x.dtype)
    with workers.temporary():
        products = workers.empty((h, w, 2, 2, o), x.dtype)
        for image, out in zip(images, y, strict=True):
            flat = products.reshape(h * w, -1)
            multiply(image.reshape(h * w, -1), matrix.T, flat, workers.share)

            def band(lines: slice, out: np.ndarray = out) -> None:
                _add_products(products, lines, out)
                ending.finish(out[2 * lines.start : 2 * lines.stop])

            _each_band(band, h, w * o, workers.share)
    return channels_first(y)


def backward(
    grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, x_needed: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """dL/dx (N, C, H, W), or None where it is not needed, and dL/dw (O, C, 2, 2)."""
    images = np.ascontiguousarray(channels_last(x))
    grads = np.ascontiguousarray(channels_last(grad_y))
    (n, h, w, c), o = images.shape, len(weight)
    matrix = _as_matrix(weight)
    grad_x = np.empty(images.shape, dtype=x.dtype) if x_needed else None
    sums = np.empty((h, w, 2, 2, o), dtype=x.dtype)
    total = np.empty((4 * o, c), dtype=x.dtype)
    partial = total if n == 1 else np.empty_like(total)
    for k in range(n):
        _each_band(lambda lines, k=k: _sum_gradients(grads[k], lines, sums), h, w * o)
        flat = sums.reshape(h * w, -1)
        if grad_x is not None:
            multiply(flat, matrix, grad_x[k].reshape(h * w, c))
        multiply(flat.T, images[k].reshape(h * w, c), partial if k else total)
        if k:
            total += partial
    grad_w = np.ascontiguousarray(total.reshape(2, 2, o, c).transpose(2, 3, 0, 1))
    return None if grad_x is None else channels_first(grad_x), grad_w


def _as_matrix(weight: np.ndarray) -> np.ndarray:
    """(O, C, 2, 2) -> (2·2·O, C)."""
    return np.ascontiguousarray(weight.transpose(2, 3, 0, 1)).reshape(-1, weight.shape[1])


def _each_band(
    task: Callable[[slice], None], lines: int, width: int, spread: Callable = workers.run
) -> None:
    """``task`` for all lines of x, for so many at a time as fit the cache."""
    pieces = workers.pieces(lines, max(1, -(-lines // 8)))
    size = max(1, BAND // (4 * width))

    def some(k: int) -> None:
        for start in range(pieces[k].start, pieces[k].stop, size):
            task(slice(start, min(start + size, pieces[k].stop)))

    spread(some, len(pieces))


def _add_products(products: np.ndarray, lines: slice, y: np.ndarray) -> None:
    """Lines 2p and 2p + 1 of y from lines p and p + 1 of P (H, W, i, j, O), for some p."""
    here, below = products[lines], products[lines.start + 1 : lines.stop + 1]
    count, w, _, _, o = here.shape
    rows = workers.scratch("rows", (count, 2, w, 2, o), y.dtype)
    np.add(here[:, :, 0], here[:, :, 1], out=rows[:, 0])  # line 2p sees both taps on line p
    np.add(here[: len(below), :, 0], below[:, :, 1], out=rows[: len(below), 1])
    rows[len(below) :, 1] = here[len(below) :, :, 0]
    pairs = y[2 * lines.start : 2 * lines.stop].reshape(count, 2, 2 * w, o)
    np.add(rows[:, :, :, 0], rows[:, :, :, 1], out=pairs[:, :, ::2])
    np.add(rows[:, :, :-1, 0], rows[:, :, 1:, 1], out=pairs[:, :, 1:-1:2])
    pairs[:, :, -1] = rows[:, :, -1, 0]


def _sum_gradients(grads: np.ndarray, lines: slice, sums: np.ndarray) -> None:
    """Lines p of S (H, W, i, j, O) from lines 2p − 1 … 2p + 1 of dL/dy, for some p."""
    here = grads[2 * lines.start : 2 * lines.stop : 2]
    count, wide, o = here.shape
    rows = workers.scratch("rows", (count, 2, wide, o), grads.dtype)  # (p, i, 2W, O)
    np.add(here, grads[2 * lines.start + 1 : 2 * lines.stop : 2], out=rows[:, 0])
    first = 1 if lines.start == 0 else 0  # above the first line there is none
    before = grads[2 * (lines.start + first) - 1 : 2 * lines.stop - 1 : 2]
    np.add(before, here[first:], out=rows[first:, 1])
    rows[:first, 1] = here[:first]
    line = sums[lines].transpose(0, 2, 1, 3, 4)  # (p, i, W, j, O)
    np.add(rows[:, :, ::2], rows[:, :, 1::2], out=line[:, :, :, 0])
    np.add(rows[:, :, 1:-1:2], rows[:, :, 2::2], out=line[:, :, 1:, 1])
    line[:, :, 0, 1] = rows[:, :, 0]


def upsample_conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False
) -> Tensor:
    """``ops.upsample_conv2d``, in which the enlarged picture never exists."""
    conv.check_upsample_conv2d(weight)
    x_data, w_data, x_needed = x.data, weight.data, x.requires_grad
    y = forward(x_data, w_data, Ending(None if bias is None else bias.data, relu))

    def differentiate(grad_y):
        grad_y, grad_b = bias_relu.backward(grad_y, y if relu else None, bias is not None)
        grads = backward(grad_y, x_data, w_data, x_needed)
        return grads if bias is None else (*grads, grad_b)

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("upsample_conv2d", y, inputs=inputs, backward=differentiate)


def _suits(x, weight, bias=None, relu=False) -> bool:
    return (
        on_cpu(x, weight, bias=bias)
        and accepted(conv.check_upsample_conv2d, weight)
        and accepted(conv.check_conv2d, x, weight, bias, 1, 1)  # a single pixel is doubled, too
        and x.shape[3] * weight.size >= ROW_PRODUCTS
    )


offer(conv.upsample_conv2d, _suits, upsample_conv2d)
