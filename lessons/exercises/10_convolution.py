# Fill in each "your turn", then: make check N=10
"""Convolution: by columns and one matrix product, and the way back.

Pictures are (N, C, H, W): examples, channels, rows, columns of pixels. A kernel is k × k, without
margins, so the result has H − k + 1 rows.
"""

import numpy as np

from mine.linear_tanh import Tensor


def im2col(x, k):
    """What each output pixel sees: cols[c, i, j, n, p, q] = x[n, c, p + i, q + j].

    x (N, C, H, W) -> (C, k, k, N, H − k + 1, W − k + 1).
    """
    # Your turn: a loop over i and j is enough; each copies one shifted picture.
    raise NotImplementedError("your turn")


def col2im(cols, shape):
    """The way back of im2col: every pixel of an array ``shape`` gets the sum of its copies."""
    # Your turn: the same loop, from the columns to the picture.
    raise NotImplementedError("your turn")


def conv2d(x, weight, bias):
    """y[n, o, p, q] = b[o] + Σ_cij w[o, c, i, j] · x[n, c, p + i, q + j].

    x (N, C, H, W), weight (O, C, k, k), bias (O,), all tensors.
    """
    out, _, k, _ = weight.data.shape
    cols = im2col(x.data, k)  # (C, k, k, N, P, Q)
    matrix, flat = weight.data.reshape(out, -1), cols.reshape(-1, cols[0, 0, 0].size)
    # Your turn: y (N, O, P, Q) is matrix @ flat (O, N·P·Q), reshaped and transposed, and the bias.
    # Then the rule: what arrives is g (N, O, P, Q). It is exercise 5's linear, and col2im.
    raise NotImplementedError("your turn")
