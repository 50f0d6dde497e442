"""Words for how a result differs from what is expected: in its shape, or in its values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations, permutations

import numpy as np

RTOL, ATOL = 1e-7, 1e-9
Sizes = dict[int, str]  # what an axis of that length counts: {4: "examples"}
Shape = tuple[int, ...]


def close(got: np.ndarray, expected: np.ndarray, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Whether two arrays are the same, shape and values."""
    return got.shape == expected.shape and not _wrong(got, expected, rtol, atol).any()


def _wrong(got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Where two arrays of one shape differ."""
    return ~np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)


def shape(got: Shape, expected: Shape, sizes: Sizes) -> str:
    """Why this may have another shape."""
    text = f"is {got}, expected {expected}"
    return f"{text}: {reason}" if (reason := _shape(got, expected, sizes)) else text


def _shape(got: Shape, expected: Shape, sizes: Sizes) -> str:
    if 0 in got:
        return "nothing is in it"
    if not got:
        return "that is a single number for all together"
    if len(got) == len(expected) and sorted(got) == sorted(expected):
        names = [f"({', '.join(_axis(n, sizes) for n in s)})" for s in (got, expected)]
        return f"the axes are exchanged, yours are {names[0]}, expected {names[1]}: transpose"
    for count in range(1, len(got) + 1):
        for axes in combinations(range(len(got)), count):
            over = " and ".join(_counted(got[axis], sizes) for axis in axes)
            where = f"axis {', '.join(map(str, axes))}"
            if _without(got, axes) == expected:
                return f"there is still one for each of {over}: sum over them ({where})"
            if tuple(1 if i in axes else n for i, n in enumerate(got)) == expected:
                return (
                    f"there is still one for each of {over}: sum over them, keepdims=True, {where}"
                )
    for count in range(1, len(expected) + 1):
        for axes in combinations(range(len(expected)), count):
            if _without(expected, axes) == got:
                number = f"axis {', '.join(map(str, axes))}"
                if all(expected[axis] == 1 for axis in axes):
                    return f"{number} should stay, with length 1: keepdims=True"
                lost = " and ".join(_counted(expected[axis], sizes) for axis in axes)
                return f"{number} should still be there, for {lost}"
    if len(got) == len(expected):
        gaps = [a - b for a, b in zip(got, expected) if a != b]
        if len(set(gaps)) == 1 and abs(gaps[0]) <= 2:
            few = "many" if gaps[0] > 0 else "few"
            return f"{abs(gaps[0])} too {few} along {'each of ' if len(gaps) > 1 else ''}these axes"
    return ""


def _without(shape: Shape, axes: Shape) -> Shape:
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def _axis(length: int, sizes: Sizes) -> str:
    return sizes.get(length, str(length))


def _counted(length: int, sizes: Sizes) -> str:
    return f"the {length} {sizes[length]}" if length in sizes else f"an axis of {length}"


def values(
    got: np.ndarray, expected: np.ndarray, sizes: Sizes, rtol: float = RTOL, atol: float = ATOL
) -> str:
    """Why values of the right shape, which are not ``close``, may be wrong."""
    if text := _not_numbers(got, expected, sizes):
        return text
    if got.size == 1:
        return _single(got, expected, sizes)
    if expected.any() and not got.any():
        return "is 0 everywhere"
    same = partial(close, rtol=rtol, atol=atol)
    if (
        text := _factor(got, expected, sizes)
        or _offset(got, expected)
        or _moved(got, expected, same)
    ):
        return text
    wrong = _wrong(got, expected, rtol, atol)
    text = f"is wrong in {wrong.sum()} of {got.size} places"
    if _varied(expected) and same(np.sort(got, axis=None), np.sort(expected, axis=None)):
        text = "has the right numbers in wrong places"
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f"[{', '.join(map(str, at))}]"
    return f"{text}: at {place} it is {got[at]:.6g}, expected {expected[at]:.6g}"


def _not_numbers(got: np.ndarray, expected: np.ndarray, sizes: Sizes) -> str:
    if np.isnan(got).any() and not np.isnan(expected).any():
        return "is not a number (nan): 0/0, inf − inf, or the logarithm or root of what is negative"
    if np.isinf(got).any() and not np.isinf(expected).any():
        return "is infinite: a division by 0, the logarithm of 0, or e to a large number"
    return ""


def _single(got: np.ndarray, expected: np.ndarray, sizes: Sizes) -> str:
    """One number: both are shown, and a factor that has a name."""
    text, factor = numbers(got, expected), _factor(got, expected, sizes)
    return text if not factor or factor.endswith(", everywhere") else f"{factor} ({text})"


def numbers(got: np.ndarray, expected: np.ndarray) -> str:
    """A single number beside the right one."""
    return f"is {got.item():.6g}, expected {expected.item():.6g}"


def _factor(got: np.ndarray, expected: np.ndarray, sizes: Sizes) -> str:
    """One and the same wrong factor everywhere."""
    large = np.abs(expected) > 1e-9 * np.abs(expected).max(initial=0)
    if not large.any() or np.abs(got[~large]).max(initial=0) > 1e-9 * np.abs(got).max(initial=0):
        return ""
    ratio = got[large] / expected[large]
    k = float(np.median(ratio))
    if not np.allclose(ratio, k, rtol=1e-6) or abs(k) < 1e-12:
        return ""
    sign = " with the wrong sign" if k < 0 else ""
    if np.isclose(abs(k), 1):
        return "has the wrong sign" if k < 0 else ""  # what is near 0 is wrong
    for number, name in {expected.size: "elements", **sizes}.items():
        if number > 2 and np.isclose(abs(k), 1 / number):
            return (
                f"is 1/{number} of what is expected{sign}: a mean over the {number} {name}, "
                "not a sum?"
            )
        if number > 2 and np.isclose(abs(k), number):
            return (
                f"is {number} times what is expected{sign}: a sum over the {number} {name}, "
                "not a mean?"
            )
    if np.isclose(abs(k), 0.5):
        return f"is half of what is expected{sign}: a factor 2 is missing"
    if np.isclose(abs(k), 2):
        return f"is twice what is expected{sign}: a factor 2 too many"
    return f"is {abs(k):.4g} times what is expected{sign}, everywhere"


def _offset(got: np.ndarray, expected: np.ndarray) -> str:
    with np.errstate(invalid="ignore"):  # inf − inf
        gap = got - expected
    if got.size > 2 and gap.flat[0] and np.allclose(gap, gap.flat[0], rtol=1e-6, atol=0):
        more = "larger" if gap.flat[0] > 0 else "smaller"
        return f"is {more} than expected by {abs(gap.flat[0]):.4g}, everywhere"
    return ""


def _varied(expected: np.ndarray) -> bool:
    """Whether there are enough values to tell places from each other."""
    return len(np.unique(np.round(expected, 9))) >= 3


def _moved(
    got: np.ndarray, expected: np.ndarray, same: Callable[[np.ndarray, np.ndarray], bool]
) -> str:
    """The right values in wrong places, all moved alike."""
    if not _varied(expected):
        return ""
    for order in permutations(range(got.ndim)):
        if list(order) != list(range(got.ndim)) and same(got.transpose(order), expected):
            return f"has its axes exchanged: transpose({', '.join(map(str, order))}) makes it right"
    for axis in range(got.ndim):
        if same(np.flip(got, axis), expected):
            return f"is reversed along axis {axis}"
        for step in (1, -1):
            if same(np.roll(got, step, axis), expected):
                return f"is shifted by one along axis {axis}"
    return ""
