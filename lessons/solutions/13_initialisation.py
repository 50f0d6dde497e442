"""How weights begin: neither too small nor too large. And the other bend, ReLU."""

import numpy as np

from mine.linear_tanh import Tensor


def fans(shape):
    """How many numbers one output is made of, and how many outputs one number goes to: (in, out).

    ``shape`` is (outputs, inputs) of a layer, or (out channels, in channels, k, k) of a
    convolution: there one output is made of (in channels) · k · k numbers, and one number goes to
    (out channels) · k · k outputs.
    """
    # Your turn.
    taps = int(np.prod(shape[2:]))
    return shape[1] * taps, shape[0] * taps


def glorot(shape, rng):
    """Weights drawn uniformly from −a to a, with a = √(6 / (in + out))."""
    # Your turn: rng.uniform(low, high, shape).
    limit = np.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-limit, limit, shape)


def relu(x):
    """y = max(x, 0) for each element of a tensor; its slope is 1 above 0 and 0 below."""
    # Your turn: the result and its rule.
    return Tensor(np.maximum(x.data, 0), (x,), lambda g: (g * (x.data > 0),))
