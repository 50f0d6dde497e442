"""1700 questions with yes or no: a loss in safe numbers."""

import numpy as np

from mine.linear_tanh import Tensor


def softplus(a):
    """log(1 + eᵃ) of an array, for any a: max(a, 0) + log(1 + e^−|a|)."""
    # Your turn: np.log1p(v) is log(1 + v).
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def window_cross_entropy(scores, labels):
    """Report 1's eq. 5, divided by the number of pictures T: scores z and labels h are (T, 1700).

    φ = (1/T) Σ ½ (softplus(2z) − 2hz); with ĥ = (1 + tanh z)/2, the derivative is short.
    """
    # Your turn: one number, and a rule with a tuple of one.
    z, count = scores.data, len(labels)
    loss = 0.5 / count * (softplus(2 * z) - 2 * labels * z).sum()
    return Tensor(loss, (scores,), lambda g: (g * ((1 + np.tanh(z)) / 2 - labels) / count,))
