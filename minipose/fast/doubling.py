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

ROW_PRODUCTS = 1 << 15  # multiplications that are long beside the calls of a row


def forward(x: np.ndarray, weight: np.ndarray, ending: Ending = NOTHING) -> np.ndarray:
    """y (N, O, 2H, 2W) of x (N, C, H, W) and weight (O, C, 2, 2)."""
    images = np.ascontiguousarray(channels_last(x))
    (n, h, w, _), o = images.shape, len(weight)
    matrix = _as_matrix(weight)
    y = workers.empty((n, 2 * h, 2 * w, o), x.dtype)
    products = workers.empty((h, w, 2, 2, o), x.dtype)
    for image, out in zip(images, y, strict=True):
        flat = products.reshape(h * w, -1)
        multiply(image.reshape(h * w, -1), matrix.T, flat, workers.share)

        def row(p: int, out: np.ndarray = out) -> None:
            _add_products(products, p, out)
            ending.finish(out[2 * p : 2 * p + 2])

        _each_row(row, h, workers.share)
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
        _each_row(lambda p, k=k: _sum_gradients(grads[k], p, sums), h)
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


def _each_row(task: Callable[[int], None], count: int, spread: Callable = workers.run) -> None:
    """``task(p)`` for all rows p, a few rows at a time."""
    pieces = workers.pieces(count, max(1, -(-count // 8)))

    def some(k: int) -> None:
        for p in range(pieces[k].start, pieces[k].stop):
            task(p)

    spread(some, len(pieces))


def _add_products(products: np.ndarray, p: int, y: np.ndarray) -> None:
    """Rows 2p and 2p + 1 of y from rows p and p + 1 of P (H, W, i, j, O)."""
    above = products[p]  # (W, i, j, O)
    rows = workers.scratch("rows", (2, *above.shape[:1], *above.shape[2:]), y.dtype)
    np.add(above[:, 0], above[:, 1], out=rows[0])  # row 2p sees both taps on row p
    if p + 1 < len(products):
        np.add(above[:, 0], products[p + 1, :, 1], out=rows[1])
    else:
        rows[1] = above[:, 0]
    pair = y[2 * p : 2 * p + 2]
    np.add(rows[:, :, 0], rows[:, :, 1], out=pair[:, ::2])
    np.add(rows[:, :-1, 0], rows[:, 1:, 1], out=pair[:, 1:-1:2])
    pair[:, -1] = rows[:, -1, 0]


def _sum_gradients(grads: np.ndarray, p: int, sums: np.ndarray) -> None:
    """Row p of S (H, W, i, j, O) from rows 2p − 1 … 2p + 1 of dL/dy."""
    rows = workers.scratch("rows", (2, *grads.shape[1:]), grads.dtype)  # (i, 2W, O)
    np.add(grads[2 * p], grads[2 * p + 1], out=rows[0])
    if p > 0:
        np.add(grads[2 * p - 1], grads[2 * p], out=rows[1])
    else:
        rows[1] = grads[0]
    row = sums[p].transpose(1, 0, 2, 3)  # (i, W, j, O)
    np.add(rows[:, ::2], rows[:, 1::2], out=row[:, :, 0])
    np.add(rows[:, 1:-1:2], rows[:, 2::2], out=row[:, 1:, 1])
    row[:, 0, 1] = rows[:, 0]


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
