"""Pooling: one number for each k × k block of a channel. Loops run over the k·k taps only."""

from __future__ import annotations

from types import ModuleType

from minipose.backend import array_module
from minipose.kernels.faster import replaceable
from minipose.kernels.im2col import output_size
from minipose.tensor import Tensor, record


@replaceable
def max_pool2d(x: Tensor, kernel_size: int, stride: int | None = None) -> Tensor:
    """y[p, q] = max of x[p·s + i, q·s + j] over 0 ≤ i, j < k;  dL/dx = dL/dy at that element.

    Where several are equal, the first in row order gets the gradient. A remainder at the right and
    bottom border that does not fill a block is dropped, as both reports do.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    kernel_size : int
        k
    stride : int, optional
        s, by default k.

    Returns
    -------
    Tensor, shape (N, C, ⌊(H − k)/s⌋ + 1, ⌊(W − k)/s⌋ + 1)
    """
    stride = check_pool2d("max_pool2d", x, kernel_size, stride)
    xp, shape = array_module(x.data), x.shape
    first, *taps = tap_slices(shape, kernel_size, stride)
    y = x.data[first].copy("K")
    winner = xp.zeros_like(y, dtype=winner_dtype(xp, kernel_size))  # where each maximum came from
    for number, tap in enumerate(taps, start=1):
        candidate = x.data[tap].copy("K")  # whose neighbours are compared several at a time
        # It only grows: the largest number is that of the last candidate that was larger.
        xp.maximum(winner, (candidate > y) * winner.dtype.type(number), out=winner)
        xp.maximum(y, candidate, out=y)

    def backward(grad_y):
        grad_x = xp.zeros_like(grad_y, shape=shape)
        for number, tap in enumerate([first, *taps]):
            grad_x[tap] += grad_y * (winner == number)
        return (grad_x,)

    return record("max_pool2d", y, inputs=(x,), backward=backward)


@replaceable
def avg_pool2d(x: Tensor, kernel_size: int, stride: int | None = None) -> Tensor:
    """y[p, q] = mean of x[p·s + i, q·s + j] over 0 ≤ i, j < k;  each gets dL/dy / k² back.

    Shapes as ``max_pool2d``.
    """
    stride = check_pool2d("avg_pool2d", x, kernel_size, stride)
    xp, shape = array_module(x.data), x.shape
    first, *taps = tap_slices(shape, kernel_size, stride)
    y = x.data[first].copy("K")
    for tap in taps:
        y += x.data[tap]
    y *= 1 / kernel_size**2

    def backward(grad_y):
        grad_x, each = xp.zeros_like(grad_y, shape=shape), grad_y * (1 / kernel_size**2)
        for tap in [first, *taps]:
            grad_x[tap] += each
        return (grad_x,)

    return record("avg_pool2d", y, inputs=(x,), backward=backward)


def tap_slices(shape: tuple[int, ...], kernel: int, stride: int) -> list[tuple]:
    """For each place within a block, in row order: what picks it out of all blocks of (…, H, W)."""
    rows, columns = (output_size(n, kernel, stride, 0) for n in shape[-2:])
    return [
        (
            ...,
            slice(i, i + stride * (rows - 1) + 1, stride),
            slice(j, j + stride * (columns - 1) + 1, stride),
        )
        for i in range(kernel)
        for j in range(kernel)
    ]


def winner_dtype(xp: ModuleType, kernel: int) -> type:
    """The smallest type that numbers the k·k places within a block."""
    return xp.uint8 if kernel * kernel <= 256 else xp.uint32


def check_pool2d(name: str, x: Tensor, kernel_size: int, stride: int | None) -> int:
    """The stride. Raises ValueError if it, the kernel or the shape of x does not do."""
    stride = kernel_size if stride is None else stride
    if any(not isinstance(size, int) or size < 1 for size in (kernel_size, stride)):
        raise ValueError(f"{name}: expected positive whole sizes, got {kernel_size} and {stride}")
    if x.ndim != 4 or min(x.shape[2:]) < kernel_size:
        raise ValueError(
            f"{name}: expected x (N, C, H, W) with H, W of at least {kernel_size}, got {x.shape}"
        )
    return stride
