# Fill in each "your turn", then: make check N=11
"""Max-pool: the largest of each block, and all of the gradient to it."""

import numpy as np

from mine.linear_tanh import Tensor


def max_pool(x):
    """y[…, p, q] = the largest of the block x[…, 2p : 2p + 2, 2q : 2q + 2].

    x (N, C, H, W) -> (N, C, H // 2, W // 2): a last row or column without a partner is dropped. On
    the way back, the largest of a block gets all that arrives; of several that are equal, the
    first in row order: upper left, upper right, lower left, lower right.
    """
    rows, columns = x.data.shape[2] // 2, x.data.shape[3] // 2
    kept = x.data[:, :, : 2 * rows, : 2 * columns]
    places = [(i, j) for i in (0, 1) for j in (0, 1)]
    blocks = np.stack([kept[:, :, i::2, j::2] for i, j in places])  # (4, N, C, H // 2, W // 2)
    # Your turn: y, and the rule. blocks.argmax(axis=0) says which of the four was largest.
    raise NotImplementedError("your turn")
