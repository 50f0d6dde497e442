"""``kernels.im2col`` with its products cut for the cache and the threads (``products``)."""

from __future__ import annotations

import numpy as np

from minipose.fast.products import multiply
from minipose.kernels.im2col import as_matrix, col2im, im2col

Pair = tuple[int, int]


def forward(x: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair) -> np.ndarray:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, kh, kw)."""
    cols = im2col(x, weight.shape[2:], stride, padding)
    y = multiply(weight.reshape(weight.shape[0], -1), as_matrix(cols))
    return y.reshape(-1, *cols.shape[3:]).transpose(1, 0, 2, 3)


def backward_input(
    grad_y: np.ndarray, weight: np.ndarray, size: Pair, stride: Pair, padding: Pair
) -> np.ndarray:
    """dL/dx (N, C, H, W)."""
    n, o, out_h, out_w = grad_y.shape
    flat = grad_y.transpose(1, 0, 2, 3).reshape(o, -1)  # (O, N·H'·W')
    cols = multiply(weight.reshape(o, -1).T, flat)
    return col2im(cols.reshape(*weight.shape[1:], n, out_h, out_w), size, stride, padding)


def backward_weight(
    grad_y: np.ndarray, x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair
) -> np.ndarray:
    """dL/dw (O, C, kh, kw)."""
    flat = grad_y.transpose(1, 0, 2, 3).reshape(grad_y.shape[1], -1)
    grad_w = multiply(flat, as_matrix(im2col(x, kernel, stride, padding)).T)
    return grad_w.reshape(grad_y.shape[1], x.shape[1], *kernel)
