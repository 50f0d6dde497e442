"""Lesson 4: slopes and errors."""

import numpy as np

from lessons.workbook.judge import Wrong, same


def slope(mine):
    h, x = 0.1, 2.0
    cube = lambda v: v**3  # noqa: E731
    central = ((x + h) ** 3 - (x - h) ** 3) / (2 * h)
    known = {
        "if one goes to one side only: (f(x + h) − f(x))/h is far less exact": ((x + h) ** 3 - x**3)
        / h,
        "if one goes to one side only: (f(x) − f(x − h))/h is far less exact": (x**3 - (x - h) ** 3)
        / h,
        "if it is divided by h: x + h and x − h are 2h apart": 2 * central,
        "of / 2 * h, which divides by 2 and multiplies by h: write (2 * h)": central * h * h,
        "if it is not divided by 2h": 2 * h * central,
        "by the formula for one function: it has to work for any f": 3 * x**2,
    }
    same("the slope of x³ at 2 with h = 0.1", mine.slope(cube, x, h), central, known=known)
    same("the slope of sin at 1 with the usual h", mine.slope(np.sin, 1.0), np.cos(1.0), rtol=1e-8)


def slopes(mine):
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
    before, weights = x.copy(), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

    def f(v):
        return float((weights * np.asarray(v) ** 3).sum())

    found = mine.slopes(f, x)
    gap = np.abs(x - before).max()
    if gap:
        last = " in its last digits, since x + h − h is not quite x" if gap < 1e-12 else ""
        raise Wrong(f"slopes left x changed{last}: work on a copy")
    expected = 3 * weights * x**2
    known = {
        "if all entries are moved at once: move one, and put it back": np.full(
            (2, 3), expected.sum()
        ),
        "if it is divided by h: the two ends are 2h apart": 2 * expected,
        "if the entries before are left moved": lambda: _piled_up(f, x),
    }
    sizes = {2: "rows", 3: "columns"}
    same("each slope of Σ w x³", found, expected, sizes, known, rtol=1e-6, atol=1e-7)
    same(
        "each slope of a function of 3 numbers",
        mine.slopes(lambda v: float(v[0] * v[1] + v[2]), np.array([2.0, 3.0, 5.0])),
        [3.0, 2.0, 1.0],
        rtol=1e-6,
    )


def _piled_up(f, x, h=1e-5):
    above, below, result = x.copy(), x.copy(), np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        above[at] += h
        below[at] -= h
        result[at] = (f(above) - f(below)) / (2 * h)
    return result


def relative_error(mine):
    a, b = np.array([1000.0, 0.002, -1.0]), np.array([1000.001, 0.003, -1.1])
    known = {
        "without the division: an absolute error": 0.1,
        "if the sign counts: take |a − b|": 1e-6,
        "of a mean: the largest counts, or one wrong entry hides among many": lambda: (
            np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))
        ).mean(),
        "with the smaller of the two below": 0.5,
        "with a + b below: the larger of the two is expected": 0.2,
    }
    same(
        "relative_error of (1000, 0.002, −1) and (1000.001, 0.003, −1.1)",
        mine.relative_error(a, b),
        1 / 3,
        known=known,
    )
    zero = np.array([0.0, 1.0])
    same(
        "relative_error of two arrays that are equal and hold a 0",
        mine.relative_error(zero, zero),
        0,
    )
    same("relative_error of zeros alone", mine.relative_error(np.zeros(2), np.zeros(2)), 0)
    same("relative_error of 0 and 0.5", mine.relative_error(np.zeros(1), np.full(1, 0.5)), 1)


PARTS = (slope, slopes, relative_error)
