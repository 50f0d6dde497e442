"""Two-dimensional convolution (cross-correlation, as everywhere in deep learning)."""

from __future__ import annotations

from minipose.fast import bias_relu, convolution
from minipose.tensor import Tensor, record

Pair = tuple[int, int]


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    relu: bool = False,
) -> Tensor:
    """y[n, o, p, q] = b[o] + Σ_{c,i,j} w[o, c, i, j] · x[n, c, p·s + i, q·s + j].

    dL/dw correlates dL/dy with x, dL/dx spreads dL/dy back through w, dL/db sums dL/dy. With
    ``relu``, max(y, 0) is the result, and dL/dy passes where that is above 0.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    weight : Tensor, shape (O, C, kh, kw)
    bias : Tensor, shape (O,), optional
    stride, padding : int or (vertical, horizontal)
    relu : bool
        The activation that usually follows, in the same pass over memory.

    Returns
    -------
    Tensor, shape (N, O, ⌊(H + 2p − kh)/s⌋ + 1, ⌊(W + 2p − kw)/s⌋ + 1)

    Raises
    ------
    ValueError
        If channels, bias, stride or padding do not fit, or the kernel is larger than the image.

    Notes
    -----
    ``kernels.im2col`` shows how; ``kernels.convolution`` chooses among it and faster ways.
    """
    strides, paddings = _pair("stride", stride, 1), _pair("padding", padding, 0)
    _check(x, weight, bias, paddings)
    x_data, w_data = x.data, weight.data
    x_needed, w_needed = x.requires_grad, weight.requires_grad
    y = convolution.forward(x_data, w_data, strides, paddings)
    bias_relu.forward(y, None if bias is None else bias.data, relu)

    def backward(grad_y):
        grad_x = grad_w = None
        grad_y, grad_b = bias_relu.backward(grad_y, y if relu else None, bias is not None)
        if x_needed:
            grad_x = convolution.backward_input(grad_y, w_data, x_data, strides, paddings)
        if w_needed:
            grad_w = convolution.backward_weight(grad_y, x_data, w_data, strides, paddings)
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_b)

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("conv2d", y, inputs=inputs, backward=backward)


def _pair(what: str, value: int | Pair, smallest: int) -> Pair:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or any(not isinstance(v, int) or v < smallest for v in pair):
        raise ValueError(f"conv2d: expected {what} of {smallest} or more (or a pair), got {value}")
    return pair


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, padding: Pair) -> None:
    shapes = f"(x {x.shape}, weight {weight.shape})"
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(f"conv2d: expected x (N, C, H, W) and weight (O, C, kh, kw) {shapes}")
    if x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"conv2d: x has {x.shape[1]} channels, weight expects {weight.shape[1]} {shapes}"
        )
    if any(n + 2 * p < k for n, p, k in zip(x.shape[2:], padding, weight.shape[2:], strict=True)):
        raise ValueError(f"conv2d: the kernel is larger than the padded image {shapes}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"conv2d: expected bias {weight.shape[:1]}, got {bias.shape}")
