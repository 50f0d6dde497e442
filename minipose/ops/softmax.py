"""Turning scores into probabilities along one axis."""

from __future__ import annotations

from minipose.backend import array_module
from minipose.tensor import Tensor, record


def softmax(x: Tensor, axis: int = 1) -> Tensor:
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ along ``axis``,  dL/dx = y · (dL/dy − Σⱼ dL/dyⱼ yⱼ).

    The largest score is subtracted first, which cancels in the quotient and prevents overflow.
    """
    _check_axis("softmax", x, axis)
    xp = array_module(x.data)
    y = xp.exp(x.data - x.data.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)

    def backward(grad_y):
        return (y * (grad_y - (grad_y * y).sum(axis=axis, keepdims=True)),)

    return record("softmax", y, inputs=(x,), backward=backward)


def log_softmax(x: Tensor, axis: int = 1) -> Tensor:
    """yᵢ = xᵢ − ln Σⱼ e^xⱼ along ``axis``,  dL/dx = dL/dy − softmax(x) · Σⱼ dL/dyⱼ."""
    _check_axis("log_softmax", x, axis)
    xp = array_module(x.data)
    y = x.data - x.data.max(axis=axis, keepdims=True)
    y -= xp.log(xp.exp(y).sum(axis=axis, keepdims=True))

    def backward(grad_y):
        return (grad_y - xp.exp(y) * grad_y.sum(axis=axis, keepdims=True),)

    return record("log_softmax", y, inputs=(x,), backward=backward)


def _check_axis(name: str, x: Tensor, axis: int) -> None:
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: axis {axis} is not an axis of shape {x.shape}")
