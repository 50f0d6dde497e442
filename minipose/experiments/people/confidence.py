"""From what is in a joint's channel to the probability that the joint is in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from minipose.experiments.people.recipe import Recipe
from minipose.nn import Module
from minipose.targets.heatmaps import expand, joint_targets

SURE = 0.5  # confidence from which a joint counts as found
HALF = 0.25  # the evidence that is a confidence of one half, where nothing was calibrated
TINY = 1e-6


def log_odds(p: np.ndarray) -> np.ndarray:
    """log p/(1−p), for p between 10⁻⁶ and 1 − 10⁻⁶."""
    p = np.clip(np.asarray(p, dtype=np.float64), TINY, 1 - TINY)
    return np.log(p) - np.log1p(-p)


def evidence(joints: np.ndarray, recipe: Recipe) -> np.ndarray:
    """How much of a joint is in its channel: Σ p / Σ target, between 0 and 1, (25,).

    A joint that is there has a spot of some pixels. However uncertain the network is of the place,
    the sum of the channel is as large as the spot's if it is sure of the joint, and nearly 0 if it
    is sure that the joint is cut off. Sums rank joints better than the highest pixel does: where
    pictures are cut down to a part, and more so in photographs.

    A cross entropy in which the background counts w times teaches q with q_joint ∝ p_joint and
    q_background ∝ w · p_background; the sum is over p.

    Parameters
    ----------
    joints : (26, h, w), the softmax q
    """
    odds = joints.copy()
    odds[0] /= max(recipe.background_weight, 1e-6)
    p = odds[1:] / np.maximum(odds.sum(axis=0), 1e-12)
    return np.clip(p.sum(axis=(1, 2)) / _spot(recipe.outputs.joints), 0, 1)


@cache
def _spot(target: str) -> float:
    """The sum over the target of a joint that stands alone."""
    alone = np.zeros((25, 3), np.float32)
    alone[0] = (16, 16, 1)
    classes, values = joint_targets(alone, (32, 32))
    return float(expand(classes, values if target == "confidences" else None)[1].sum())


@dataclass(frozen=True)
class Calibration:
    """P(the joint is in the picture) = σ(slope · log-odds(evidence) + offset).

    Source: J. Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    slope: float = 1.0
    offset: float = float(-log_odds(HALF))

    def __post_init__(self) -> None:
        if not all(isinstance(v, float | int) for v in (self.slope, self.offset)):
            raise ValueError(f"calibration: expected two numbers, got {self.slope}, {self.offset}")

    def __call__(self, evidence: np.ndarray) -> np.ndarray:
        """The confidences, of any shape."""
        return 1 / (1 + np.exp(-self.slope * log_odds(evidence) - self.offset))


UNTOLD = Calibration()  # of a network that came without one


def calibrate(evidence: np.ndarray, present: np.ndarray, steps: int = 50) -> Calibration:
    """The calibration with the greatest likelihood, by Newton's method.

    As Platt did, each kind counts as if one more of the other had been seen, so that kinds that are
    told apart without error give finite numbers.
    """
    x = np.stack([log_odds(evidence), np.ones(len(evidence))], axis=1)
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
    """The calibration that came with a checkpoint; or one that is not fitted."""
    return getattr(model, "calibration", UNTOLD)
