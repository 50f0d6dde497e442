"""Making images larger by a whole factor."""

from __future__ import annotations

import numpy as np

from minipose.backend import Array, array_module, is_whole
from minipose.kernels.faster import replaceable
from minipose.ops.elementwise import values
from minipose.tensor import Tensor, record


@replaceable
def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """y[p, q] = x[⌊p/s⌋, ⌊q/s⌋];  dL/dx sums dL/dy over each s × s block.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    scale : int
        s

    Returns
    -------
    Tensor, shape (N, C, s·H, s·W)
    """
    check_upsample("upsample_nearest", x, scale)
    n, c, h, w = x.shape
    y = x.data.repeat(scale, axis=2).repeat(scale, axis=3)

    def backward(grad_y):
        return (grad_y.reshape(n, c, h, scale, w, scale).sum(axis=(3, 5)),)

    return record("upsample_nearest", y, inputs=(x,), backward=backward)


@replaceable
def upsample_bilinear(x: Tensor, scale: int) -> Tensor:
    """y = A x Bᵀ, where A and B interpolate between pixel centres;  dL/dx = Aᵀ dL/dy B.

    Pixel p of y lies at (p + ½)/s − ½ of x (``align_corners=False``); borders are repeated. For
    s = 2 the weights are ¾ and ¼. Shapes as ``upsample_nearest``.
    """
    check_upsample("upsample_bilinear", x, scale)
    a, b = (_interpolation(size, scale, x.data) for size in x.shape[2:])

    def backward(grad_y):
        return (a.T @ grad_y @ b,)

    return record("upsample_bilinear", a @ x.data @ b.T, inputs=(x,), backward=backward)


def _interpolation(size: int, scale: int, like: Array) -> Array:
    """A (s·size, size): row p holds the weights of the two pixels between which p lies."""
    places = (np.arange(size * scale) + 0.5) / scale - 0.5
    left = np.floor(places).astype(int)
    matrix = np.zeros((size * scale, size))
    for neighbour, weight in ((left, left + 1 - places), (left + 1, places - left)):
        np.add.at(matrix, (np.arange(size * scale), neighbour.clip(0, size - 1)), weight)
    return array_module(like).asarray(matrix, dtype=like.dtype)


def check_upsample(name: str, x: Tensor, scale: int) -> None:
    """Raises ValueError if x is not a batch of images or the scale is not a whole number."""
    if values(name, x).ndim != 4:
        raise ValueError(f"{name}: expected x (N, C, H, W), got {x.shape}")
    if not is_whole(scale) or scale < 1:
        raise ValueError(f"{name}: expected a positive whole scale, got {scale!r}")
