"""From learned numbers to the matrices of ``harmonic_mix``: R and β, then a, then A and C.

A filter's ring is one complex number a = R·e^{iβ}, its centre one real number c; what multiplies
box, gradient and plus of ``harmonic_stencils`` follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minipose.fast import workers
from minipose.fast.harmonic_stencils import numbers
from minipose.fast.scaling import scaled
from minipose.kernels.circular_harmonics import Streams, spans

BLOCK = 1 << 16  # numbers that one task works on at a time

# Of one order: Aᵣ, [−(Aᵣ + Aᵢ) | C], [Aᵢ − Aᵣ | C].
Factor = tuple[np.ndarray, np.ndarray, np.ndarray]


class Matrices(NamedTuple):
    """A = re + i im (O, I) over the channels of all orders, and C of each order on both sides."""

    re: np.ndarray
    im: np.ndarray
    near: list[np.ndarray]

    def adjoint(self, into: Streams, of: Streams) -> Matrices:
        """What takes y back to x, if it is spread with ``sign = −1`` and mixed with these.

        The adjoint of a number a is its conjugate, that of the gradient is minus itself (with −ν,
        as the orders change places), that of (1 + i) is (1 − i). Doing it twice changes nothing.
        """
        re, im = scaled(self.re.T, -1), scaled(self.im.T, 1)
        for rows, columns in zip(spans(of), spans(into), strict=False):
            re[rows, columns] *= -1
            im[rows, columns] *= -1
        return Matrices(re, im, [c.T for c in self.near])


def polar(radial: np.ndarray, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """R cos β and R sin β in one array (2, …); cos β and sin β."""
    y = np.empty((2, *radial.shape), dtype=radial.dtype)
    cos, sin = np.empty_like(y[0]), np.empty_like(y[0])
    cuts = _rows(radial)

    def task(k: int) -> None:
        cut = cuts[k]
        for function, out, times in ((np.cos, cos, y[0]), (np.sin, sin, y[1])):
            function(phase[cut], out=out[cut])
            np.multiply(radial[cut], out[cut], out=times[cut])

    workers.run(task, len(cuts))
    return y, cos, sin


def polar_backward(
    grad_y: np.ndarray, y: np.ndarray, cos: np.ndarray, sin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """dL/dR = g₀ cos β + g₁ sin β and dL/dβ = g₁ y₀ − g₀ y₁."""
    grads = np.empty_like(y)
    cuts = _rows(cos)

    def task(k: int) -> None:
        cut = cuts[k]
        other = workers.scratch("other", cos[cut].shape, cos.dtype)
        np.multiply(grad_y[0][cut], cos[cut], out=grads[0][cut])
        np.multiply(grad_y[1][cut], sin[cut], out=other)
        np.add(grads[0][cut], other, out=grads[0][cut])
        np.multiply(grad_y[1][cut], y[0][cut], out=grads[1][cut])
        np.multiply(grad_y[0][cut], y[1][cut], out=other)
        np.subtract(grads[1][cut], other, out=grads[1][cut])

    workers.run(task, len(cuts))
    return grads[0], grads[1]


def mixing_matrices(
    weights: np.ndarray, centres: Sequence[np.ndarray], into: Streams, of: Streams
) -> Matrices:
    """What multiplies box, gradient and plus, from what multiplies the patterns.

    a B₀ + (1 + i) c D = (a + (1 + i) c d ε²) B₀ + (1 + i) c d (1 − ε²) Q, and a B_ν = a e (…).

    Parameters
    ----------
    weights : (2, O, I), a in real and imaginary part
    centres : c (O₀, I₀), …
    """
    edge, _, middle, near = numbers()
    re, im = scaled(weights[0], edge), scaled(weights[1], edge)
    for rows, columns, c in zip(spans(into), spans(of), centres, strict=False):
        box = c * (middle * near**2)
        re[rows, columns] = weights[0, rows, columns] + box
        im[rows, columns] = weights[1, rows, columns] + box
    return Matrices(re, im, [c * (middle * (1 - near**2)) for c in centres])


def mixing_matrices_backward(
    grad: Matrices, into: Streams, of: Streams
) -> tuple[np.ndarray, list[np.ndarray]]:
    """dL/dweights (2, O, I) and dL/dcentres."""
    edge, _, middle, near = numbers()
    grad_weights = np.empty((2, *grad.re.shape), dtype=grad.re.dtype)
    scaled(grad.re, edge, grad_weights[0])
    scaled(grad.im, edge, grad_weights[1])
    grad_centres = []
    for rows, columns, c in zip(spans(into), spans(of), grad.near, strict=False):
        re, im = grad.re[rows, columns], grad.im[rows, columns]
        grad_weights[0, rows, columns], grad_weights[1, rows, columns] = re, im
        grad_centres.append((re + im) * (middle * near**2) + c * (middle * (1 - near**2)))
    return grad_weights, grad_centres


def factors(a: Matrices, into: Streams) -> list[Factor]:
    """The three real matrices of each order, for ``mix`` and ``unmix``."""
    rows, n = spans(into), a.re.shape[1]
    widths = [n + (a.near[o].shape[1] if o < len(a.near) else 0) for o in range(len(into))]
    made = [
        (a.re[part], *(_matrix(count, width, a.re) for _ in range(2)))
        for part, count, width in zip(rows, into, widths, strict=True)
    ]

    def task(o: int) -> None:
        (re, to_re, to_im), im = made[o], a.im[rows[o]]
        np.add(re, im, out=to_re[:, :n])
        np.multiply(to_re[:, :n], -1, out=to_re[:, :n])
        np.subtract(im, re, out=to_im[:, :n])
        if o < len(a.near):
            to_re[:, n:] = to_im[:, n:] = a.near[o]

    workers.run(task, len(made))
    return made


def _matrix(rows: int, columns: int, like: np.ndarray) -> np.ndarray:
    """Uninitialised, by columns in memory if ``like`` is transposed: products take either."""
    if like.strides[0] < like.strides[1]:
        return np.empty((columns, rows), dtype=like.dtype).T
    return np.empty((rows, columns), dtype=like.dtype)


def _rows(x: np.ndarray) -> list[slice]:
    """Pieces of the first axis that fit the cache."""
    return workers.pieces(len(x), max(1, BLOCK // max(1, x.size // max(1, len(x)))))
