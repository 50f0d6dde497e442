"""Winograd's matrices for any kernel size, derived from points.

Correlating t = m + r − 1 inputs d with r weights g gives m outputs. Transposed, that is the product
of a polynomial of r coefficients with one of m, which has t coefficients and is known from its
values at t points. With t − 1 finite points pᵢ, M_i(x) = Π_{j≠i} (x − pⱼ), and ∞,

    Bᵀ  row i: the coefficients of M_i(x),              row ∞: those of Π_j (x − pⱼ)
    G   row i: (1, pᵢ, …, pᵢ^(r−1)) / M_i(pᵢ),          row ∞: (0, …, 0, 1)
    Aᵀ  column i: (1, pᵢ, …, pᵢ^(m−1)),                 column ∞: (0, …, 0, 1)

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]

The points 0, ±1, ±2 (and ±½ for tiles of 8) keep the numbers near 1, which keeps rounding small.

Source: Toom 1963, Cook 1966; Winograd 1980, "Arithmetic Complexity of Computations", chapter 3;
Lavin & Gray 2016, "Fast algorithms for convolutional neural networks".
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

POINTS = {
    4: (0.0, 1.0, -1.0),
    6: (0.0, 1.0, -1.0, 2.0, -2.0),
    8: (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5),
}


class Transforms(NamedTuple):
    """Matrices M of M d Mᵀ."""

    of_inputs: np.ndarray  # Bᵀ (t, t)
    of_kernels: np.ndarray  # G (t, r)
    of_gradients: np.ndarray  # A (t, m)
    of_outputs: np.ndarray  # Aᵀ (m, t)
    of_kernel_gradients: np.ndarray  # Gᵀ (r, t)


def matrices(outputs: int, kernel: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bᵀ (t, t), G (t, r) and Aᵀ (m, t) for m outputs and r weights."""
    points = POINTS[outputs + kernel - 1]
    b_t, g, a_t = (np.zeros(s) for s in ((len(points) + 1,) * 2, (len(points) + 1, kernel),
                                         (outputs, len(points) + 1)))  # fmt: skip
    for i, p in enumerate(points):
        others = np.poly([q for q in points if q != p])[::-1]  # rising powers
        b_t[i, :-1] = others
        g[i] = p ** np.arange(kernel) / np.polyval(others[::-1], p)
        a_t[:, i] = p ** np.arange(outputs)
    b_t[-1] = np.poly(points)[::-1]
    g[-1, -1] = a_t[-1, -1] = 1
    return b_t, g, a_t


@functools.lru_cache
def transforms(outputs: int, kernel: int, dtype: np.dtype) -> Transforms:
    """The matrices as the kernels apply them."""
    b_t, g, a_t = matrices(outputs, kernel)
    given = (b_t, g, a_t.T, a_t, g.T)
    return Transforms(*(np.ascontiguousarray(each, dtype=dtype) for each in given))
