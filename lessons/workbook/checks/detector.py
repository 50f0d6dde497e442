"""Lesson 20: softplus and the detector's loss."""

import numpy as np

from lessons.workbook.judge import ask, leaf, loss, same
from minipose import losses
from tests import loss_reference

rng = np.random.default_rng(20)
Z = rng.normal(0, 2, (4, 17))
H = (rng.random((4, 17)) < 0.3) * 1.0


def softplus(mine):
    a = np.array([-3.0, -0.5, 0.0, 0.5, 4.0])
    right = np.log(1 + np.exp(a))
    known = {
        "without max(a, 0)": np.log1p(np.exp(-np.abs(a))),
        "if the exponent is +|a|": np.maximum(a, 0) + np.log1p(np.exp(np.abs(a))),
        "of e to the a, not of 1 + eᵃ": a,
        "of log1p(1 + …): log1p adds the 1 itself": np.maximum(a, 0)
        + np.log1p(1 + np.exp(-np.abs(a))),
    }
    same("softplus", ask(mine.softplus, a), right, known=known)
    same("softplus of 1000 and −1000", mine.softplus(np.array([1000.0, -1000.0])), [1000.0, 0.0])
    tiny = mine.softplus(np.array([-50.0]))
    same(
        "softplus of −50, where 1 + e⁻⁵⁰ is 1 to the last digit (np.log1p),",
        tiny,
        [np.exp(-50.0)],
        rtol=1e-6,
        atol=0,
    )


def window_cross_entropy(mine):
    p = (1 + np.tanh(Z)) / 2
    q = 1 / (1 + np.exp(-Z))
    right = float(loss_reference.window_cross_entropy(Z, H))
    known = {
        "without the ½": 2 * right,
        "without 1/T": 4 * right,
        "if all numbers are averaged: sum over windows, mean over pictures": right / 17,
        "with z for 2z": 0.125 * float((np.log1p(np.exp(Z)) - H * Z).sum()),
        "with 2z in softplus, and z beside the label": 0.125
        * float((np.log1p(np.exp(2 * Z)) - H * Z).sum()),
    }

    def gradients(g):
        return {
            "with h − ĥ: it is ĥ − h": g * (H - p) / 4,
            "without 1/T": g * (p - H),
            "without the ½: then it is twice ĥ − h": 2 * g * (p - H) / 4,
            "with ĥ = σ(z): here it is σ(2z)": g * (q - H) / 4,
            "with tanh z for ĥ: ĥ = (1 + tanh z)/2": g * (np.tanh(Z) - H) / 4,
            "if g is forgotten": (p - H) / 4,
        }

    loss(
        "window_cross_entropy",
        mine.window_cross_entropy,
        {"scores": Z},
        H,
        loss_reference.window_cross_entropy,
        losses.window_cross_entropy,
        {4: "pictures", 17: "windows"},
        known,
        gradients,
    )
    sure = mine.window_cross_entropy(leaf(np.full((1, 1), 400.0)), np.zeros((1, 1)))
    same("the loss of a sure and wrong answer, z = 400", sure.data, 400.0)


window_cross_entropy.needs = (softplus,)
PARTS = (softplus, window_cross_entropy)
