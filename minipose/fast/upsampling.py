"""Upsampling in the picture's own memory order, by taps and phases."""

from __future__ import annotations

from minipose.fast import resize
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops import upsample
from minipose.tensor import Tensor, record


def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """``ops.upsample_nearest``."""
    upsample.check_upsample("upsample_nearest", x, scale)

    def backward(grad_y):
        return (resize.nearest_backward(grad_y, scale),)

    y = resize.nearest_forward(x.data, scale)
    return record("upsample_nearest", y, inputs=(x,), backward=backward)


def upsample_bilinear(x: Tensor, scale: int) -> Tensor:
    """``ops.upsample_bilinear``."""
    upsample.check_upsample("upsample_bilinear", x, scale)

    def backward(grad_y):
        return (resize.bilinear_backward(grad_y, scale),)

    y = resize.bilinear_forward(x.data, scale)
    return record("upsample_bilinear", y, inputs=(x,), backward=backward)


def _suits(x, scale) -> bool:
    return on_cpu(x)


offer(upsample.upsample_nearest, _suits, upsample_nearest)
offer(upsample.upsample_bilinear, _suits, upsample_bilinear)
