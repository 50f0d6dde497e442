# Fill in each "your turn", then: make check N=30
"""Dice: twice the overlap over the sum, as a measure and as a loss."""

import numpy as np

from mine.linear_tanh import Tensor


def dice(mask, other):
    """2·|A ∩ B| / (|A| + |B|) of two masks, bool (H, W); 1 if both are empty."""
    # Your turn.
    raise NotImplementedError("your turn")


def dice_loss(probabilities, mask, smooth=1e-6):
    """1 − (1/N) Σ_n D_n,  D = (2 Σ p·t + s) / (Σ p + Σ t + s): sums over the pixels of a picture.

    probabilities (N, H, W) is a tensor, mask (N, H, W) an array of 0 and 1. The rule, by the
    quotient: dD/dp = (2 t − D) / (Σ p + Σ t + s).
    """
    # Your turn: the loss is one number. keepdims=True keeps shapes that fit.
    raise NotImplementedError("your turn")
