"""Winograd's matrices for any kernel size, derived from points, and applied as sums.

Correlating t = m + r − 1 inputs d with r weights g gives m outputs. Transposed, that is the product
of a polynomial of r coefficients with one of m, which has t coefficients and is known from its
values at t points. With t − 1 finite points pᵢ, M_i(x) = Π_{j≠i} (x − pⱼ), and ∞,

    Bᵀ  row i: the coefficients of M_i(x),              row ∞: those of Π_j (x − pⱼ)
    G   row i: (1, pᵢ, …, pᵢ^(r−1)) / M_i(pᵢ),          row ∞: (0, …, 0, 1)
    Aᵀ  column i: (1, pᵢ, …, pᵢ^(m−1)),                 column ∞: (0, …, 0, 1)

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]

Points come as 0 and pairs ±p. The rows of such a pair have the same entries in even places and
opposite ones in odd places, so both follow from two sums, E + O and E − O: ``Evaluation`` does
that for Bᵀ, G and A, and ``Collection`` the reverse for Aᵀ and Gᵀ. The points 0, ±1, ±2 (and ±½
for tiles of 8) keep the numbers near 1, which keeps rounding small.

Source: Toom 1963, Cook 1966; Winograd 1980, "Arithmetic Complexity of Computations", chapter 3;
Lavin & Gray 2016, "Fast algorithms for convolutional neural networks".
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

Planes = Sequence[np.ndarray]
Terms = list[tuple[int, float]]

POINTS = {
    4: (0.0, 1.0, -1.0),
    6: (0.0, 1.0, -1.0, 2.0, -2.0),
    8: (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5),
}


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


class Evaluation:
    """out = M planes, for a matrix whose rows come as one, pairs (E + O, E − O), and one."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.first, self.last = _terms(matrix[0]), _terms(matrix[-1])
        pairs = [(matrix[i] + matrix[i + 1], matrix[i] - matrix[i + 1])
                 for i in range(1, len(matrix) - 1, 2)]  # fmt: skip
        self.pairs = [(_terms(even / 2), _terms(odd / 2)) for even, odd in pairs]

    def __call__(self, planes: Planes, out: Planes, spare: Planes) -> None:
        """``spare`` holds three planes of the shape of one."""
        even, odd, term = spare[0], spare[1], spare[2]
        _combine(self.first, planes, out[0], term)
        for i, (even_terms, odd_terms) in enumerate(self.pairs):
            _combine(even_terms, planes, even, term)
            _combine(odd_terms, planes, odd, term)
            np.add(even, odd, out=out[2 * i + 1])
            np.subtract(even, odd, out=out[2 * i + 2])
        _combine(self.last, planes, out[len(out) - 1], term)


class Collection:
    """out = Mᵀ planes, for such a matrix: sums and differences of the pairs come first."""

    def __init__(self, matrix: np.ndarray) -> None:
        t = len(matrix)
        pairs = range(1, t - 1, 2)
        gathered = np.zeros((t, matrix.shape[1]))  # what each plane, sum and difference counts
        gathered[0], gathered[-1] = matrix[0], matrix[-1]
        for i in pairs:
            gathered[i] = (matrix[i] + matrix[i + 1]) / 2
            gathered[i + 1] = (matrix[i] - matrix[i + 1]) / 2
        self.rows = [_terms(row) for row in gathered.T]

    def __call__(self, planes: Planes, out: Planes, spare: Planes) -> None:
        """``spare`` holds t − 1 planes of the shape of one."""
        gathered = [planes[0], *spare[: len(planes) - 2], planes[len(planes) - 1]]
        for i in range(1, len(planes) - 1, 2):
            np.add(planes[i], planes[i + 1], out=gathered[i])
            np.subtract(planes[i], planes[i + 1], out=gathered[i + 1])
        for k, terms in enumerate(self.rows):
            _combine(terms, gathered, out[k], spare[len(planes) - 2])


@functools.lru_cache
def transforms(
    outputs: int, kernel: int
) -> tuple[Evaluation, Evaluation, Evaluation, Collection, Collection]:
    """For inputs (Bᵀ), kernels (G), gradients (A), and for outputs (Aᵀ), kernel gradients (Gᵀ)."""
    b_t, g, a_t = matrices(outputs, kernel)
    return Evaluation(b_t), Evaluation(g), Evaluation(a_t.T), Collection(a_t.T), Collection(g)


def _sign(term: tuple[int, float]) -> float:
    return -term[1]


def _terms(row: np.ndarray) -> Terms:
    """What is not zero in a row; a coefficient of 1 first, since it costs no multiplication."""
    terms = [(k, float(v)) for k, v in enumerate(row) if v != 0]
    return sorted(terms, key=lambda term: (term[1] != 1, abs(term[1]) != 1))


def _combine(terms: Terms, planes: Planes, out: np.ndarray, term: np.ndarray) -> None:
    """out = Σ coefficient · plane, with as few passes as possible."""
    common = abs(terms[0][1])
    if common != 1 and len(terms) > 1 and all(abs(factor) == common for _, factor in terms):
        _combine(sorted(((k, f / common) for k, f in terms), key=_sign), planes, out, term)
        np.multiply(out, common, out=out)
        return
    (k, factor), *rest = terms
    if not rest:
        np.multiply(planes[k], factor, out=out) if factor != 1 else np.copyto(out, planes[k])
        return
    if factor == 1 and abs(rest[0][1]) == 1:
        (j, sign), *rest = rest
        (np.add if sign == 1 else np.subtract)(planes[k], planes[j], out=out)
    elif factor == 1:
        (j, factor), *rest = rest
        np.multiply(planes[j], factor, out=out)
        np.add(out, planes[k], out=out)
    else:
        np.multiply(planes[k], factor, out=out)
    for j, factor in rest:
        if abs(factor) == 1:
            (np.add if factor == 1 else np.subtract)(out, planes[j], out=out)
        else:
            np.multiply(planes[j], factor, out=term)
            np.add(out, term, out=out)
