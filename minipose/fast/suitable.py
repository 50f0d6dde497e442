"""What most fast ops ask of a call before they take it (``kernels.faster.offer``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minipose.tensor import Tensor


def on_cpu(*tensors: object) -> bool:
    """Whether there are Tensors, all of NumPy arrays and of one dtype."""
    arrays = [x.data for x in tensors if isinstance(x, Tensor)]
    if len(arrays) < len(tensors) or not all(isinstance(a, np.ndarray) for a in arrays):
        return False
    return len({a.dtype for a in arrays}) == 1


def accepted(check: Callable[..., Any], *args: Any) -> bool:
    """Whether a check of the plain op passes: if it raises, the plain op is to say so."""
    try:
        check(*args)
    except (TypeError, ValueError):
        return False
    return True
