"""A judge for derivatives: compare them with small differences of the values."""

import numpy as np


def slope(f, x, h=1e-5):
    """The central difference (f(x + h) − f(x − h)) / 2h of a function of one number."""
    # Your turn.
    return (f(x + h) - f(x - h)) / (2 * h)


def slopes(f, x, h=1e-5):
    """The same for every entry of an array x: how f(x), one number, changes with that entry alone.

    Returns an array of the shape of x. x itself must be unchanged afterwards.
    """
    # Your turn: np.ndindex(x.shape) goes through all indices; x.copy() is a copy.
    result = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[at] += h
        below[at] -= h
        result[at] = (f(above) - f(below)) / (2 * h)
    return result


def relative_error(a, b):
    """How far two arrays are apart: the largest |a − b| / max(|a|, |b|) of all entries.

    Two zeros are 0 apart. An error of 0.001 is small beside 1000 and large beside 0.002.
    """
    # Your turn.
    larger = np.maximum(np.abs(a), np.abs(b))
    return float((np.abs(a - b) / np.where(larger > 0, larger, 1)).max())
