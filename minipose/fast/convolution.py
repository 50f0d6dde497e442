"""The fast ``conv2d``: an algorithm chosen by shape or by hand, once for forward and backward.

- ``im2col``: the columns of all pictures at once, products cut for the cache; any shape.
- ``strips``: im2col in strips that fit the cache, on threads, channels last; any shape.
- ``winograd``: a quarter of the multiplications or less; 3×3, 5×5 and 6×6 with stride 1.

The rule was measured on two cores: Winograd pays once its transforms are small beside its products
(32 channels or more) and the transformed kernel, four times the kernel, is used for enough tiles.
Where an image has few pixels, copying the kernel into the strips' order costs more than the columns
do, and im2col, which takes the kernel as it lies, is best.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import NamedTuple

import numpy as np

from minipose.fast import bias_relu, columns, strips, winograd
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.kernels.im2col import output_size
from minipose.ops import conv
from minipose.tensor import Tensor, record

Pair = tuple[int, int]

ALGORITHMS = ("im2col", "strips", "winograd")
WINOGRAD_TILES, WINOGRAD_CHANNELS = 64, 32  # at least
FEW_PIXELS = 512  # at most, for im2col

_forced: ContextVar[str | None] = ContextVar("algorithm", default=None)  # of each thread by itself


class Algorithm(NamedTuple):
    """How one convolution is computed, for arrays x (N, C, H, W) and weight (O, C, kh, kw)."""

    name: str
    forward: Callable[[np.ndarray, np.ndarray], np.ndarray]  # x, weight -> y
    backward_input: Callable[[np.ndarray, np.ndarray], np.ndarray]  # dL/dy, weight -> dL/dx
    backward_weight: Callable[[np.ndarray, np.ndarray], np.ndarray]  # dL/dy, x -> dL/dw


@contextlib.contextmanager
def use_algorithm(name: str | None) -> Iterator[None]:
    """Begin convolutions in this block with one algorithm wherever it can, with im2col elsewhere.

    None restores the rule. What began here is differentiated by the same algorithm anywhere.

    >>> from minipose import Tensor, ops
    >>> import numpy as np
    >>> with use_algorithm("im2col"):
    ...     y = ops.conv2d(Tensor(np.ones((1, 1, 3, 3))), Tensor(np.ones((1, 1, 3, 3))))
    >>> y.item()
    9.0
    """
    if name is not None and name not in ALGORITHMS:
        raise ValueError(f"use_algorithm: expected one of {ALGORITHMS} or None, got {name!r}")
    token = _forced.set(name)
    try:
        yield
    finally:
        _forced.reset(token)


def choose(x: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair) -> Algorithm:
    """The algorithm for these shapes."""
    o, c, *kernel = weight.shape
    kernel, size = tuple(kernel), x.shape[2:]
    out = tuple(output_size(*s) for s in zip(size, kernel, stride, padding, strict=True))
    fits_winograd = winograd.suits(kernel, stride, padding)
    if _forced.get() is not None:
        name = _forced.get() if fits_winograd or _forced.get() != "winograd" else "im2col"
    elif (
        fits_winograd
        and winograd.tiles(len(x), out, kernel[0]) >= WINOGRAD_TILES
        and min(o, c) >= WINOGRAD_CHANNELS
    ):
        name = "winograd"
    else:
        name = "im2col" if len(x) * out[0] * out[1] <= FEW_PIXELS else "strips"
    if name == "winograd":
        return _winograd(kernel, padding)
    return _by_columns(name, kernel, size, stride, padding)


def _winograd(kernel: Pair, padding: Pair) -> Algorithm:
    return Algorithm(
        "winograd",
        lambda x, weight: winograd.forward(x, weight, padding),
        lambda grad_y, weight: winograd.backward_input(grad_y, weight, padding),
        lambda grad_y, x: winograd.backward_weight(grad_y, x, kernel[0], padding),
    )


def _by_columns(name: str, kernel: Pair, size: Pair, stride: Pair, padding: Pair) -> Algorithm:
    module = strips if name == "strips" else columns
    within = all(p < k for p, k in zip(padding, kernel, strict=True))

    def backward_input(grad_y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        if name == "strips" and stride == (1, 1) and within:
            return strips.backward_input(grad_y, weight, padding)
        return columns.backward_input(grad_y, weight, size, stride, padding)

    return Algorithm(
        name,
        lambda x, weight: module.forward(x, weight, stride, padding),
        backward_input,
        lambda grad_y, x: module.backward_weight(grad_y, x, kernel, stride, padding),
    )


def _conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int | Pair,
    padding: int | Pair,
    relu: bool,
) -> Tensor:
    """``conv2d``, bias and, if asked for, ReLU in one pass over the result."""
    stride, padding = conv.check_conv2d(x, weight, bias, stride, padding)
    x_data, w_data = x.data, weight.data
    x_needed, w_needed = x.requires_grad, weight.requires_grad
    algorithm = choose(x_data, w_data, stride, padding)
    y = algorithm.forward(x_data, w_data)
    bias_relu.forward(y, None if bias is None else bias.data, relu)

    def backward(grad_y):
        grad_x = grad_w = None
        grad_y, grad_b = bias_relu.backward(grad_y, y if relu else None, bias is not None)
        if x_needed:
            grad_x = algorithm.backward_input(grad_y, w_data)
        if w_needed:
            grad_w = algorithm.backward_weight(grad_y, x_data)
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_b)

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("conv2d_relu" if relu else "conv2d", y, inputs=inputs, backward=backward)


def conv2d(x, weight, bias=None, stride=1, padding=0) -> Tensor:
    """``ops.conv2d``."""
    return _conv2d(x, weight, bias, stride, padding, relu=False)


def conv2d_relu(x, weight, bias=None, stride=1, padding=0) -> Tensor:
    """``ops.conv2d_relu``."""
    return _conv2d(x, weight, bias, stride, padding, relu=True)


def _suits(x, weight, bias=None, stride=1, padding=0) -> bool:
    return padding != "same" and on_cpu(x, weight, bias)  # the plain op pads, and asks again


offer(conv.conv2d, _suits, conv2d)
offer(conv.conv2d_relu, _suits, conv2d_relu)
