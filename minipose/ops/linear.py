"""Matrix products."""

from __future__ import annotations

from minipose.fast.products import multiply
from minipose.tensor import Tensor, record


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
        grad_a = multiply(grad_y, b_data.T) if a_needed else None
        return grad_a, multiply(a_data.T, grad_y) if b_needed else None

    return record("matmul", multiply(a_data, b_data), inputs=(a, b), backward=backward)


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
    y = multiply(x_data, w_data.T)  # (N, out)
    if bias is not None:
        y += bias.data

    def backward(grad_y):
        grad_x = multiply(grad_y, w_data) if x_needed else None
        grad_w = multiply(grad_y.T, x_data)
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_y.sum(axis=0))

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("linear", y, inputs=inputs, backward=backward)
