"""Lesson 30: dice."""

import numpy as np

from lessons.workbook.judge import ask, leaf, loss, same
from minipose import losses, metrics
from tests import loss_reference

rng = np.random.default_rng(30)
P = rng.uniform(0.05, 0.95, (4, 5, 6))
T = (rng.random((4, 5, 6)) < np.array([0.1, 0.3, 0.5, 0.8])[:, None, None]) * 1.0
SIZES = {4: "pictures", 5: "rows", 6: "columns", 30: "pixels"}


def dice(mine):
    a, b = P[0] > 0.5, T[2] > 0
    both, either = (a & b).sum(), (a | b).sum()
    known = {
        "without the 2": both / (a.sum() + b.sum()),
        "of overlap over union, another measure": both / either,
        "of the fraction of pixels that agree": (a == b).mean(),
        "over one mask alone": 2 * both / b.sum(),
        "with the union for the sum": 2 * both / either,
    }
    same("dice", ask(mine.dice, a, b), float(metrics.dice_coefficient(a, b)), known=known)
    empty = np.zeros((3, 3), bool)
    same("dice of two empty masks", mine.dice(empty, empty), 1.0)
    same("dice of an empty mask and another", mine.dice(empty, ~empty), 0.0)


def dice_loss(mine):
    s, axes = 1e-6, (1, 2)
    overlap = (P * T).sum(axes, keepdims=True)
    below = P.sum(axes, keepdims=True) + T.sum(axes, keepdims=True) + s
    each = (2 * overlap + s) / below
    whole = (2 * overlap.sum() + s) / (P.sum() + T.sum() + s)
    known = {
        "of dice itself: a loss is 1 − dice": each.mean(),
        "without the 2": 1 - ((overlap + s) / below).mean(),
        "if all pictures are one: a dice for each, then the mean": 1 - whole,
        "of a loss for each picture: their mean": (1 - each).ravel(),
        "of the sum of all: 1 minus the mean": 4 - each.sum(),
    }

    def gradients(g):
        return {
            "with the wrong sign: more overlap, less loss": g * (2 * T - each) / below / 4,
            "without 1/N": -g * (2 * T - each) / below,
            "if the sum below were fixed: it grows with p, too": -g * 2 * T / below / 4,
            "without the 2 at the target": -g * (T - each) / below / 4,
            "if g is forgotten": -(2 * T - each) / below / 4,
            "if it is not divided by the sum below": -g * (2 * T - each) / 4,
        }

    loss(
        "dice_loss",
        mine.dice_loss,
        {"probabilities": P},
        T,
        loss_reference.dice_loss,
        losses.dice_loss,
        SIZES,
        known,
        gradients,
    )
    nothing = np.zeros((1, 2, 2))
    empty = mine.dice_loss(leaf(nothing), nothing).data
    same("dice_loss of an empty mask in which nothing is found (s above and below)", empty, 0.0)


PARTS = (dice, dice_loss)
