"""What adds up over an axis: sums and means, matrix products, softmax."""

from __future__ import annotations

from collections.abc import Sequence

from minipose.backend import array_module
from minipose.kernels.faster import replaceable
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


@replaceable
def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Y = A B,  dL/dA = dL/dY Bᵀ,  dL/dB = Aᵀ dL/dY.

    Parameters
    ----------
    a : Tensor, shape (M, K)
    b : Tensor, shape (K, N)

    Returns
    -------
    Tensor, shape (M, N)
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"matmul: expected (M, K) and (K, N), got {a.shape} and {b.shape}")
    a_data, b_data = a.data, b.data
    a_needed, b_needed = a.requires_grad, b.requires_grad

    def backward(grad_y):
        grad_a = grad_y @ b_data.T if a_needed else None
        return grad_a, a_data.T @ grad_y if b_needed else None

    return record("matmul", a_data @ b_data, inputs=(a, b), backward=backward)


@replaceable
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Y = X Wᵀ + b,  dL/dX = dL/dY W,  dL/dW = dL/dYᵀ X,  dL/db = Σₙ dL/dY[n].

    Parameters
    ----------
    x : Tensor, shape (N, in)
    weight : Tensor, shape (out, in)
    bias : Tensor, shape (out,), optional

    Returns
    -------
    Tensor, shape (N, out)
    """
    if x.ndim != 2 or weight.ndim != 2 or x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"linear: expected x (N, in), weight (out, in), got {x.shape} and {weight.shape}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: expected bias {weight.shape[:1]}, got {bias.shape}")
    x_data, w_data = x.data, weight.data
    x_needed = x.requires_grad
    y = x_data @ w_data.T  # (N, out)
    if bias is not None:
        y += bias.data

    def backward(grad_y):
        grad_x = grad_y @ w_data if x_needed else None
        grad_w = grad_y.T @ x_data
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_y.sum(axis=0))

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("linear", y, inputs=inputs, backward=backward)


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


def _check_axis(name: str, x: Tensor, axis: int) -> None:
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: axis {axis} is not an axis of shape {x.shape}")
