# Fill in each "your turn", then: make check N=16
"""A tree of layers: every parameter has a name, and can be saved."""

import numpy as np

from mine.convolution import conv2d
from mine.initialisation import glorot
from mine.linear_tanh import Tensor, linear


class Module:
    """An object with tensors and other modules as attributes: vars(self) is {name: attribute}."""

    def named_parameters(self, before=""):
        """{name: tensor} of this module and all below: {"weight": …, "first.weight": …}.

        In the order in which attributes were set. ``before`` stands in front of each name; a module
        that is the attribute "first" is asked with "first." in front. All else (numbers, arrays)
        is no parameter.
        """
        # Your turn: isinstance(part, Tensor), isinstance(part, Module).
        raise NotImplementedError("your turn")

    def parameters(self):
        """All tensors that are to be learned, as a list."""
        return list(self.named_parameters().values())

    def state(self):
        """{name: array} to be saved: copies, which stay as they are when training goes on."""
        # Your turn.
        raise NotImplementedError("your turn")

    def load(self, state):
        """Put saved arrays back, copies again.

        Raises ValueError if names or shapes are not those of this module; then nothing is changed.
        """
        # Your turn: look at all of it before anything is changed.
        raise NotImplementedError("your turn")


class Linear(Module):
    """Exercise 5's layer with a weight (outputs, inputs) and a bias of its own."""

    def __init__(self, inputs, outputs, rng):
        self.weight = Tensor(glorot((outputs, inputs), rng))
        self.bias = Tensor(np.zeros(outputs))

    def __call__(self, x):
        return linear(x, self.weight, self.bias)


class Conv2d(Module):
    """Exercise 10's convolution with a weight (O, C, k, k) and a bias of its own."""

    def __init__(self, channels, out, k, rng):
        self.weight = Tensor(glorot((out, channels, k, k), rng))
        self.bias = Tensor(np.zeros(out))

    def __call__(self, x):
        return conv2d(x, self.weight, self.bias)
