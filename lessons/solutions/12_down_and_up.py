"""Steps that only move numbers: averages, copies, channels side by side, a picture as a row."""

import numpy as np

from mine.linear_tanh import Tensor


def avg_pool(x):
    """The mean of each block of 2 × 2: (N, C, H, W) -> (N, C, H / 2, W / 2); H and W are even."""
    n, c, height, width = x.data.shape
    y = x.data.reshape(n, c, height // 2, 2, width // 2, 2).mean(axis=(3, 5))

    def rule(g):
        # Your turn: four were added, each with the factor ¼. np.repeat(a, 2, axis) copies.
        return (np.repeat(np.repeat(g, 2, axis=2), 2, axis=3) / 4,)

    return Tensor(y, (x,), rule)


def upsample(x):
    """Each pixel becomes a block of 2 × 2: (N, C, H, W) -> (N, C, 2H, 2W)."""
    y = np.repeat(np.repeat(x.data, 2, axis=2), 2, axis=3)

    def rule(g):
        # Your turn: what was copied gets the sum of what comes from its copies.
        n, c, height, width = x.data.shape
        return (g.reshape(n, c, height, 2, width, 2).sum(axis=(3, 5)),)

    return Tensor(y, (x,), rule)


def concatenate(a, b):
    """The channels of a and then those of b: (N, A, H, W) and (N, B, H, W) -> (N, A + B, H, W)."""
    # Your turn: the result and its rule.
    cut = a.data.shape[1]
    y = np.concatenate([a.data, b.data], axis=1)
    return Tensor(y, (a, b), lambda g: (g[:, :cut], g[:, cut:]))


def flatten(x):
    """All numbers of an example in one row: (N, C, H, W) -> (N, C·H·W)."""
    # Your turn: the result and its rule.
    shape = x.data.shape
    return Tensor(x.data.reshape(len(x.data), -1), (x,), lambda g: (g.reshape(shape),))
