"""What a few trainings with other seeds say about a claim: yes, no, or undecided.

>>> str(above([0.91, 0.92, 0.93], [0.81, 0.83, 0.82]))
'yes: by 0.1 (95 % interval 0.07516 to 0.1248)'
>>> above([0.91, 0.92, 0.93], [0.90, 0.93, 0.92]).answer
'undecided'
>>> alike([0.910, 0.911, 0.912], [0.911, 0.911, 0.911], within=0.01).answer
'yes'
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Verdict:
    """An answer, and the difference that it rests on with its interval of 95 %."""

    answer: str  # "yes", "no" or "undecided"
    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        if not math.isfinite(self.low):
            return f"{self.answer}: by {self.mean:.4g}, one seed says nothing of chance"
        interval = f"{self.low:.4g} to {self.high:.4g}"
        return f"{self.answer}: by {self.mean:.4g} (95 % interval {interval})"


def above(a: Sequence[float], b: Sequence[float], by: float = 0.0, tried: int = 1) -> Verdict:
    """Is a larger than b? Yes, if the interval of a − b lies above ``by``; no, if it lies below.

    Parameters
    ----------
    by : how much larger it has to be
    tried : of how many a is the one with the largest mean in these very trainings
    """
    mean, low, high = interval(a, b, tried)
    return Verdict("yes" if low > by else "no" if high < by else "undecided", mean, low, high)


def alike(a: Sequence[float], b: Sequence[float], within: float) -> Verdict:
    """Are a and b the same to ± ``within``? Yes, if all of the interval is; no, if none of it."""
    mean, low, high = interval(a, b)
    inside = -within < low and high < within
    outside = low > within or high < -within
    return Verdict("yes" if inside else "no" if outside else "undecided", mean, low, high)


def interval(a: Sequence[float], b: Sequence[float], tried: int = 1) -> tuple[float, float, float]:
    """The mean of a − b, pair by pair, and Student's interval of 95 %: d̄ ± t·s/√n.

    The pairs are trainings with the same seed. One pair has an endless interval. Of several that
    were ``tried`` against b, all intervals together hold in 95 % of the cases (Bonferroni).
    """
    if len(a) != len(b) or not len(a):
        raise ValueError(f"expected as many values of one as of the other, got {len(a)}, {len(b)}")
    differences = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    n, mean = len(differences), float(differences.mean())
    if n == 1:
        return mean, -math.inf, math.inf
    quantile = student.ppf(1 - (1 - CONFIDENCE) / 2 / tried, n - 1)
    half = float(quantile * differences.std(ddof=1) / math.sqrt(n))
    return mean, mean - half, mean + half


def mean_and_spread(values: Sequence[float]) -> str:
    """ "0.9123 ± 0.0021": the mean and the standard deviation of trainings with other seeds."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) == 1:
        return _digits(values[0], 4)
    return f"{_digits(values.mean(), 4)} ± {_digits(values.std(ddof=1), 2)}"


def _digits(value: float, count: int) -> str:
    """So many digits, or as many as a whole number has: 12346 is not 1.235e+04."""
    return f"{value:.{count}g}" if abs(value) < 10**count - 0.5 else f"{value:.0f}"
