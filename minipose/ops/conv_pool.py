"""A convolution and the max-pool behind it as one op: the same function, less work."""

from __future__ import annotations

import numpy as np

from minipose.kernels import conv_pool
from minipose.ops.conv import conv2d
from minipose.ops.pool import max_pool2d
from minipose.tensor import Tensor, record


def conv2d_max_pool2d(x: Tensor, weight: Tensor) -> Tensor:
    """y = max_pool2d(conv2d(x, w), 2), 'valid' and with stride 1, without the map in between.

    Nothing but the winners is kept for the derivative: a pooling block passes dL/dy to the one
    convolution output that was its maximum, and that one to its patch and to w as in ``conv2d``.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    weight : Tensor, shape (O, C, kh, kw)

    Returns
    -------
    Tensor, shape (N, O, ⌊(H − kh + 1)/2⌋, ⌊(W − kw + 1)/2⌋)

    Notes
    -----
    A GPU, where one large product is best, and shapes that leave nothing to pool take the two ops.
    """
    fits = x.ndim == weight.ndim == 4 and x.shape[1] == weight.shape[1]
    fits = fits and min(conv_pool.pooled_size(x.shape[2:], weight.shape[2:])) >= 1
    if not fits or not isinstance(x.data, np.ndarray) or not isinstance(weight.data, np.ndarray):
        return max_pool2d(conv2d(x, weight), 2)
    x_data, w_data, x_needed = x.data, weight.data, x.requires_grad
    y, winner = conv_pool.forward(x_data, w_data)

    def backward(grad_y):
        return conv_pool.backward(grad_y, x_data, w_data, winner, x_needed)

    return record("conv2d_max_pool2d", y, inputs=(x, weight), backward=backward)
