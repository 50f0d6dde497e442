"""Arrays for gradient checks: float64, moderate values, any memory layout."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st


def layouts(array: np.ndarray) -> list[np.ndarray]:
    """The same values in four layouts: C order, Fortran order, every other element, reversed."""
    if array.ndim == 0:
        return [np.asarray(array)]
    spread = np.zeros(tuple(2 * n for n in array.shape))
    every_other = spread[tuple(slice(None, None, 2) for _ in array.shape)]
    every_other[...] = array
    reversed_memory = np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    return [array, np.asfortranarray(array), every_other, reversed_memory]


@st.composite
def arrays(draw, shape: tuple[int, ...], low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """A float64 array of that shape with uniform values and a random layout."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = np.asarray(rng.uniform(low, high, shape))
    return draw(st.sampled_from(layouts(values)))


@st.composite
def distinct(draw, shape: tuple[int, ...]) -> np.ndarray:
    """Values that are at least 0.01 apart, so that a small step never changes which is largest."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.permutation(int(np.prod(shape))).reshape(shape) * 0.01
    return draw(st.sampled_from(layouts(values - values.mean())))
