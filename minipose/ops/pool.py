"""Pooling: one number for each block of a channel. Loops run over the taps of a block only."""

from __future__ import annotations

import math
from types import ModuleType

from minipose.backend import array_module, is_whole
from minipose.kernels.faster import replaceable
from minipose.kernels.im2col import crop_images, output_size, pad_images
from minipose.ops.elementwise import values
from minipose.tensor import Tensor, record

Pair = tuple[int, int]


@replaceable
def max_pool2d(
    x: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Tensor:
    """y[p, q] = max of x[p·s + i, q·s + j] over 0 ≤ i, j < k;  dL/dx = dL/dy at that element.

    Where several are equal, the first in row order gets the gradient. A remainder at the right and
    bottom border that does not fill a block is dropped, as both reports do. With ``padding``, x has
    margins of −∞ here, which never win.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    kernel_size : int or (vertical, horizontal)
        k
    stride : int or pair, optional
        s, by default k.
    padding : int or pair
        Width d of the margins, less than k.

    Returns
    -------
    Tensor, shape (N, C, ⌊(H + 2d − k)/s⌋ + 1, ⌊(W + 2d − k)/s⌋ + 1)
    """
    kernel, stride, padding = check_pool2d("max_pool2d", x, kernel_size, stride, padding)
    xp = array_module(x.data)
    padded = pad_images(x.data, padding, -math.inf)
    shape = padded.shape
    first, *taps = tap_slices(shape, kernel, stride)
    y = padded[first].copy("K")
    winner = xp.zeros_like(y, dtype=winner_dtype(xp, kernel))  # where each maximum came from
    if any(padding):  # never from a margin, also where there is only −∞ beside it
        rows, columns = (
            xp.maximum(d - s * xp.arange(n), 0)
            for d, s, n in zip(padding, stride, y.shape[2:], strict=True)
        )
        winner[...] = rows[:, None] * kernel[1] + columns  # the first tap inside x
    for number, tap in enumerate(taps, start=1):
        candidate = padded[tap].copy("K")  # whose neighbours are compared several at a time
        # It only grows: the largest number is that of the last candidate that was larger.
        xp.maximum(winner, (candidate > y) * winner.dtype.type(number), out=winner)
        xp.maximum(y, candidate, out=y)

    def backward(grad_y):
        grad_x = xp.zeros_like(grad_y, shape=shape)
        for number, tap in enumerate([first, *taps]):
            grad_x[tap] += grad_y * (winner == number)
        return (crop_images(grad_x, padding),)

    return record("max_pool2d", y, inputs=(x,), backward=backward)


@replaceable
def avg_pool2d(
    x: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
) -> Tensor:
    """y[p, q] = mean of x[p·s + i, q·s + j] over 0 ≤ i, j < k;  each gets dL/dy / k² back.

    With ``padding``, x has margins of 0 here, and they count: every mean is over k² numbers. Shapes
    as ``max_pool2d``.
    """
    kernel, stride, padding = check_pool2d("avg_pool2d", x, kernel_size, stride, padding)
    xp, fraction = array_module(x.data), 1 / math.prod(kernel)
    padded = pad_images(x.data, padding)
    shape = padded.shape
    first, *taps = tap_slices(shape, kernel, stride)
    y = padded[first].copy("K")
    for tap in taps:
        y += padded[tap]
    y *= fraction

    def backward(grad_y):
        grad_x, each = xp.zeros_like(grad_y, shape=shape), grad_y * fraction
        for tap in [first, *taps]:
            grad_x[tap] += each
        return (crop_images(grad_x, padding),)

    return record("avg_pool2d", y, inputs=(x,), backward=backward)


def tap_slices(shape: tuple[int, ...], kernel: Pair, stride: Pair) -> list[tuple]:
    """For each tap of a block, in row order: what picks it out of all blocks of (…, H, W)."""
    rows, columns = (output_size(*each, 0) for each in zip(shape[-2:], kernel, stride, strict=True))
    (kh, kw), (sh, sw) = kernel, stride
    return [
        (..., slice(i, i + sh * (rows - 1) + 1, sh), slice(j, j + sw * (columns - 1) + 1, sw))
        for i in range(kh)
        for j in range(kw)
    ]


def winner_dtype(xp: ModuleType, kernel: Pair) -> type:
    """The smallest type that numbers the taps of a block."""
    return xp.uint8 if math.prod(kernel) <= 256 else xp.uint32


def check_pool2d(
    name: str,
    x: Tensor,
    kernel_size: int | Pair,
    stride: int | Pair | None,
    padding: int | Pair = 0,
) -> tuple[Pair, Pair, Pair]:
    """Kernel, stride and padding as pairs. Raises ValueError if they or x's shape do not do."""
    values(name, x)  # a Tensor
    kernel, stride, margins = check_blocks(name, kernel_size, stride, padding)
    if x.ndim != 4 or any(
        n + 2 * p < k for n, p, k in zip(x.shape[2:], margins, kernel, strict=True)
    ):
        padded = f" with padding {padding}" if any(margins) else ""
        raise ValueError(
            f"{name}: expected x (N, C, H, W) with H, W of at least {kernel_size}{padded}, "
            f"got {x.shape}"
        )
    return kernel, stride, margins


def check_blocks(
    name: str, kernel_size: int | Pair, stride: int | Pair | None, padding: int | Pair
) -> tuple[Pair, Pair, Pair]:
    """Kernel, stride and padding as pairs. Raises ValueError if they do not do."""
    kernel = pair(name, "kernel_size", kernel_size, 1)
    stride = kernel if stride is None else pair(name, "stride", stride, 1)
    margins = pair(name, "padding", padding, 0)
    if any(p >= k for p, k in zip(margins, kernel, strict=True)):
        raise ValueError(
            f"{name}: expected padding below kernel_size {kernel_size}, got {padding}: "
            "blocks would lie in the margin alone"
        )
    return kernel, stride, margins


def pair(name: str, what: str, value: int | Pair, smallest: int) -> Pair:
    """(vertical, horizontal), which may be given as one number. Raises ValueError."""
    numbers = value if isinstance(value, (tuple, list)) else (value, value)
    if len(numbers) != 2 or any(not is_whole(v) or v < smallest for v in numbers):
        raise ValueError(
            f"{name}: expected {what} of {smallest} or more (or a pair), got {value!r}"
        )
    return tuple(int(v) for v in numbers)
