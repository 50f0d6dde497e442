"""Making images larger by a whole factor; between pixels and channels."""

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


def pixel_shuffle(x: Tensor, scale: int) -> Tensor:
    """y[c, s·p + a, s·q + b] = x[s²·c + s·a + b, p, q]: channels become pixels.

    Parameters
    ----------
    x : Tensor, shape (N, s²·C, H, W)
    scale : int
        s

    Returns
    -------
    Tensor, shape (N, C, s·H, s·W)

    Source: W. Shi et al., "Real-time single image and video super-resolution using an efficient
    sub-pixel convolutional neural network", 2016.
    """
    check_upsample("pixel_shuffle", x, scale)
    if x.shape[1] % scale**2:
        raise ValueError(
            f"pixel_shuffle: expected a multiple of {scale**2} channels, got {x.shape}"
        )

    def backward(grad_y):
        return (_to_channels(grad_y, scale),)

    return record("pixel_shuffle", _to_pixels(x.data, scale), inputs=(x,), backward=backward)


def pixel_unshuffle(x: Tensor, scale: int) -> Tensor:
    """y[s²·c + s·a + b, p, q] = x[c, s·p + a, s·q + b]: each block of s × s pixels becomes one.

    The inverse of ``pixel_shuffle``: (N, C, s·H, s·W) -> (N, s²·C, H, W).
    """
    check_upsample("pixel_unshuffle", x, scale)
    if x.shape[2] % scale or x.shape[3] % scale:
        raise ValueError(
            f"pixel_unshuffle: expected height and width to be multiples of {scale}, got {x.shape}"
        )

    def backward(grad_y):
        return (_to_pixels(grad_y, scale),)

    return record("pixel_unshuffle", _to_channels(x.data, scale), inputs=(x,), backward=backward)


def _to_pixels(x: Array, s: int) -> Array:
    n, c, h, w = x.shape
    blocks = x.reshape(n, c // s**2, s, s, h, w)  # N, C, a, b, p, q
    return blocks.transpose(0, 1, 4, 2, 5, 3).reshape(n, c // s**2, s * h, s * w)


def _to_channels(x: Array, s: int) -> Array:
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // s, s, w // s, s)  # N, C, p, a, q, b
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(n, c * s**2, h // s, w // s)


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
