"""What follows a convolution, in one pass: y ← max(y + b, 0), on threads and in place.

A channel of U-Net is larger than the cache, so every pass over it costs as much as fetching it.
Here a piece is fetched once for both steps, and once for both in the backward pass:

    dL/dz = dL/dy where y > 0, else 0        dL/db[o] = Σ dL/dz[n, o, p, q]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minipose.fast import workers

Array = np.ndarray

ROW = 1024  # numbers
LONG_PIECE = 1 << 18  # numbers; fewer make more calls, which cost more than the cache saves


class Ending(NamedTuple):
    """The same for a task that has just made a part of y: it is in the cache still."""

    bias: Array | None = None
    relu: bool = False

    def finish(self, part: Array, axis: int = -1) -> None:
        """In place; the channels of ``part`` lie along ``axis``."""
        if self.bias is not None:
            if axis == -1 and part.flags.c_contiguous:
                _add_to_rows(part, self.bias)
            else:
                part += self.bias.reshape([-1, *[1] * (part.ndim - 1 - axis % part.ndim)])
        if self.relu:
            np.maximum(part, workers.zeros_as(part), out=part)


def _add_to_rows(part: Array, bias: Array) -> None:
    """Several pixels of few channels are one row: NumPy's calls for each row cost less then."""
    together, pixels = 1, part.size // len(bias)
    while pixels % (2 * together) == 0 and 2 * together * len(bias) <= ROW:
        together *= 2
    rows = part.reshape(-1, together * len(bias))
    rows += np.tile(bias, together)


NOTHING = Ending()


def forward(y: Array, bias: Array | None, relu: bool) -> None:
    """Add the bias (O,) to y (N, O, H, W), then take the larger of each and 0, in place."""

    def finish(part: Array, *bias_part: Array) -> None:
        for each in bias_part:
            part += each
        if relu:
            np.maximum(part, workers.zeros_as(part), out=part)

    if bias is None and not relu:
        return
    column = () if bias is None else (bias.reshape(-1, 1, 1),)
    if y.size <= LONG_PIECE:
        finish(y, *column)
        return
    # Repeated to the shape of y, without memory, the bias is cut wherever y is.
    spread = (np.broadcast_to(each, y.shape) for each in column)
    workers.elementwise(finish, y, *spread, piece=LONG_PIECE)


def backward(grad_y: Array, y: Array | None, bias: bool) -> tuple[Array, Array | None]:
    """dL/dz (N, O, H, W) and, if there is a bias, dL/db (O,). ``y`` is given after a ReLU only."""
    grad = grad_y if y is None else np.empty_like(y)

    def pass_on(part: np.ndarray, *others: np.ndarray) -> np.ndarray | None:
        if y is not None:
            y_part, grad_y_part = others
            np.multiply(grad_y_part, y_part > 0, out=part)
        return _channel_sums(part) if bias else None

    others = () if y is None else (y, grad_y)
    # Of one picture alone the channels are outermost, whatever the stride of its axis is.
    channels_outermost = max(range(4), key=lambda a: (grad.shape[a] > 1, grad.strides[a])) == 1
    if bias and channels_outermost:  # a part would hold the sums of some channels only
        return grad, pass_on(grad, *others)
    sums = workers.elementwise(pass_on, grad, *others, piece=LONG_PIECE)
    return grad, workers.add_in_order(sums) if bias else None


def _channel_sums(grad: Array) -> Array:
    """Σ dL/dz[n, o, p, q] of each channel; where samples lie innermost, of rows (O, N) first.

    By a product with ones, which BLAS adds up ten times as fast as NumPy.
    """
    last = grad.transpose(0, 2, 3, 1)
    if last.flags.c_contiguous:
        flat = last.reshape(-1, last.shape[3])
        return np.ones(len(flat), grad.dtype) @ flat
    pixels = grad.transpose(2, 3, 1, 0)
    if not pixels.flags.c_contiguous:
        return grad.sum(axis=(0, 2, 3))
    flat = pixels.reshape(-1, pixels.shape[2] * pixels.shape[3])
    rows = np.ones(len(flat), grad.dtype) @ flat
    return rows.reshape(pixels.shape[2:]).sum(axis=1)
