"""Winograd's transforms of kernels, U = G g Gᵀ, and of their gradients, dL/dw = Gᵀ dL/dU G.

A kernel is transformed as tiles are (``winograd_tiles``), one way and then the other, for many
pairs of channels at once.
"""

from __future__ import annotations

import numpy as np

from minipose.fast import workers
from minipose.fast.winograd_points import transforms
from minipose.fast.winograd_tiles import apply

PAIRS = 1 << 15  # of channels, whose kernels are transformed in a task
MANY_PAIRS = 1 << 16  # from which on sorting them costs more than it saves


def transformed_either_way(weight: np.ndarray, m: int) -> np.ndarray:
    """U (t², in, out): of many channels in the order in which they lie, which costs the product
    less than sorting costs the transform."""
    if weight.shape[0] * weight.shape[1] > MANY_PAIRS and weight.strides[0] < weight.strides[1]:
        return transformed_kernel(weight.transpose(1, 0, 2, 3), m).transpose(0, 2, 1)
    return transformed_kernel(weight, m)


def transformed_kernel(weight: np.ndarray, m: int, out: np.ndarray | None = None) -> np.ndarray:
    """U = G g Gᵀ for all pairs of channels, (t², A, B) of (A, B, r, r).

    ``out`` may be a part of a larger array; the A·B numbers of a position have to lie in one piece.
    """
    (a, b), r = weight.shape[:2], weight.shape[2]
    t, matrix = m + r - 1, transforms(m, r, weight.dtype).of_kernels
    out = np.empty((t * t, a, b), dtype=weight.dtype) if out is None else out
    kernels = out.reshape(t, t, a * b)
    parts = workers.pieces(a, max(1, PAIRS // b))

    def task(k: int) -> None:
        some = weight[parts[k]].transpose(2, 3, 0, 1)
        taps = workers.scratch("taps", some.shape, weight.dtype)
        np.copyto(taps, some)
        half = workers.scratch("half", (t, r, taps[0, 0].size), weight.dtype)
        apply(matrix, taps.reshape(r, -1), half.reshape(t, -1))
        apply(matrix, half, kernels[:, :, parts[k].start * b : parts[k].stop * b])

    workers.run(task, len(parts))
    return out


def kernel_gradient(total: np.ndarray, r: int, m: int) -> np.ndarray:
    """dL/dw = Gᵀ dL/dU G: (t², O, C) -> (O, C, r, r)."""
    o, c = total.shape[1:]
    t, matrix = m + r - 1, transforms(m, r, total.dtype).of_kernel_gradients
    grad_w = np.empty((o, c, r, r), dtype=total.dtype)
    parts = workers.pieces(o, max(1, PAIRS // c))

    def task(k: int) -> None:
        some = total.reshape(t, t, o * c)[:, :, parts[k].start * c : parts[k].stop * c]
        half = workers.scratch("half", (t, r, some.shape[2]), total.dtype)
        apply(matrix, some, half)
        taps = workers.scratch("taps", (r, r, some.shape[2]), total.dtype)
        apply(matrix, half.reshape(t, -1), taps.reshape(r, -1))
        np.copyto(grad_w[parts[k]], taps.reshape(r, r, -1, c).transpose(2, 3, 0, 1))

    workers.run(task, len(parts))
    return grad_w
