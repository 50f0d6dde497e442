"""What most fast ops ask of a call before they take it (``kernels.faster.offer``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minipose.backend import in_half
from minipose.tensor import Tensor


def on_cpu(*tensors: object, bias: object = None) -> bool:
    """Whether all are Tensors of NumPy arrays of one dtype; only the bias may be left out.

    False within ``half_products``, which the plain ops' products imitate on a CPU.

    False for empty ones, too: there is nothing to be faster at, and no task to cut them into.
    """
    if in_half():
        return False
    dtypes = set()
    for x in tensors if bias is None else (*tensors, bias):
        if not (isinstance(x, Tensor) and isinstance(x.data, np.ndarray) and x.data.size):
            return False
        dtypes.add(x.data.dtype)
    return len(dtypes) == 1


def accepted(check: Callable[..., Any], *args: Any) -> bool:
    """Whether a check of the plain op passes: if it raises, the plain op is to say so."""
    try:
        check(*args)
    except (TypeError, ValueError):
        return False
    return True
