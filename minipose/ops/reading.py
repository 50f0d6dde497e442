"""What is read off a tensor: comparisons and places. Arrays come back, and nothing is recorded."""

from __future__ import annotations

import operator
from collections.abc import Callable

from minipose.backend import Array, array_module, is_array
from minipose.ops.elementwise import Operand, pair
from minipose.tensor import Tensor


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
    if axis is not None and not -x.ndim <= axis < x.ndim:
        raise ValueError(f"argmax: axis {axis} is not an axis of shape {x.shape}")
    if not (x.size if axis is None else x.shape[axis]):
        raise ValueError(f"argmax: no elements along axis {axis} of shape {x.shape}")
    return array_module(x.data).asarray(x.data.argmax(axis=axis))
