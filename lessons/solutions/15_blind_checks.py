"""A check that can fail."""

import numpy as np

from mine.gradient_check import slopes


def agrees(f, rule, x, rng):
    """Whether ``rule`` is the derivative of ``f`` at x: True or False.

    f(x) is an array; rule(x, g) is what arrives at x when g arrives at f(x). Only a number has
    slopes, so take L = Σ g · f(x) with some g: the gradient of L is rule(x, g), and exercise 4's
    slopes must say the same. Which g, and how exactly? A rule that is wrong by one part in a
    thousand is wrong, and so is one whose result has another shape than x.
    """
    # Your turn: rng is a numpy Generator.
    g = rng.standard_normal(np.shape(f(x)))
    expected = slopes(lambda v: float((g * f(v)).sum()), x)
    found = rule(x, g)
    if np.shape(found) != np.shape(x):
        return False
    return bool(np.abs(found - expected).max() < 1e-5 * np.abs(expected).max())


def is_adjoint(forward, back, x, rng):
    """Whether ⟨forward(x), g⟩ = ⟨x, back(g)⟩: the check of a linear step, without any h.

    ⟨a, b⟩ is the sum of all products of their elements. Rounding leaves about 1e-14 of it.
    """
    # Your turn.
    y = forward(x)
    g = rng.standard_normal(np.shape(y))
    left, right = (y * g).sum(), (x * back(g)).sum()
    return bool(abs(left - right) < 1e-10 * max(abs(left), abs(right)))
