"""dL/dx of a convolution with stride 1 is a convolution of dL/dy: each pixel collects from the
outputs that saw it.

    dL/dx[c, q] = Σ_{o,k} dL/dy[o, q + p − k] w[o, c, k]        (one axis, padding p, kernel K)
                = Σ_{o,j} dL/dy[o, q − (K − 1 − p) + j] w[o, c, K − 1 − j],    j = K − 1 − k
"""

from __future__ import annotations

import numpy as np

Pair = tuple[int, int]


def backward_kernel(weight: np.ndarray, padding: Pair) -> tuple[np.ndarray, Pair]:
    """Kernel and padding of that convolution, for a padding of at most K − 1.

    The kernel (C, O, kh, kw) is weight (O, C, kh, kw) rotated by 180°, its channels exchanged.
    """
    rotated = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return rotated, tuple(k - 1 - p for k, p in zip(weight.shape[2:], padding, strict=True))
