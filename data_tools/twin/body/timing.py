"""When somebody moves: quiet and hasty moments, changes from one pose to the next, beats."""

from __future__ import annotations

import numpy as np

from data_tools.twin.body.footing import ease


def slow_noise(rng: np.random.Generator, t: np.ndarray, hertz: float) -> np.ndarray:
    """A smooth random curve of mean 0 and deviation about 1, of frequencies up to 2.4·hertz."""
    total = np.zeros(len(t))
    for k in (0.5, 1.0, 1.5, 2.0):
        total += np.cos(2 * np.pi * hertz * k * t * rng.uniform(0.8, 1.2) + rng.uniform(0, 6.28))
    return total / np.sqrt(2.0)


def changes(
    rng: np.random.Generator,
    t: np.ndarray,
    stays: tuple[float, float],
    moves: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """What somebody does when they do one thing after another.

    Parameters
    ----------
    t : (T,) s
    stays, moves : s, least and most, of an action and of the way to the next

    Returns
    -------
    number : (T,) of the action that is come from, 0, 1, ...
    way : (T,) how far the way to the next is gone, 0 to 1 with level ends
    """
    number, way = np.zeros(len(t), dtype=int), np.zeros(len(t))
    begin = t[0] - rng.uniform(0, stays[1])
    k = 0
    while begin < t[-1]:
        leave = begin + rng.uniform(*stays)
        arrive = leave + rng.uniform(*moves)
        here = (t >= begin) & (t < arrive)
        number[here] = k
        way[here] = ease((t[here] - leave) / (arrive - leave))
        begin, k = arrive, k + 1
    return number, way


def between(values: np.ndarray, number: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The path through ``values`` (K, ...) that ``changes`` describes: (T, ...)."""
    way = way.reshape(-1, *[1] * (values.ndim - 1))
    return values[number] + way * (values[number + 1] - values[number])


def during(chosen: np.ndarray, number: np.ndarray, way: np.ndarray) -> np.ndarray:
    """How much of what is done now is of the kind: (T,), ``chosen`` bool (K,)."""
    return between(chosen.astype(float), number, way)
