"""``training.scaling`` without waiting: whether gradients are finite stays on the GPU."""

from __future__ import annotations

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast.device.kernel import Kernel
from minipose.fast.device.updates import STEPS, all_at_once, flat_of, gathered
from minipose.kernels.faster import offer
from minipose.optim import Optimizer
from minipose.tensor import Parameter
from minipose.training import scaling as plain
from minipose.training.scaling import LEAST, MOST, LossScale


def _divided(scale: Array, g: Array) -> None:
    g /= scale


DIVIDED = Kernel("divided", "T scale", "T g", "g = g / scale;", _divided)


def _kept(finite: Array, before: Array, now: Array) -> None:
    now[...] = np.where(finite, now, before)


KEPT = Kernel("kept", "bool finite, T before", "T now", "now = finite ? now : before;", _kept)


def _next_scale(finite: Array, patience: int, scale: Array, good: Array) -> None:
    good[...] = np.where(finite, good + 1, 0)
    grows = good >= patience
    factor = np.where(finite, np.where(grows, 2.0, 1.0), 0.5)
    scale[...] = np.clip(scale * factor, LEAST, MOST)
    good[...] = np.where(grows, 0, good)


NEXT_SCALE = Kernel(
    "next_scale",
    "bool finite, int32 patience",
    "T scale, int32 good",
    f"""
    good = finite ? good + 1 : 0;
    const bool grows = good >= patience;
    const T factor = finite ? T(grows ? 2 : 1) : T(0.5);
    scale = min(max(scale * factor, T({LEAST!r})), T({MOST!r}));
    if (grows) good = 0;
    """,
    _next_scale,
)


def unscale(scaling: LossScale, parameters: list[Parameter]) -> Array:
    """All gradients become views of one flat array: seven calls for any number of them."""
    moved = [p for p in parameters if p.grad is not None]
    xp, flat, start = array_module(scaling.scale), gathered([p.grad for p in moved]), 0
    DIVIDED(scaling.scale, flat)
    for p in moved:
        p.grad = flat[start : start + p.size].reshape(p.shape)
        start += p.size
    return xp.isfinite(flat).all().reshape(1)


def step_if(optimizer: Optimizer, finite: Array) -> None:
    """The step is made in any case, and taken back where it should not have been.

    ``step_counts`` count it nevertheless: to know would be to wait.
    """
    flat = flat_of(optimizer)
    arrays = (flat.values, *flat.states)
    before = [array.copy() for array in arrays]
    optimizer.step()
    for old, now in zip(before, arrays, strict=True):
        KEPT(finite, old, now)


def next_scale(scaling: LossScale, finite: Array) -> None:
    """One call."""
    NEXT_SCALE(finite, scaling.patience, scaling.scale, scaling.good)


def _on_device(scaling: LossScale, *_: object) -> bool:
    return not isinstance(scaling.scale, np.ndarray)


def _suits_unscale(scaling: LossScale, parameters: list[Parameter]) -> bool:
    found = {p.grad.dtype for p in parameters if p.grad is not None}
    return _on_device(scaling) and found == {scaling.scale.dtype}


def _suits_step(optimizer: Optimizer, finite: Array) -> bool:
    if type(optimizer) not in STEPS or isinstance(finite, np.ndarray):
        return False
    moved = [i for i, p in enumerate(optimizer.parameters) if p.grad is not None]
    return all_at_once(optimizer, moved)


offer(plain.unscale, _suits_unscale, unscale)
offer(plain.step_if, _suits_step, step_if)
offer(plain.next_scale, _on_device, next_scale)
