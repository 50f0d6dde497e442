"""What adds up over an axis: sums and means, matrix products, softmax."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from minipose.backend import array_module, is_whole, product
from minipose.kernels.faster import replaceable
from minipose.ops.elementwise import Operand, operands, values
from minipose.ops.shape import all_tensors, reshape
from minipose.tensor import Tensor, record

Axes = int | Sequence[int] | None
Shape = tuple[int, ...]


def sum(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """y = Σ x over ``axis`` (by default all),  dL/dx = dL/dy at every summand."""
    xp, shape = array_module(values("sum", x)), x.shape
    axes = _normalise("sum", axis, shape)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))

    def backward(grad_y):
        return (xp.broadcast_to(grad_y.reshape(kept), shape),)

    y = xp.asarray(x.data.sum(axis=axes, keepdims=keepdims))
    return record("sum", y, inputs=(x,), backward=backward)


def mean(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """y = (1/n) Σ x over ``axis`` (by default all),  dL/dx = dL/dy / n at every summand."""
    xp, shape = array_module(values("mean", x)), x.shape
    axes = _not_empty("mean", axis, shape)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    count = math.prod(shape[i] for i in axes)

    def backward(grad_y):
        return (xp.broadcast_to(grad_y.reshape(kept) / count, shape),)

    y = xp.asarray(x.data.sum(axis=axes, keepdims=keepdims) / count)
    return record("mean", y, inputs=(x,), backward=backward)


def max(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """y = the largest of x over ``axis`` (by default all); equal ones share dL/dy equally."""
    return _extreme("max", x, axis, keepdims)


def min(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """y = the smallest of x over ``axis`` (by default all); equal ones share dL/dy equally."""
    return _extreme("min", x, axis, keepdims)


def _extreme(name: str, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    data = values(name, x)
    xp = array_module(data)
    axes = _not_empty(name, axis, x.shape)
    y = xp.asarray(getattr(data, name)(axis=axes, keepdims=True))
    kept, dtype = y.shape, x.dtype

    def backward(grad_y):
        equal = (data == y).astype(dtype)
        return (grad_y.reshape(kept) / equal.sum(axis=axes, keepdims=True) * equal,)

    shape = kept if keepdims else _without(axes, x.shape)
    return record(name, y.reshape(shape), inputs=(x,), backward=backward)


def var(x: Tensor, axis: Axes = None, keepdims: bool = False, correction: int = 0) -> Tensor:
    """y = Σ (x − mean)² / (n − correction),  dL/dx = dL/dy · 2 (x − mean) / (n − correction).

    With ``correction`` 0, as here and in NumPy, it is the mean square of the deviations; with 1, as
    in PyTorch, the estimate of the variance of what the n values were drawn from.
    """
    data = values("var", x)
    axes = _not_empty("var", axis, x.shape)
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    count = math.prod(x.shape[i] for i in axes)
    if count <= correction:
        raise ValueError(f"var: {count} values over axes {axes}, correction {correction}: 0/0")
    deviation = data - data.sum(axis=axes, keepdims=True) / count

    def backward(grad_y):
        return (grad_y.reshape(kept) * (2 / (count - correction)) * deviation,)

    y = (deviation * deviation).sum(axis=axes, keepdims=keepdims) / (count - correction)
    return record("var", y, inputs=(x,), backward=backward)


@replaceable
def matmul(a: Operand, b: Operand) -> Tensor:
    """Y = A B,  dL/dA = dL/dY Bᵀ,  dL/dB = Aᵀ dL/dY.

    Parameters
    ----------
    a : Tensor, shape (..., M, K), or a vector (K,), which is a row
    b : Tensor, shape (..., K, N), or a vector (K,), which is a column
        The axes before the last two broadcast.

    Returns
    -------
    Tensor, shape (..., M, N), without the axis of a vector
    """
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        return matmul(*operands("matmul", a, b))
    a_data = a.data[None, :] if a.ndim == 1 else a.data
    b_data = b.data[:, None] if b.ndim == 1 else b.data
    try:
        y = product(a_data, b_data)
    except ValueError:
        shapes = f"{a.shape} and {b.shape}"
        raise ValueError(f"matmul: expected (..., M, K) and (..., K, N), got {shapes}") from None
    matrix = y.shape
    a_needed, b_needed, b_is_vector = a.requires_grad, b.requires_grad, b.ndim == 1

    def backward(grad_y):
        grad_y = grad_y.reshape(matrix)
        grad_a = product(grad_y, b_data.swapaxes(-1, -2)) if a_needed else None
        grad_b = product(a_data.swapaxes(-1, -2), grad_y) if b_needed else None
        return grad_a, grad_b[..., 0] if b_needed and b_is_vector else grad_b

    if a.ndim == 1 or b_is_vector:
        y = y.reshape(matrix[:-2] + matrix[-2:-1] * (a.ndim > 1) + matrix[-1:] * (b.ndim > 1))
    return record("matmul", y, inputs=(a, b), backward=backward)


@replaceable
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Y = X Wᵀ + b,  dL/dX = dL/dY W,  dL/dW = dL/dYᵀ X,  dL/db = Σₙ dL/dY[n].

    Parameters
    ----------
    x : Tensor, shape (N, in) or (..., N, in)
        All axes but the last are samples alike: N is their product above.
    weight : Tensor, shape (out, in)
    bias : Tensor, shape (out,), optional

    Returns
    -------
    Tensor, shape (N, out) or (..., N, out)
    """
    all_tensors("linear", [x, weight] if bias is None else [x, weight, bias])
    if x.ndim < 2 or weight.ndim != 2 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: expected x (..., N, in), weight (out, in), got {x.shape} and {weight.shape}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: expected bias {weight.shape[:1]}, got {bias.shape}")
    if x.ndim > 2:
        rows = reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        return reshape(linear(rows, weight, bias), (*x.shape[:-1], weight.shape[0]))
    x_data, w_data = x.data, weight.data
    x_needed = x.requires_grad
    y = product(x_data, w_data.T)  # (N, out)
    if bias is not None:
        y += bias.data

    def backward(grad_y):
        grad_x = product(grad_y, w_data) if x_needed else None
        grad_w = product(grad_y.T, x_data)
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_y.sum(axis=0))

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("linear", y, inputs=inputs, backward=backward)


