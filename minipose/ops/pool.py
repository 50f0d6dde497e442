"""Pooling: one number for each k × k block of a map."""

from __future__ import annotations

from minipose.fast import pooling
from minipose.tensor import Tensor, record


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
    stride = _check("max_pool2d", x, kernel_size, stride)
    size = x.shape[2:]
    y, winner = pooling.max_forward(x.data, kernel_size, stride)

    def backward(grad_y):
        return (pooling.max_backward(grad_y, winner, size, kernel_size, stride),)

    return record("max_pool2d", y, inputs=(x,), backward=backward)


def avg_pool2d(x: Tensor, kernel_size: int, stride: int | None = None) -> Tensor:
    """y[p, q] = mean of x[p·s + i, q·s + j] over 0 ≤ i, j < k;  each gets dL/dy / k² back.

    Shapes as ``max_pool2d``.
    """
    stride = _check("avg_pool2d", x, kernel_size, stride)
    size = x.shape[2:]
    y = pooling.average_forward(x.data, kernel_size, stride)

    def backward(grad_y):
        return (pooling.average_backward(grad_y, size, kernel_size, stride),)

    return record("avg_pool2d", y, inputs=(x,), backward=backward)


def _check(name: str, x: Tensor, kernel_size: int, stride: int | None) -> int:
    stride = kernel_size if stride is None else stride
    if any(not isinstance(size, int) or size < 1 for size in (kernel_size, stride)):
        raise ValueError(f"{name}: expected positive whole sizes, got {kernel_size} and {stride}")
    if x.ndim != 4 or min(x.shape[2:]) < kernel_size:
        raise ValueError(
            f"{name}: expected x (N, C, H, W) with H, W of at least {kernel_size}, got {x.shape}"
        )
    return stride
