"""From the highest probability in a joint's channel to the probability that the joint is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minipose.nn import Module
from minipose.plots.people import FOUND

SURE = 0.5  # confidence from which a joint counts as found
TINY = 1e-6


def log_odds(p: np.ndarray) -> np.ndarray:
    """log p/(1−p), for p between 10⁻⁶ and 1 − 10⁻⁶."""
    p = np.clip(np.asarray(p, dtype=np.float64), TINY, 1 - TINY)
    return np.log(p) - np.log1p(-p)


@dataclass(frozen=True)
class Calibration:
    """P(the joint is in the picture) = σ(slope · log-odds(p) + offset).

    p is the highest probability in the joint's channel, which says how sure the network is of a
    pixel, in a training that counts the background for less than it is: not how sure it is of the
    joint.

    Source: J. Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    slope: float = 1.0
    offset: float = float(-log_odds(FOUND))  # a probability of 0.1 is a confidence of one half

    def __call__(self, highest: np.ndarray) -> np.ndarray:
        """The confidences for the highest probabilities, of any shape."""
        return 1 / (1 + np.exp(-self.slope * log_odds(highest) - self.offset))


UNTOLD = Calibration()  # of a network that came without one


def calibrate(highest: np.ndarray, present: np.ndarray, steps: int = 50) -> Calibration:
    """The calibration with the greatest likelihood, by Newton's method.

    As Platt did, each kind counts as if one more of the other had been seen, so that kinds that are
    told apart without error give finite numbers.
    """
    x = np.stack([log_odds(highest), np.ones(len(highest))], axis=1)
    there, absent = present.sum(), (~present).sum()
    target = np.where(present, (there + 1) / (there + 2), 1 / (absent + 2))
    w = np.array([1.0, 0.0])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - target)
        curvature = (x * (p * (1 - p))[:, None]).T @ x + 1e-9 * np.eye(2)
        change = np.linalg.solve(curvature, gradient)
        w -= change / max(1.0, np.abs(change).max())
        if np.abs(change).max() < 1e-8:
            break
    return Calibration(float(w[0]), float(w[1]))


def calibration_of(model: Module) -> Calibration:
    """The calibration that came with a checkpoint; without one a probability of 0.1 is one half."""
    return getattr(model, "calibration", UNTOLD)
