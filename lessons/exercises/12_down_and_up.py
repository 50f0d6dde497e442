# Fill in each "your turn", then: make check N=12
"""Steps that only move numbers: averages, copies, channels side by side, a picture as a row."""

import numpy as np

from mine.linear_tanh import Tensor


def avg_pool(x):
    """The mean of each block of 2 × 2: (N, C, H, W) -> (N, C, H / 2, W / 2); H and W are even."""
    n, c, height, width = x.data.shape
    y = x.data.reshape(n, c, height // 2, 2, width // 2, 2).mean(axis=(3, 5))

    def rule(g):
        # Your turn: four were added, each with the factor ¼. np.repeat(a, 2, axis) copies.
        raise NotImplementedError("your turn")

    return Tensor(y, (x,), rule)


def upsample(x):
    """Each pixel becomes a block of 2 × 2: (N, C, H, W) -> (N, C, 2H, 2W)."""
    y = np.repeat(np.repeat(x.data, 2, axis=2), 2, axis=3)

    def rule(g):
        # Your turn: what was copied gets the sum of what comes from its copies.
        raise NotImplementedError("your turn")

    return Tensor(y, (x,), rule)


def concatenate(a, b):
    """The channels of a and then those of b: (N, A, H, W) and (N, B, H, W) -> (N, A + B, H, W)."""
    # Your turn: the result and its rule.
    raise NotImplementedError("your turn")


def flatten(x):
    """All numbers of an example in one row: (N, C, H, W) -> (N, C·H·W)."""
    # Your turn: the result and its rule.
    raise NotImplementedError("your turn")
