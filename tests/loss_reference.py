"""The losses again, with loops over single numbers. Shares nothing with ``minipose``."""

from __future__ import annotations

import math

import numpy as np

from tests.reference import mean, softmax


def joint_squared_error(predicted, target):
    """Half the squares, summed over coordinates, averaged over samples."""
    total = 0.0
    for at in np.ndindex(predicted.shape):
        total += 0.5 * (predicted[at] - target[at]) ** 2
    return np.array(total / predicted.shape[0])


def joint_distance(predicted, target):
    """The mean length of three differences in turn."""
    a, b = predicted.ravel(), target.ravel()
    lengths = [math.dist(a[i : i + 3], b[i : i + 3]) for i in range(0, a.size, 3)]
    return np.array(np.sum(lengths) / len(lengths))


def window_cross_entropy(logits, target):
    """Half of −h log ĥ − (1 − h) log(1 − ĥ) with ĥ = (1 + tanh z)/2, as the report writes it."""
    total = 0.0
    for z, h in zip(logits.ravel(), target.ravel(), strict=True):
        guess = (1 + math.tanh(z)) / 2
        total += 0.5 * (-h * math.log(guess) - (1 - h) * math.log(1 - guess))
    return np.array(total / logits.shape[0])


def dice_loss(probabilities, target, smooth=1e-6):
    """1 minus the mean over images of twice the overlap by the sum of both."""
    dice = 0.0
    for p, t in zip(probabilities, target, strict=True):
        overlap = total = 0.0
        for at in np.ndindex(p.shape):
            overlap += p[at] * t[at]
            total += p[at] + t[at]
        dice += (2 * overlap + smooth) / (total + smooth)
    return np.array(1 - dice / len(probabilities))


def mse(predicted, target):
    """The mean square of the differences."""
    return mean((predicted - target) ** 2)


def categorical_cross_entropy(logits, target):
    """−t_c log softmax(z)_c, summed over classes (axis 1), averaged over pixels."""
    probabilities, total = softmax(logits, 1), 0.0
    for at in np.ndindex(logits.shape):
        total -= target[at] * math.log(probabilities[at])
    return np.array(total * logits.shape[1] / logits.size)


def cross_entropy_of_labels(logits, target):
    """−log softmax(z) of the right class of each pixel, averaged."""
    probabilities = softmax(logits, 1)
    found = [probabilities[(at[0], target[at], *at[1:])] for at in np.ndindex(target.shape)]
    return np.array(-math.fsum(math.log(p) for p in found) / len(found))
