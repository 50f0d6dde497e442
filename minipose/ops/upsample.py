"""Making maps larger by a whole factor."""

from __future__ import annotations

from minipose.fast import resize
from minipose.tensor import Tensor, record


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
    _check("upsample_nearest", x, scale)

    def backward(grad_y):
        return (resize.nearest_backward(grad_y, scale),)

    y = resize.nearest_forward(x.data, scale)
    return record("upsample_nearest", y, inputs=(x,), backward=backward)


def upsample_bilinear(x: Tensor, scale: int) -> Tensor:
    """y = A x Bᵀ, where A and B interpolate between pixel centres;  dL/dx = Aᵀ dL/dy B.

    Pixel p of y lies at (p + ½)/s − ½ of x (``align_corners=False``); borders are repeated. For
    s = 2 the weights are ¾ and ¼. Shapes as ``upsample_nearest``.
    """
    _check("upsample_bilinear", x, scale)

    def backward(grad_y):
        return (resize.bilinear_backward(grad_y, scale),)

    y = resize.bilinear_forward(x.data, scale)
    return record("upsample_bilinear", y, inputs=(x,), backward=backward)


def _check(name: str, x: Tensor, scale: int) -> None:
    if x.ndim != 4:
        raise ValueError(f"{name}: expected x (N, C, H, W), got {x.shape}")
    if not isinstance(scale, int) or scale < 1:
        raise ValueError(f"{name}: expected a positive whole scale, got {scale!r}")
