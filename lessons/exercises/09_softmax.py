# Fill in each "your turn", then: make check N=9
"""One of several: probabilities from scores, and the price of a wrong choice."""

import numpy as np

from mine.linear_tanh import Tensor


def softmax(scores):
    """p_i = exp(z_i) / Σ_j exp(z_j) for each row of an array (examples, classes).

    The same number may be subtracted from all scores of a row: then exp of 1000 never comes up.
    """
    # Your turn.
    raise NotImplementedError("your turn")


def log_softmax(scores):
    """log p_i = z_i − log Σ_j exp(z_j), without taking the logarithm of a p that has become 0."""
    # Your turn: subtract the row's largest score first, then the formula.
    raise NotImplementedError("your turn")


def cross_entropy(scores, target):
    """L = −(1/N) Σ_n Σ_c t log p: a tensor of scores (N, classes), an array of the same shape.

    ``target`` has a 1 in each row, for the right class. dL/dz is a famous, short formula.
    """
    # Your turn: the loss is one number; the rule is a tuple of one. Its g is one number, too.
    raise NotImplementedError("your turn")
