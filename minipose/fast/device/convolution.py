"""Convolution by three calls forward and six back: one copy, one product, bias and ReLU in one.

Images stay (C, N, H, W) in memory between layers, as the product leaves them; by index they are
(N, C, H, W) as everywhere. ``kernels.im2col`` derives what is computed.
"""

from __future__ import annotations

import numpy as np

from minipose.backend import Array, array_module, product
from minipose.fast.device.columns import Taps, columns, images, taps
from minipose.fast.device.kernel import Kernel, flat, on_device, unflat
from minipose.fast.suitable import accepted
from minipose.kernels.faster import offer
from minipose.ops import conv as plain
from minipose.tensor import Tensor, record

Pair = tuple[int, int]


def _bias_relu(bias: Array, relu: int, y: Array) -> None:
    y += bias
    if relu:
        np.maximum(y, 0, out=y)


BIAS_RELU = Kernel(
    "bias_relu",
    "T bias, int32 relu",
    "T y",
    "const T z = y + bias; y = relu && !(z > T(0)) && z == z ? T(0) : z;",
    _bias_relu,
)


def _relu_back(grad_y: Array, y: Array, grad: Array) -> None:
    grad[...] = grad_y * (y > 0)


RELU_BACK = Kernel(
    "relu_back", "T grad_y, T y", "T grad", "grad = y > T(0) ? grad_y : T(0);", _relu_back
)


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None, t: Taps, name: str, relu: bool = False
) -> Tensor:
    """y = conv2d(x, w, b), or the ReLU of it, by these taps."""
    x_data, w_data = x.data, weight.data
    x_needed, w_needed = x.requires_grad, weight.requires_grad
    matrix = w_data.reshape(len(w_data), -1)  # (O, C·kh·kw)
    y = product(matrix, columns(x_data, t))
    if bias is not None or relu:
        BIAS_RELU(0.0 if bias is None else bias.data[:, None], int(relu), y)
    y = unflat(y, t.count, (t.out_h, t.out_w))

    def backward(grad_y):
        grad = flat_gradient(grad_y, y) if relu else flat(grad_y)
        grad_x = grad_w = None
        if x_needed:
            grad_x = images(product(matrix.T, grad), t, x_data.shape[1])
        if w_needed:
            grad_w = array_module(grad).empty(w_data.shape, dtype=grad.dtype)
            product(grad, columns(x_data, t).T, out=grad_w.reshape(matrix.shape))
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad.sum(axis=1))

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record(name, y, inputs=inputs, backward=backward)


def flat_gradient(grad_y: Array, y: Array) -> Array:
    """dL/dy where y > 0, else 0, as a matrix (O, N·H'·W')."""
    n, o, h, w = y.shape
    grad = array_module(y).empty((o, n, h, w), dtype=y.dtype)
    RELU_BACK(grad_y.transpose(1, 0, 2, 3), y.transpose(1, 0, 2, 3), grad)
    return grad.reshape(o, -1)


def conv2d(x, weight, bias=None, stride=1, padding=0):
    """``ops.conv2d``."""
    return convolve(x, weight, bias, _taps(x, weight, stride, padding), "conv2d")


def conv2d_relu(x, weight, bias=None, stride=1, padding=0):
    """``ops.conv2d_relu``."""
    return convolve(x, weight, bias, _taps(x, weight, stride, padding), "conv2d_relu", relu=True)


def upsample_conv2d(x, weight, bias=None, relu=False):
    """``ops.upsample_conv2d``: the doubled image exists only as columns."""
    out = (2 * x.shape[2], 2 * x.shape[3])
    t = taps(x.data, (2, 2), (1, 1), (0, 0), up=2, out=out)
    return convolve(x, weight, bias, t, "upsample_conv2d", relu=relu)


def _taps(x: Tensor, weight: Tensor, stride: int | Pair, padding: int | Pair) -> Taps:
    stride, padding = plain.check_conv2d(x, weight, None, stride, padding)
    return taps(x.data, weight.shape[2:], stride, padding)


def _suits(x, weight, bias=None, stride=1, padding=0) -> bool:
    fits = padding != "same" and on_device(x, weight, bias=bias)
    return fits and accepted(plain.check_conv2d, x, weight, bias, stride, padding)


def _suits_doubling(x, weight, bias=None, relu=False) -> bool:
    if not on_device(x, weight, bias=bias) or not accepted(plain.check_upsample_conv2d, weight):
        return False
    return accepted(plain.check_conv2d, x, weight, bias, 1, 1)  # enlarged, x is not too small


offer(plain.conv2d, _suits, conv2d)
offer(plain.conv2d_relu, _suits, conv2d_relu)
offer(plain.upsample_conv2d, _suits_doubling, upsample_conv2d)
