# Fill in each "your turn", then: make check N=15
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
    raise NotImplementedError("your turn")


def is_adjoint(forward, back, x, rng):
    """Whether ⟨forward(x), g⟩ = ⟨x, back(g)⟩: the check of a linear step, without any h.

    ⟨a, b⟩ is the sum of all products of their elements. Rounding leaves about 1e-14 of it.
    """
    # Your turn.
    raise NotImplementedError("your turn")
