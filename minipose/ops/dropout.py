"""Switching off random units in training, so that none can rely on another."""

from __future__ import annotations

from typing import Any

from minipose.backend import Array, array_module
from minipose.kernels.faster import replaceable
from minipose.ops.elementwise import values
from minipose.tensor import Tensor, record


@replaceable
def dropout(x: Tensor, rate: float, rng: Any) -> Tensor:
    """y = x · m / (1 − rate),  dL/dx = dL/dy · m / (1 − rate).

    m is 0 for a random fraction ``rate`` of the elements, else 1. Dividing by 1 − rate keeps the
    mean of y equal to x, so nothing changes when dropout is off.

    Parameters
    ----------
    x : Tensor, any shape
    rate : float
        Fraction of elements set to zero, 0 ≤ rate < 1.
    rng : numpy or cupy random Generator
        Of the same library as x (``backend.generator``).
    """
    data = values("dropout", x)
    scale = kept_and_scaled("dropout", x, x.shape, rate, rng)

    def backward(grad_y):
        return (grad_y * scale,)

    return record("dropout", data * scale, inputs=(x,), backward=backward)


def kept_and_scaled(name: str, x: Tensor, shape: tuple[int, ...], rate: float, rng: Any) -> Array:
    """m / (1 − rate) in the library and dtype of x. Raises ValueError unless 0 ≤ rate < 1."""
    if not 0 <= rate < 1:
        raise ValueError(f"{name}: expected a rate of at least 0 and below 1, got {rate}")
    xp = array_module(x.data)
    keep = rng.random(shape, dtype=xp.float32) >= rate
    return keep * xp.asarray(1 / (1 - rate), dtype=x.dtype)
