"""A convolution and what follows it in PoseNet as one op: the same function, less work."""

from __future__ import annotations

import numpy as np

from minipose.fast import conv_pool
from minipose.ops.conv import conv2d
from minipose.ops.elementwise import tanh as tanh_op
from minipose.ops.pool import max_pool2d
from minipose.ops.shape import reshape
from minipose.tensor import Tensor, record


def conv2d_max_pool2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, tanh: bool = False
) -> Tensor:
    """y = tanh(max_pool2d(conv2d(x, w), 2) + b), 'valid', without the maps in between.

    Nothing but the winners is kept for the derivative: a pooling block passes its gradient,
    dL/dy · (1 − y²), to the one convolution output that was its maximum, and that one to its patch
    and to w as in ``conv2d``.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    weight : Tensor, shape (O, C, kh, kw)
    bias : Tensor, shape (O,), optional
    tanh : bool
        Whether tanh comes last; without it y is the sum itself.

    Returns
    -------
    Tensor, shape (N, O, ⌊(H − kh + 1)/2⌋, ⌊(W − kw + 1)/2⌋)

    Notes
    -----
    Where this is not faster (many maps, few samples, a GPU) it takes the ops one by one.
    """
    if not _suits(x, weight, bias):
        y = max_pool2d(conv2d(x, weight), 2)
        y = y if bias is None else y + reshape(bias, (1, -1, 1, 1))
        return tanh_op(y) if tanh else y
    x_data, w_data, x_needed = x.data, weight.data, x.requires_grad
    y, winner = conv_pool.forward(x_data, w_data, None if bias is None else bias.data, tanh)

    def backward(grad_y):
        grads = conv_pool.backward(grad_y, x_data, w_data, winner, y if tanh else None, x_needed)
        return grads[:2] if bias is None else grads

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("conv2d_max_pool2d", y, inputs=inputs, backward=backward)


def _suits(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether the kernel takes it: also wrong shapes go to the ops, which name what is wrong."""
    on_host = isinstance(x.data, np.ndarray) and isinstance(weight.data, np.ndarray)
    fits = x.ndim == weight.ndim == 4 and x.shape[1] == weight.shape[1]
    fits = fits and (bias is None or bias.shape == weight.shape[:1])
    return on_host and fits and conv_pool.suits(x.data, weight.data)
