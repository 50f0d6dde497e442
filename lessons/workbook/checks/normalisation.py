"""Lesson 14: batch norm."""

import numpy as np

from lessons.workbook.judge import operation
from minipose import ops
from tests import reference

rng = np.random.default_rng(14)
X = rng.normal(2, 3, (5, 3, 2, 4))
GAMMA, BETA = rng.uniform(0.5, 2, 3), rng.standard_normal(3)
SIZES = {5: "examples", 3: "channels", 40: "values of a channel"}
AXES = (0, 2, 3)


def _hat(axes=AXES, eps=1e-5, ddof=0):
    mean = X.mean(axis=axes, keepdims=True)
    return (X - mean) / np.sqrt(X.var(axis=axes, keepdims=True, ddof=ddof) + eps)


def batch_norm(mine):
    gamma, beta = GAMMA[:, None, None], BETA[:, None, None]
    hat, sigma = _hat(), np.sqrt(X.var(axis=AXES, keepdims=True) + 1e-5)
    centred = X - X.mean(axis=AXES, keepdims=True)
    known = {
        "without γ and β": hat,
        "without β": gamma * hat,
        "if each pixel has a mean of its own: one for a channel, axis (0, 2, 3)": lambda: (
            gamma * _hat((0,)) + beta
        ),
        "if each example has a mean of its own: one for a channel, axis (0, 2, 3)": lambda: (
            gamma * _hat((2, 3)) + beta
        ),
        "of one mean for all channels": lambda: gamma * _hat((0, 1, 2, 3)) + beta,
        "if the variance is divided by m − 1": lambda: gamma * _hat(ddof=1) + beta,
        "if eps is added to σ, not to the variance": lambda: (
            gamma * centred / (X.std(axis=AXES, keepdims=True) + 1e-5) + beta
        ),
        "divided by the variance: by its root": gamma * centred / (sigma * sigma) + beta,
        "without subtracting the mean": gamma * X / sigma + beta,
    }

    def of_x(g):
        h = gamma * g
        alike = h.mean(axis=AXES, keepdims=True)
        stretch = (h * hat).mean(axis=AXES, keepdims=True)
        return {
            "if mean and spread were fixed: they move with x, two terms are missing": h / sigma,
            "if the spread were fixed: −x̂·mean(h·x̂) is missing": (h - alike) / sigma,
            "if the mean were fixed: −mean(h) is missing": (h - hat * stretch) / sigma,
            "without 1/σ": h - alike - hat * stretch,
            "without γ: h = γ·g": (
                g
                - g.mean(axis=AXES, keepdims=True)
                - hat * (g * hat).mean(axis=AXES, keepdims=True)
            )
            / sigma,
            "if sums stand for the means": (h - 40 * alike - 40 * hat * stretch) / sigma,
        }

    gradients = {
        "x": of_x,
        "scale": lambda g: {
            "of the mean: it is the sum": (g * hat).mean(axis=AXES),
            "with x for x̂": (g * X).sum(axis=AXES),
            "of β: γ stands before x̂": g.sum(axis=AXES),
        },
        "shift": lambda g: {"of the mean: it is the sum": g.mean(axis=AXES)},
    }
    operation(
        "batch_norm",
        mine.batch_norm,
        {"x": X, "scale": GAMMA, "shift": BETA},
        lambda x, w, b: reference.batch_norm(x, w, b),
        lambda *t: ops.batch_norm(*t)[0],
        SIZES,
        known,
        gradients,
    )


PARTS = (batch_norm,)
