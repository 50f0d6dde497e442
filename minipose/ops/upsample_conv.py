"""A convolution and the enlargement before it as one op: the same function, a quarter the work."""

from __future__ import annotations

import numpy as np

from minipose.fast import bias_relu, doubling
from minipose.ops.conv import conv2d
from minipose.ops.shape import pad
from minipose.ops.upsample import upsample_nearest
from minipose.tensor import Tensor, record


def upsample_conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False
) -> Tensor:
    """y = conv2d(x̂, w, b), x̂ = x upsampled to 2 × 2 equal pixels, zeros right and below.

    An output in row r and column s sees the pixels of x that lie under (r + i, s + j):

        y[n, o, r, s] = b[o] + Σ_{c,i,j} w[o, c, i, j] · x[n, c, ⌊(r + i)/2⌋, ⌊(s + j)/2⌋]

    dL/dx and dL/dw collect dL/dy over the same pairs, dL/db sums it. With ``relu``, max(y, 0) is
    the result, and dL/dy passes where that is above 0.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    weight : Tensor, shape (O, C, 2, 2)
    bias : Tensor, shape (O,), optional
    relu : bool

    Returns
    -------
    Tensor, shape (N, O, 2H, 2W)

    Notes
    -----
    ``kernels.doubling`` shows how; on a GPU it takes the ops one by one.
    """
    if weight.ndim != 4 or weight.shape[2:] != (2, 2):
        raise ValueError(f"upsample_conv2d: expected weight (O, C, 2, 2), got {weight.shape}")
    if not _suits(x, weight, bias):
        large = pad(upsample_nearest(x, 2), ((0, 0), (0, 0), (0, 1), (0, 1)))
        return conv2d(large, weight, bias, relu=relu)
    x_data, w_data, x_needed = x.data, weight.data, x.requires_grad
    y = doubling.forward(x_data, w_data)
    bias_relu.forward(y, None if bias is None else bias.data, relu)

    def backward(grad_y):
        grad_y, grad_b = bias_relu.backward(grad_y, y if relu else None, bias is not None)
        grads = doubling.backward(grad_y, x_data, w_data, x_needed)
        return grads if bias is None else (*grads, grad_b)

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("upsample_conv2d", y, inputs=inputs, backward=backward)


def _suits(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether the kernel takes it: also wrong shapes go to the ops, which name what is wrong."""
    on_host = isinstance(x.data, np.ndarray) and isinstance(weight.data, np.ndarray)
    fits = x.ndim == 4 and x.shape[1] == weight.shape[1]
    return on_host and fits and (bias is None or bias.shape == weight.shape[:1])
