"""Circular harmonic filters: the fixed patterns that learned numbers are multiplied with.

A filter of rotation order n in, o out, has the angular number ν = n − o in array angle
φ = atan2(row, column), which runs clockwise on the screen as rows go down:

    W[p] = Σ_r R_r · e^{iβ_r} · B_ν[r, p]  (+ (1 + i) · c · D[p] where ν = 0)

Everything here is computed in float64 and cast once, so the patterns are as symmetric as numbers
can be. ``tests/kernels/test_circular_harmonics.py`` holds their values.

Source: Worrall et al. 2017, section 4; synthesis as in the library that report 2 used.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

SIGMA = 0.5  # of the Gaussian that spreads a ring's samples over the pixels
SAMPLES = 4  # a ring has this many samples for each step along the side of the kernel

Streams = tuple[int, ...]  # complex channels of order 0, of order 1, ...


@functools.lru_cache
def ring_basis(kernel_size: int, number: int) -> np.ndarray:
    """B_ν (rings, k, k), complex: one pattern for each radius at which a profile is learned.

    The radii are the non-zero points that divide 0 … k/2 − ½ evenly: 1 for k = 3; 1 and 2 for 5.
    Samples lie on each ring; a pixel takes the Gaussian-weighted mean of all samples' e^{iνφ}.

    Parameters
    ----------
    kernel_size : int
        k, odd.
    number : int
        ν, the angular number.
    """
    grid = _grid(kernel_size)
    largest = kernel_size / 2 - 0.5
    rings = math.ceil(largest)
    radii = np.linspace(0, largest, rings + 1)[1:]
    angles = 2 * np.pi * np.arange(SAMPLES * (kernel_size - 1)) / (SAMPLES * (kernel_size - 1))
    down = grid[:, None, None, None] - radii[:, None] * np.sin(angles)
    right = grid[:, None, None] - radii[:, None] * np.cos(angles)
    weights = np.exp(-(down**2 + right**2) / (2 * SIGMA**2))  # (k, k, rings, angles)
    weights /= weights.sum(axis=(2, 3), keepdims=True)
    basis = (weights * np.exp(1j * number * angles)).sum(axis=3).transpose(2, 0, 1)
    basis = _symmetric(basis, number)
    basis.flags.writeable = False
    return basis


@functools.lru_cache
def centre_basis(kernel_size: int) -> np.ndarray:
    """D (k, k): a Gaussian about the centre with sum 1."""
    squares = _grid(kernel_size) ** 2
    basis = np.exp(-(squares[:, None] + squares) / (2 * SIGMA**2))
    basis /= basis.sum()
    basis.flags.writeable = False
    return basis


def _grid(kernel_size: int) -> np.ndarray:
    """Where pixels lie: from −k/2 to k/2, so that they are k/(k − 1) apart."""
    if kernel_size < 3 or kernel_size % 2 == 0:
        raise ValueError(f"harmonic filters: expected an odd kernel size from 3, got {kernel_size}")
    return np.linspace(-kernel_size / 2, kernel_size / 2, kernel_size)


def _symmetric(basis: np.ndarray, number: int) -> np.ndarray:
    """The mean over the four quarter turns, so that rotating the filter by one is exact.

    Rotated anticlockwise by 90° on the screen, a pattern of number ν is multiplied by e^{iν·90°}.
    The centre of ν ≠ 0 is zero up to rounding; here it is zero.
    """
    turns = [np.rot90(basis, q, axes=(1, 2)) * _quarter(-number * q) for q in range(4)]
    mean = sum(turns) / 4
    if number:
        middle = basis.shape[1] // 2
        mean[:, middle, middle] = 0
    return mean


def _quarter(turns: int) -> complex:
    """i^turns, exactly."""
    return (1, 1j, -1, -1j)[turns % 4]


# --- Where a stream's channels lie ----------------------------------------------------------------


def planes(streams: Sequence[int]) -> int:
    """Real planes of all streams: a complex channel has two."""
    return 2 * sum(streams)


def parts(streams: Sequence[int]) -> list[tuple[slice, slice]]:
    """For each order, the planes of its real parts and those of its imaginary parts.

    The planes are [re 0, im 0, re 1, im 1, …].

    >>> parts((2, 1))
    [(slice(0, 2, None), slice(2, 4, None)), (slice(4, 5, None), slice(5, 6, None))]
    """
    found, start = [], 0
    for count in streams:
        middle, end = start + count, start + 2 * count
        found.append((slice(start, middle), slice(middle, end)))
        start = end
    return found


def spans(streams: Sequence[int]) -> list[slice]:
    """For each order, its place among all complex channels.

    >>> spans((2, 1))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    ends = itertools.accumulate(streams, initial=0)
    return [slice(a, b) for a, b in itertools.pairwise(ends)]
