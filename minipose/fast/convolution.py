"""The fast ``conv2d``: an algorithm chosen by shape or by hand, once for forward and backward.

- ``im2col``: the columns of a few pictures at a time, on threads, plane by plane; any shape.
- ``strips``: im2col in strips that fit the cache, on threads, channels last; any shape. Of 1×1
  kernels the picture as it lies (``pixels``).
- ``windows``: no columns, channels last; stride 1.
- ``samples``: the samples innermost in memory, for many of them; stride 1.
- ``winograd``: a quarter of the multiplications or less; 3×3, 5×5 and 6×6 with stride 1.

The rule was measured on two cores: Winograd pays once its transforms are small beside what it saves
(32 channels or more) and the transformed kernel, four times the kernel, is used for enough
pixels. Many samples go together where their own columns fit the cache and there are enough taps for
each channel that has to be brought into that order. Else windows are best, while a line of the
image is little enough for a product of OpenBLAS without copies, and much beside a strip's calls;
and then strips, if the columns of an image are more than the cache holds, or the pieces that they
copy are long. Else im2col is, and where all images together have few pixels: it takes the kernel as
it lies. Where little is to be done at all, the plain op is done before a choice is made,
and so it is for several small images (``few_products``): BLAS has its own threads for one product
of them all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import NamedTuple

import numpy as np

from minipose.fast import bias_relu, columns, pixels, samples, strips, windows, winograd
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.products import AS_THEY_LIE
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.kernels.im2col import output_size
from minipose.ops import conv
from minipose.tensor import Tensor, record

Pair = tuple[int, int]

ALGORITHMS = ("im2col", "strips", "windows", "samples", "winograd")
WINOGRAD_PIXELS, WINOGRAD_CHANNELS = 256, 32  # at least
WINOGRAD_SAVES = 100  # multiplications of an output for each channel that is transformed, at least
MANY_SAMPLES = 32  # in a row, at least
TAPS_PER_CHANNEL = 2.5  # of which what they save pays for bringing the samples together
WORTHWHILE = 1 << 18  # numbers to move, less of which cost less than thinking about them
FEW_PIXELS = 512  # at most, for im2col
SEVERAL, SMALL = 8, 32 * 32  # images at least, and pixels of each at most, of several small images
FEW_PRODUCTS, FEW_OF_1X1 = 1 << 30, 1 << 26  # of several small images
MANY_TAPS, FEW_OF_TAPS, FEW_OF_SAMPLES = 16, 1 << 27, 1 << 23
STRIP_PRODUCTS = 1 << 20  # multiplications that are long beside the calls of a strip
WINDOW = 9  # numbers, at least

_forced: ContextVar[str | None] = ContextVar("algorithm", default=None)  # of each thread by itself


class Algorithm(NamedTuple):
    """How one convolution is computed, for arrays x (N, C, H, W) and weight (O, C, kh, kw)."""

    name: str
    forward: Callable[[np.ndarray, np.ndarray, Ending], np.ndarray]  # x, weight -> y
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


def forced() -> str | None:
    """What ``use_algorithm`` says here."""
    return _forced.get()


def choose(x: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair) -> Algorithm:
    """The algorithm for these shapes."""
    kernel, size = weight.shape[2:], x.shape[2:]
    out = tuple(output_size(*s) for s in zip(size, kernel, stride, padding, strict=True))
    can = {
        "winograd": winograd.suits(kernel, stride, padding),
        "windows": windows.suits(kernel, stride, padding),
        "samples": windows.suits(kernel, stride, padding),  # the same two conditions
    }
    large = weight[0].size * out[0] * out[1] * x.itemsize > columns.BLOCK_BYTES
    forced = _forced.get()
    if forced is not None:
        name = forced if can.get(forced, True) else "im2col"
    elif can["winograd"] and _suits_winograd(x, weight, out):
        name = "winograd"
    elif len(x) * out[0] * out[1] <= FEW_PIXELS:
        name = "im2col"
    elif not large and can["samples"] and _suits_samples(x, weight):
        name = "samples"
    elif can["windows"] and _suits_windows(x, weight, out, padding):
        name = "windows"
    else:
        name = "strips" if large or _suits_strips(x, weight, out) else "im2col"
    if name == "winograd":
        return _winograd(kernel, padding)
    if name in ("samples", "windows"):
        return _of_padding(name, kernel, padding)
    if name == "strips" and kernel == stride == (1, 1) and padding == (0, 0):
        return Algorithm(name, pixels.forward, pixels.backward_input, pixels.backward_weight)
    return _by_columns(name, kernel, size, stride, padding)


def _suits_winograd(x: np.ndarray, weight: np.ndarray, out: Pair) -> bool:
    """Whether the products that it saves are many beside its transforms."""
    o, c = weight.shape[:2]
    return (
        len(x) * out[0] * out[1] >= WINOGRAD_PIXELS
        and min(o, c) >= WINOGRAD_CHANNELS
        and saves_enough(len(x), out, weight.shape)
    )


def saves_enough(samples: int, out: Pair, kernels: tuple[int, ...]) -> bool:
    """Whether Winograd's products are fewer by so much that it pays for the transforms."""
    o, c, r, _ = kernels
    return winograd.saved(samples, out, r) * o * c >= WINOGRAD_SAVES * (o + c)


