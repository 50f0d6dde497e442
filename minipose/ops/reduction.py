"""Sums and means over axes. Their adjoint is repetition: each summand gets the sum's gradient."""

from __future__ import annotations

from collections.abc import Sequence

from minipose.backend import array_module
from minipose.tensor import Tensor, record

Axes = int | Sequence[int] | None


def sum(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """y = Σ x over ``axis`` (by default all),  dL/dx = dL/dy at every summand."""
    xp, shape = array_module(x.data), x.shape
    axes = _normalise("sum", axis, shape)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))

    def backward(grad_y):
        return (xp.broadcast_to(grad_y.reshape(kept), shape),)

    y = xp.asarray(x.data.sum(axis=axes, keepdims=keepdims))
    return record("sum", y, inputs=(x,), backward=backward)


def mean(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """y = (1/n) Σ x over ``axis`` (by default all),  dL/dx = dL/dy / n at every summand."""
    xp, shape = array_module(x.data), x.shape
    axes = _normalise("mean", axis, shape)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    count = 1
    for i in axes:
        count *= shape[i]
    if count == 0:
        raise ValueError(f"mean: nothing to average over axes {axes} of shape {shape}")

    def backward(grad_y):
        return (xp.broadcast_to(grad_y.reshape(kept) / count, shape),)

    y = xp.asarray(x.data.sum(axis=axes, keepdims=keepdims) / count)
    return record("mean", y, inputs=(x,), backward=backward)


def _normalise(name: str, axis: Axes, shape: tuple[int, ...]) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(len(shape)))
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    if any(not -len(shape) <= a < len(shape) for a in axes):
        raise ValueError(f"{name}: axis {axis} is not an axis of shape {shape}")
    axes = tuple(a % len(shape) for a in axes)
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}: axis {axis} names an axis of shape {shape} twice")
    return axes
