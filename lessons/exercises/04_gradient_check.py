# Fill in each "your turn", then: make check N=4
"""A judge for derivatives: compare them with small differences of the values."""

import numpy as np


def slope(f, x, h=1e-5):
    """The central difference (f(x + h) − f(x − h)) / 2h of a function of one number."""
    # Your turn.
    raise NotImplementedError("your turn")


def slopes(f, x, h=1e-5):
    """The same for every entry of an array x: how f(x), one number, changes with that entry alone.

    Returns an array of the shape of x. x itself must be unchanged afterwards.
    """
    # Your turn: np.ndindex(x.shape) goes through all indices; x.copy() is a copy.
    raise NotImplementedError("your turn")


def relative_error(a, b):
    """How far two arrays are apart: the largest |a − b| / max(|a|, |b|) of all entries.

    Two zeros are 0 apart. An error of 0.001 is small beside 1000 and large beside 0.002.
    """
    # Your turn.
    raise NotImplementedError("your turn")