def _suits_windows(x: np.ndarray, weight: np.ndarray, out: Pair, padding: Pair) -> bool:
    """Whether windows are long enough for products, and a strip for its calls."""
    o, c, _, kw = weight.shape
    line = (x.shape[3] + padding[1]) * o * c
    much = weight.size * out[0] * out[1] >= STRIP_PRODUCTS // 2
    return kw > 1 and kw * c >= WINDOW and much and line <= AS_THEY_LIE


def _suits_samples(x: np.ndarray, weight: np.ndarray) -> bool:
    """Whether the samples are many, and lie together or are worth the copy."""
    o, c, kh, kw = weight.shape
    together = x.strides[0] == x.itemsize
    worth_it = c * kh * kw >= TAPS_PER_CHANNEL * (o + c)
    return len(x) >= MANY_SAMPLES and (together or worth_it)


def _suits_strips(x: np.ndarray, weight: np.ndarray, out: Pair) -> bool:
    """Whether a strip of one picture is a good piece of work, and its columns long pieces."""
    o, c, kh, kw = weight.shape
    products = weight.size * out[0] * out[1]
    if kh == kw == 1:  # nothing is copied, where channels lie as the strips need them
        return c > 1 and x.strides[1] == x.itemsize and products >= STRIP_PRODUCTS // 4
    return kw * min(o, c) >= strips.LONG and products >= 2 * STRIP_PRODUCTS


def _winograd(kernel: Pair, padding: Pair) -> Algorithm:
    return Algorithm(
        "winograd",
        lambda x, weight, ending=NOTHING: winograd.forward(x, weight, padding, ending),
        lambda grad_y, weight: winograd.backward_input(grad_y, weight, padding),
        lambda grad_y, x: winograd.backward_weight(grad_y, x, kernel[0], padding),
    )


def _of_padding(name: str, kernel: Pair, padding: Pair) -> Algorithm:
    module = samples if name == "samples" else windows
    return Algorithm(
        name,
        lambda x, weight, ending=NOTHING: module.forward(x, weight, padding, ending),
        lambda grad_y, weight: module.backward_input(grad_y, weight, padding),
        lambda grad_y, x: module.backward_weight(grad_y, x, kernel, padding),
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
        lambda x, weight, ending=NOTHING: module.forward(x, weight, stride, padding, ending),
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
    y = algorithm.forward(x_data, w_data, Ending(None if bias is None else bias.data, relu))

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
    if padding == "same" or not on_cpu(x, weight, bias=bias) or not x.ndim == weight.ndim == 4:
        return False  # at "same" the plain op pads, and asks again
    if _forced.get() is not None:
        return True
    much = moved(x.shape, weight.shape) >= WORTHWHILE
    return much and not few_products(x.shape, weight.shape)


def few_products(images: tuple[int, ...], kernels: tuple[int, ...]) -> bool:
    """Whether several small images make so few that plain im2col is as quick as all else.

    Measured, forward and backward, on two cores with nothing else to do: 1 to 64 channels, 7 × 7 to
    32 × 32 pixels, 8 to 128 images; kernels of many taps also with one thread, as ranks have.
    """
    n, _, h, w = images
    taps = kernels[2] * kernels[3]
    if n < SEVERAL or h * w > SMALL:
        return False
    products = n * h * w * kernels[0] * kernels[1] * taps
    if taps >= MANY_TAPS:
        return products < (FEW_OF_SAMPLES if n >= MANY_SAMPLES else FEW_OF_TAPS)
    return products < (FEW_OF_1X1 if taps == 1 else FEW_PRODUCTS)


def moved(images: tuple[int, ...], kernels: tuple[int, ...]) -> int:
    """About how many numbers columns and result consist of."""
    n, c, h, w = images
    o, _, kh, kw = kernels
    return n * h * w * (c * kh * kw + o)


offer(conv.conv2d, _suits, conv2d)
offer(conv.conv2d_relu, _suits, conv2d_relu)
