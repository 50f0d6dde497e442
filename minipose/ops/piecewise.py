"""Choosing between values: what was not taken gets no gradient, what was taken all of it."""

from __future__ import annotations

import math

from minipose.backend import Array, array_module
from minipose.ops.elementwise import Operand, pair
from minipose.tensor import Tensor, record


def abs(x: Tensor) -> Tensor:
    """y = |x|,  dL/dx = dL/dy · sign x (0 at x = 0)."""
    xp, data = array_module(x.data), x.data

    def backward(grad_y):
        return (grad_y * xp.sign(data),)

    return record("abs", xp.abs(data), inputs=(x,), backward=backward)


def clip(x: Tensor, low: float | None = None, high: float | None = None) -> Tensor:
    """y = min(max(x, low), high),  dL/dx = dL/dy where low ≤ x ≤ high, else 0."""
    low = -math.inf if low is None else float(low)
    high = math.inf if high is None else float(high)
    if not low <= high:
        raise ValueError(f"clip: expected low ≤ high, got {low} and {high}")
    data = x.data

    def backward(grad_y):
        return (grad_y * ((data >= low) & (data <= high)),)

    return record("clip", array_module(data).clip(data, low, high), inputs=(x,), backward=backward)


def maximum(a: Operand, b: Operand) -> Tensor:
    """y = the larger of a and b, which gets dL/dy; where they are equal, each gets half of it."""
    a, b = pair("maximum", a, b)
    return _one_of("maximum", array_module(a.data).maximum(a.data, b.data), a, b)


def minimum(a: Operand, b: Operand) -> Tensor:
    """y = the smaller of a and b, which gets dL/dy; where they are equal, each gets half of it."""
    a, b = pair("minimum", a, b)
    return _one_of("minimum", array_module(a.data).minimum(a.data, b.data), a, b)


def _one_of(name: str, y: Array, a: Tensor, b: Tensor) -> Tensor:
    a_data, b_data = a.data, b.data

    def backward(grad_y):
        half = 0.5 * (a_data == b_data)
        fraction = ((y == a_data) - half).astype(y.dtype)  # of the gradient, for a
        return grad_y * fraction, grad_y * (1 - fraction)

    return record(name, y, inputs=(a, b), backward=backward)


def where(condition: Array, a: Operand, b: Operand) -> Tensor:
    """y = a where ``condition`` holds, else b; dL/dy goes to the one that was taken.

    ``condition`` is an array of booleans, such as ``x > 0``.
    """
    if isinstance(condition, Tensor):
        raise TypeError("where: a Tensor is no condition; take an array, such as x > 0")
    a, b = pair("where", a, b)
    xp = array_module(a.data)
    taken = xp.array(condition, dtype=bool)
    try:
        y = xp.where(taken, a.data, b.data)
    except ValueError:
        shapes = f"condition {taken.shape}, a {a.shape} and b {b.shape}"
        raise ValueError(f"where: {shapes} do not broadcast") from None

    def backward(grad_y):
        return xp.where(taken, grad_y, 0), xp.where(taken, 0, grad_y)

    return record("where", y, inputs=(a, b), backward=backward)
