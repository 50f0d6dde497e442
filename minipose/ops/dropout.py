"""Switching off random units in training, so that none can rely on another."""

from __future__ import annotations

from typing import Any

from minipose.backend import array_module
from minipose.fast.parallel import product
from minipose.tensor import Tensor, record


def dropout(x: Tensor, rate: float, rng: Any) -> Tensor:
    """y = x · m / (1 − rate),  dL/dx = dL/dy · m / (1 − rate);  m is 0 at a share ``rate``, else 1.

    Dividing by 1 − rate keeps the mean of y equal to x, so nothing changes when dropout is off.

    Parameters
    ----------
    x : Tensor, any shape
    rate : float
        Share of elements set to zero, 0 ≤ rate < 1.
    rng : numpy or cupy random Generator
        Of the same library as x (``backend.generator``).
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: expected a rate of at least 0 and below 1, got {rate}")
    xp = array_module(x.data)
    keep = rng.random(x.shape, dtype=xp.float32) >= rate
    scale = keep * xp.asarray(1 / (1 - rate), dtype=x.dtype)

    def backward(grad_y):
        return (product(grad_y, scale),)

    return record("dropout", product(x.data, scale), inputs=(x,), backward=backward)
