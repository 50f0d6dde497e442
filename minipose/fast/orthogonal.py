"""Muon's direction for wide matrices: iterate on the small product XXᵀ, not on X.

Each X of the iteration is P·X₀ with a square P that commutes with G = XXᵀ, so

    Q = a + b·G + c·G²,   P ← Q·P,   G ← Q·G·Q,   and at the end X = P·X₀.

X₀ is multiplied twice in all instead of ten times. In float32 singular values below about 0.001 of
the norm, whose squares are lost in G, come out to four digits.
"""

from __future__ import annotations

import numpy as np

from minipose.kernels.faster import offer
from minipose.optim.muon import ITERATIONS, QUINTIC, SMALLEST_NORM, orthogonal

ROWS, WIDE = 24, 4  # from this many rows on, for this many times as many columns


def by_gram_matrix(matrix: np.ndarray) -> np.ndarray:
    """``optim.muon.orthogonal`` for a wide matrix, or a tall one."""
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    gram = x @ x.T
    norm = np.maximum(np.sqrt(np.trace(gram)), matrix.dtype.type(SMALLEST_NORM))
    gram /= norm * norm
    product = None
    for k in range(ITERATIONS):
        q = b * gram + c * (gram @ gram)
        q[np.diag_indices_from(q)] += a
        product = q if product is None else q @ product
        if k < ITERATIONS - 1:
            gram = q @ gram @ q
    x = (product / norm) @ x
    return x.T if tall else x


def _suits(matrix: np.ndarray) -> bool:
    if not isinstance(matrix, np.ndarray) or matrix.ndim != 2:
        return False
    rows, columns = sorted(matrix.shape)
    return rows >= ROWS and columns >= WIDE * rows


offer(orthogonal, _suits, by_gram_matrix)
