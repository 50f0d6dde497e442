"""Two-dimensional convolution (cross-correlation, as everywhere in deep learning).

``conv2d`` is the op; the three functions after it are what the networks make of it, each defined by
the ops that it consists of. ``minipose.fast`` computes some of them in one go.
"""

from __future__ import annotations

from minipose.kernels import im2col
from minipose.kernels.faster import replaceable
from minipose.ops.elementwise import relu as relu_op
from minipose.ops.elementwise import tanh as tanh_op
from minipose.ops.pool import max_pool2d, pair
from minipose.ops.shape import all_tensors, pad, reshape
from minipose.ops.upsample import upsample_nearest
from minipose.tensor import Tensor, record

Pair = tuple[int, int]


@replaceable
def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
) -> Tensor:
    """y[n, o, p, q] = b[o] + Σ_{c,i,j} w[o, c, i, j] · x[n, c, p·s + i, q·s + j].

    dL/dw correlates dL/dy with x, dL/dx spreads dL/dy back through w, dL/db sums dL/dy.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    weight : Tensor, shape (O, C, kh, kw)
    bias : Tensor, shape (O,), optional
    stride : int or (vertical, horizontal)
    padding : int or pair, or "same"
        Width of the margins of zeros. With "same" (stride 1) y has the size of x: ⌊(k − 1)/2⌋ above
        and to the left, ⌈(k − 1)/2⌉ below and to the right, one more where the kernel is even.

    Returns
    -------
    Tensor, shape (N, O, ⌊(H + 2p − kh)/s⌋ + 1, ⌊(W + 2p − kw)/s⌋ + 1)

    Raises
    ------
    ValueError
        If channels, bias, stride or padding do not fit, or the kernel is larger than the image.
    """
    if padding == "same":
        x, padding = _pad_to_same(x, weight, stride)
        return conv2d(x, weight, bias, stride, padding)
    stride, padding = check_conv2d(x, weight, bias, stride, padding)
    x_data, w_data = x.data, weight.data
    x_needed, w_needed = x.requires_grad, weight.requires_grad
    y = im2col.forward(x_data, w_data, stride, padding)
    if bias is not None:
        y += bias.data[:, None, None]

    def backward(grad_y):
        grad_x = grad_w = None
        if x_needed:
            grad_x = im2col.backward_input(grad_y, w_data, x_data.shape[2:], stride, padding)
        if w_needed:
            grad_w = im2col.backward_weight(grad_y, x_data, w_data.shape[2:], stride, padding)
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_y.sum(axis=(0, 2, 3)))

    inputs = (x, weight) if bias is None else (x, weight, bias)
    return record("conv2d", y, inputs=inputs, backward=backward)


@replaceable
def conv2d_relu(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
) -> Tensor:
    """y = max(conv2d(x, w, b), 0). Shapes as ``conv2d``."""
    if padding == "same":
        x, padding = _pad_to_same(x, weight, stride)
        return conv2d_relu(x, weight, bias, stride, padding)
    return relu_op(conv2d(x, weight, bias, stride, padding))


@replaceable
def conv2d_max_pool2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, tanh: bool = False
) -> Tensor:
    """y = tanh(max_pool2d(conv2d(x, w), 2) + b): (N, C, H, W) -> (N, O, ⌊(H − kh + 1)/2⌋, …).

    Adding b and taking tanh keep the order of values, so the maximum passes through both: the
    function is the same as with the pool last, at a quarter of the calls. Without ``tanh`` y is the
    sum itself.

    Source: report 1's code.
    """
    y = max_pool2d(conv2d(x, weight), 2)
    if bias is not None:
        y = y + reshape(bias, (1, -1, 1, 1))
    return tanh_op(y) if tanh else y


@replaceable
def upsample_conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False
) -> Tensor:
    """y = conv2d(x̂, w, b), x̂ = x upsampled to 2 × 2 equal pixels, zeros right and below.

    A kernel of 2 × 2 has no middle; with one row and one column of zeros at the end the size of y
    is that of x̂, as in report 2's framework. With ``relu``, y = max(…, 0).

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    weight : Tensor, shape (O, C, 2, 2)
    bias : Tensor, shape (O,), optional

    Returns
    -------
    Tensor, shape (N, O, 2H, 2W)
    """
    check_upsample_conv2d(weight)
    large = pad(upsample_nearest(x, 2), ((0, 0), (0, 0), (0, 1), (0, 1)))
    return (conv2d_relu if relu else conv2d)(large, weight, bias)


def _pad_to_same(x: Tensor, weight: Tensor, stride: int | Pair) -> tuple[Tensor, Pair]:
    """x, of an even kernel with a line of zeros more at its end, and the margins on both sides."""
    if not isinstance(x, Tensor) or x.ndim != 4 or weight.ndim != 4:
        return x, (0, 0)  # ``check_conv2d`` says what is wrong
    if pair("conv2d", "stride", stride, 1) != (1, 1):
        raise ValueError(f"conv2d: padding 'same' needs a stride of 1, got {stride}")
    both = [k - 1 for k in weight.shape[2:]]  # above and below, left and right together
    more = [(0, m % 2) for m in both]
    if more != [(0, 0), (0, 0)]:
        x = pad(x, ((0, 0), (0, 0), *more))
    return x, tuple(m // 2 for m in both)


# --- Arguments --------------------------------------------------------------------------------


def check_conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int | Pair, padding: int | Pair
) -> tuple[Pair, Pair]:
    """Stride and padding as pairs. Raises ValueError, see ``conv2d``, or TypeError for arrays."""
    all_tensors("conv2d", [x, weight] if bias is None else [x, weight, bias])
    stride, padding = pair("conv2d", "stride", stride, 1), pair("conv2d", "padding", padding, 0)
    shapes = f"(x {x.shape}, weight {weight.shape})"
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(f"conv2d: expected x (N, C, H, W) and weight (O, C, kh, kw) {shapes}")
    if x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"conv2d: x has {x.shape[1]} channels, weight expects {weight.shape[1]} {shapes}"
        )
    if min(weight.shape[2:]) < 1:
        raise ValueError(f"conv2d: expected a kernel of at least 1 × 1 {shapes}")
    if any(n + 2 * p < k for n, p, k in zip(x.shape[2:], padding, weight.shape[2:], strict=True)):
        raise ValueError(f"conv2d: the kernel is larger than the padded image {shapes}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"conv2d: expected bias {weight.shape[:1]}, got {bias.shape}")
    return stride, padding


def check_upsample_conv2d(weight: Tensor) -> None:
    """Raises ValueError if the kernel is not 2 × 2."""
    if weight.ndim != 4 or weight.shape[2:] != (2, 2):
        raise ValueError(f"upsample_conv2d: expected weight (O, C, 2, 2), got {weight.shape}")
