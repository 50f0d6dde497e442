# Fill in each "your turn", then: make check N=13
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
    raise NotImplementedError("your turn")


def glorot(shape, rng):
    """Weights drawn uniformly from −a to a, with a = √(6 / (in + out))."""
    # Your turn: rng.uniform(low, high, shape).
    raise NotImplementedError("your turn")


def relu(x):
    """y = max(x, 0) for each element of a tensor; its slope is 1 above 0 and 0 below."""
    # Your turn: the result and its rule.
    raise NotImplementedError("your turn")
