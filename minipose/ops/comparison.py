"""Which is larger, and ops that choose by it: what was not taken gets no gradient.

Comparisons and places come back as arrays, and nothing is recorded.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import numpy as np

from minipose.backend import Array, array_module, is_array, is_whole
from minipose.ops.elementwise import Operand, pair, values
from minipose.tensor import Tensor, record


def _comparison(function: Callable) -> Callable[[Tensor, Operand], Array]:
    def compare(a: Tensor, b: Operand) -> Array:
        if not (isinstance(b, (Tensor, int, float, list, tuple)) or is_array(b)):
            return NotImplemented
        a, b = pair(function.__name__, a, b)
        return array_module(a.data).asarray(function(a.data, b.data))

    return compare


COMPARISONS = {
    f"__{name}__": _comparison(getattr(operator, name)) for name in "lt le gt ge eq ne".split()
}


def argmax(x: Tensor, axis: int | None = None) -> Array:
    """The place of the largest along ``axis``, or in row-major order; of equals the first."""
    data = values("argmax", x)
    if axis is not None and not is_whole(axis):
        raise TypeError(f"argmax: expected axis as a whole number or None, got {axis!r}")
    if axis is not None and not -x.ndim <= axis < x.ndim:
        raise ValueError(f"argmax: axis {axis} is not an axis of shape {x.shape}")
    if not (x.size if axis is None else x.shape[axis]):
        raise ValueError(f"argmax: no elements along axis {axis} of shape {x.shape}")
    return array_module(data).asarray(data.argmax(axis=axis))


def abs(x: Tensor) -> Tensor:
    """y = |x|,  dL/dx = dL/dy · sign x (0 at x = 0)."""
    data = values("abs", x)
    xp = array_module(data)

    def backward(grad_y):
        return (grad_y * xp.sign(data),)

    return record("abs", xp.abs(data), inputs=(x,), backward=backward)


def clip(x: Tensor, low: float | None = None, high: float | None = None) -> Tensor:
    """y = min(max(x, low), high),  dL/dx = dL/dy where low ≤ x ≤ high, else 0."""
    data = values("clip", x)
    low = -math.inf if low is None else _limit(low)
    high = math.inf if high is None else _limit(high)
    if not low <= high:
        raise ValueError(f"clip: expected low ≤ high, got {low} and {high}")

    def backward(grad_y):
        return (grad_y * ((data >= low) & (data <= high)),)

    return record("clip", array_module(data).clip(data, low, high), inputs=(x,), backward=backward)


def _limit(value: object) -> float:
    if not isinstance(value, (int, float, np.generic)):
        kind = type(value).__name__
        raise TypeError(f"clip: expected numbers as limits, got {kind}; see maximum, minimum")
    return float(value)


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
