"""Limits for gradients: one step that is far too long can undo all before it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from minipose.backend import Array, array_module
from minipose.optim.groups import each_once
from minipose.tensor import Parameter


def clip_gradients(parameters: Iterable[Parameter], max_norm: float) -> Array:
    """g ← g·min(1, max_norm/‖g‖), where ‖g‖ is the norm of all gradients taken as one vector.

    The direction stays. Call it between ``backward`` and ``step``; parameters without a gradient
    count as 0, one that is given twice counts once.

    Returns
    -------
    array, 0-d
        ‖g‖ before, in float64. It stays where the gradients are: only reading it waits for a GPU.

    Raises ValueError for a limit that is not above 0.
    """
    with_gradient = _with_gradient("clip_gradients", "max_norm", parameters, max_norm)
    if not with_gradient:
        return np.zeros(())
    xp = array_module(with_gradient[0].grad)
    squares = [xp.square(p.grad, dtype=np.float64).sum() for p in with_gradient]
    norm = xp.sqrt(xp.stack(squares).sum())
    max_norm = float(max_norm)
    factor = max_norm / xp.maximum(norm, max_norm)  # exactly 1 where nothing is to be done
    for p in with_gradient:
        p.grad = xp.asarray(p.grad * factor.astype(p.dtype))  # NumPy's 0-d results are numbers
    return norm


def clip_gradient_values(parameters: Iterable[Parameter], limit: float) -> None:
    """g ← min(max(g, −limit), limit), each number by itself.

    Raises ValueError for a limit that is not above 0.
    """
    for p in _with_gradient("clip_gradient_values", "limit", parameters, limit):
        xp = array_module(p.grad)
        p.grad = xp.asarray(xp.clip(p.grad, -float(limit), float(limit)))


def _with_gradient(
    name: str, limit_name: str, parameters: Iterable[Parameter], limit: float
) -> list[Parameter]:
    if not isinstance(limit, (int, float, np.number)) or not 0 < limit < math.inf:
        raise ValueError(f"{name}: expected {limit_name} above 0, got {limit}")
    return [p for p in each_once(name, parameters) if p.grad is not None]