def logsumexp(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """y = ln Σ eˣ over ``axis`` (by default all),  dL/dx = dL/dy · e^(x − y).

    The largest is taken out of the sum, y = m + ln Σ e^(x − m), which prevents overflow.
    """
    data = values("logsumexp", x)
    xp = array_module(data)
    axes = _not_empty("logsumexp", axis, x.shape)
    m = data.max(axis=axes, keepdims=True)
    m = xp.where(xp.isfinite(m), m, 0)
    y = m + xp.log(xp.exp(data - m).sum(axis=axes, keepdims=True))

    def backward(grad_y):
        return (grad_y.reshape(y.shape) * xp.exp(data - y),)

    shape = y.shape if keepdims else _without(axes, x.shape)
    return record("logsumexp", y.reshape(shape), inputs=(x,), backward=backward)


@replaceable
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


@replaceable
def log_softmax(x: Tensor, axis: int = 1) -> Tensor:
    """yᵢ = xᵢ − ln Σⱼ e^xⱼ along ``axis``,  dL/dx = dL/dy − softmax(x) · Σⱼ dL/dyⱼ."""
    _check_axis("log_softmax", x, axis)
    xp = array_module(x.data)
    y = x.data - x.data.max(axis=axis, keepdims=True)
    y -= xp.log(xp.exp(y).sum(axis=axis, keepdims=True))

    def backward(grad_y):
        return (grad_y - xp.exp(y) * grad_y.sum(axis=axis, keepdims=True),)

    return record("log_softmax", y, inputs=(x,), backward=backward)


def _normalise(name: str, axis: Axes, shape: Shape) -> Shape:
    if axis is None:
        return tuple(range(len(shape)))
    axes = tuple(axis) if isinstance(axis, Iterable) else (axis,)
    if not all(is_whole(a) for a in axes):
        raise TypeError(f"{name}: expected axis as whole numbers, got {axis!r}")
    if any(not -len(shape) <= a < len(shape) for a in axes):
        raise ValueError(f"{name}: axis {axis} is not an axis of shape {shape}")
    axes = tuple(a % len(shape) for a in axes)
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}: axis {axis} names an axis of shape {shape} twice")
    return axes


def _not_empty(name: str, axis: Axes, shape: Shape) -> Shape:
    axes = _normalise(name, axis, shape)
    if 0 in shape and not all(shape[i] for i in axes):
        raise ValueError(f"{name}: no elements along axes {axes} of shape {shape}")
    return axes


def _check_axis(name: str, x: Tensor, axis: int) -> None:
    values(name, x)  # a Tensor
    if not is_whole(axis):
        raise TypeError(f"{name}: expected axis as a whole number, got {axis!r}")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: axis {axis} is not an axis of shape {x.shape}")
    if x.shape[axis] == 0:
        raise ValueError(f"{name}: no elements along axis {axis} of shape {x.shape}")


def _without(axes: Sequence[int], shape: Shape) -> Shape:
    return tuple(n for i, n in enumerate(shape) if i not in axes)
