# Fill in each "your turn", then: make check N=6
"""Batches and the step: all examples once an epoch, a few at a time.

Parameters are tensors of exercise 5. Your ``backward`` of exercise 3 does the walk.
"""

import numpy as np

from mine.order import backward


def batches(count, size, rng):
    """One epoch: the numbers 0 to count − 1 in random order, cut into arrays of ``size``.

    The last batch may be smaller; every number is in exactly one. ``rng`` is a numpy Generator.
    """
    # Your turn: a list of integer arrays.
    raise NotImplementedError("your turn")


def step(parameters, loss_of, rate):
    """One step downhill: w ← w − rate · dL/dw for each parameter; returns the loss, a float.

    ``loss_of()`` computes the loss anew, a tensor. The .grad of each parameter is what the last
    step has left: it has to go before something new arrives.
    """
    # Your turn: forget old gradients, compute the loss, walk back, move each parameter's .data.
    raise NotImplementedError("your turn")
