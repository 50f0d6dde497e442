"""Lesson 9: probabilities, their logarithms, and the loss."""

import numpy as np

from lessons.workbook.judge import ask, leaf, loss, same
from minipose import losses
from tests import loss_reference, reference

Z = np.random.default_rng(9).normal(0, 2, (4, 3))
T = np.eye(3)[[0, 2, 1, 2]]
SIZES = {4: "examples", 3: "classes"}
LARGE = np.array([[1000.0, 1001.0, 999.0], [0.0, 1.0, -1.0], [-1000.0, -999.0, -1001.0]])


def softmax(mine):
    e, shifted = np.exp(Z), np.exp(Z - Z.max(axis=1, keepdims=True))
    known = {
        "if each column adds up to 1, not each row: axis=1": e / e.sum(axis=0),
        "if each column adds up to 1: axis=1": shifted / shifted.sum(axis=0),
        "if all together add up to 1: axis=1": e / e.sum(),
        "without the division": e,
        "without exp": Z / Z.sum(axis=1, keepdims=True),
        "of the logarithm": np.log(e / e.sum(axis=1, keepdims=True)),
    }
    same("softmax", ask(mine.softmax, Z), reference.softmax(Z, 1), SIZES, known)
    expected = reference.softmax(LARGE - LARGE.mean(axis=1, keepdims=True), 1)
    same(
        "softmax of scores around 1000, 0 and −1000 (subtract each row's largest)",
        ask(mine.softmax, LARGE),
        expected,
        {3: "classes"},
    )


def log_softmax(mine):
    p = reference.softmax(Z, 1)
    known = {
        "of the probability itself": p,
        "with the wrong sign": -np.log(p),
        "with axis 0": lambda: Z - np.log(np.exp(Z).sum(axis=0)),
        "without the logarithm of the sum": lambda: Z - np.exp(Z).sum(axis=1, keepdims=True),
    }
    same("log_softmax", ask(mine.log_softmax, Z), np.log(p), SIZES, known)
    far = np.array([[0.0, -2000.0], [3000.0, 0.0]])
    same(
        "log_softmax of scores 2000 and 3000 apart (not the logarithm of a p that is 0)",
        ask(mine.log_softmax, far),
        [[0.0, -2000.0], [0.0, -3000.0]],
    )


def cross_entropy(mine):
    p = reference.softmax(Z, 1)
    single = -(T * np.log(p)).sum(axis=1)
    known = {
        "of the sum over the examples: their mean": single.sum(),
        "of the mean over all numbers: sum over classes, mean over examples": single.sum() / 12,
        "with the wrong sign": -single.mean(),
        "of the probability, not of its logarithm": -(T * p).sum() / 4,
        "of a loss for each example: one number for all": single,
    }

    def gradients(g):
        return {
            "with t − p: it is p − t": g * (T - p) / 4,
            "without 1/N: the loss is a mean": g * (p - T),
            "without the target": g * p / 4,
            "of log p alone: −t/N, but each score moves all probabilities": -g * T / 4,
            "if g is forgotten": (p - T) / 4,
        }

    loss(
        "cross_entropy",
        mine.cross_entropy,
        {"scores": Z},
        T,
        loss_reference.categorical_cross_entropy,
        losses.categorical_cross_entropy,
        SIZES,
        known,
        gradients,
    )
    sure = mine.cross_entropy(leaf([[0.0, 2000.0]]), np.array([[1.0, 0.0]]))
    same("the loss of a sure and wrong answer (by log_softmax)", sure.data, 2000.0)


cross_entropy.needs = (softmax, log_softmax)
PARTS = (softmax, log_softmax, cross_entropy)
