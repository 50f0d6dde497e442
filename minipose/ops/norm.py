"""Normalisation: values of mean 0 and variance 1, which are then scaled and shifted.

``batch_norm`` takes mean and variance of a channel over the batch, ``group_norm`` of a group of
channels over one picture; ``batch_norm_inference`` is given them.
"""

from __future__ import annotations

import math

from minipose.backend import Array, array_module, is_whole
from minipose.kernels.faster import replaceable
from minipose.ops.elementwise import relu as relu_op
from minipose.ops.elementwise import values
from minipose.tensor import Tensor, record

Pair = tuple[Array, Array]


@replaceable
def batch_norm(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5, relu: bool = False
) -> tuple[Tensor, Array, Array]:
    """y = γ x̂ + β,  x̂ = (x − μ)/σ,  σ = √(v + eps): μ, v = mean and variance of each channel.

    With m values in a channel, Σ over them and g = dL/dy:

        dL/dβ = Σ g        dL/dγ = Σ g x̂        dL/dx = γ/σ · (g − (1/m) Σ g − x̂ · (1/m) Σ g x̂)

    since x reaches y in three ways. Let h = γ g = dL/dx̂. By x itself: h/σ. By the mean,
    ∂x̂ᵢ/∂μ = −1/σ, ∂μ/∂xⱼ = 1/m: −(1/m) Σ h/σ. By the variance, ∂x̂ᵢ/∂v = −x̂ᵢ/(2σ²),
    ∂v/∂xⱼ = (2/m)(xⱼ − μ) = (2/m) σ x̂ⱼ: −x̂ⱼ/σ · (1/m) Σ h x̂. (By the mean within the variance
    nothing comes: Σ (x − μ) = 0.)

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W), or (N, C, …) with any number of further axes
    weight, bias : Tensor, shape (C,)
        γ, β
    eps : float
        Keeps σ above 0 where a channel is constant.
    relu : bool
        y = max(γ x̂ + β, 0) instead.

    Returns
    -------
    y (the shape of x), and μ and v (C,): arrays, through which no gradient flows. v is the mean
    square of x − μ, the biased variance.

    Raises
    ------
    ValueError
        If shapes do not fit, or a channel has a single value (then x̂ is 0, whatever x is) or none.

    Source: Ioffe & Szegedy 2015, algorithm 1 and section 3.
    """
    check_batch_norm("batch_norm", x, weight, bias)
    m = math.prod(x.shape[:1] + x.shape[2:])
    if m < 2:
        raise ValueError(
            f"batch_norm: expected two values of each channel or more, whose variance is to be "
            f"taken, got x {x.shape}; in evaluation (net.eval()) a layer needs none"
        )
    xp, axes, channels = array_module(x.data), *_layout(x)
    mean = x.data.mean(axis=axes)
    apart = x.data - mean.reshape(channels)
    variance = (apart * apart).mean(axis=axes)
    scale = 1 / xp.sqrt(variance + eps).reshape(channels)  # 1/σ
    x_hat = apart * scale
    gamma = weight.data.reshape(channels)
    y = x_hat * gamma + bias.data.reshape(channels)

    def backward(grad_y):
        grad_bias = grad_y.sum(axis=axes)
        grad_weight = (grad_y * x_hat).sum(axis=axes)
        along = x_hat * (grad_weight.reshape(channels) / m)
        grad_x = (gamma * scale) * (grad_y - grad_bias.reshape(channels) / m - along)
        return grad_x, grad_weight, grad_bias

    y = record("batch_norm", y, inputs=(x, weight, bias), backward=backward)
    return relu_op(y) if relu else y, mean, variance


@replaceable
def follow(running: Pair, of_batch: Pair, momentum: float, unbiased: float) -> None:
    """r ← r + momentum · (that of the batch − r) for mean and variance, in place.

    Parameters
    ----------
    running, of_batch : mean and variance, arrays (C,)
    unbiased : float
        m/(m − 1), with which the biased variance of a batch is multiplied.
    """
    for r, now, factor in zip(running, of_batch, (1, unbiased), strict=True):
        r += momentum * (now * factor - r)


@replaceable
def batch_norm_inference(
    x: Tensor,
    mean: Array,
    variance: Array,
    weight: Tensor,
    bias: Tensor,
    eps: float = 1e-5,
    relu: bool = False,
) -> Tensor:
    """y = γ x̂ + β,  x̂ = (x − μ)/σ,  σ = √(v + eps) for given μ and v: what a picture gives does
    not depend on the pictures beside it.

    dL/dx = γ/σ · dL/dy,  dL/dγ = Σ dL/dy · x̂,  dL/dβ = Σ dL/dy.

    Parameters
    ----------
    mean, variance : arrays (C,) of the dtype of x, which are not differentiated
        μ, v
    x, weight, bias, eps, relu
        As in ``batch_norm``.
    """
    check_batch_norm("batch_norm_inference", x, weight, bias)
    for name, given in (("mean", mean), ("variance", variance)):
        if given.shape != bias.shape or given.dtype != x.dtype:
            raise ValueError(
                f"batch_norm_inference: expected {name} {x.dtype} {bias.shape}, "
                f"got {given.dtype} {given.shape}"
            )
    xp, axes, channels = array_module(x.data), *_layout(x)
    scale = 1 / xp.sqrt(variance + eps).reshape(channels)  # 1/σ
    x_hat = (x.data - mean.reshape(channels)) * scale
    gamma = weight.data.reshape(channels)
    y = x_hat * gamma + bias.data.reshape(channels)

    def backward(grad_y):
        grad_weight = (grad_y * x_hat).sum(axis=axes)
        return grad_y * (gamma * scale), grad_weight, grad_y.sum(axis=axes)

    y = record("batch_norm_inference", y, inputs=(x, weight, bias), backward=backward)
    return relu_op(y) if relu else y


@replaceable
def group_norm(
    x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float = 1e-5, relu: bool = False
) -> Tensor:
    """y = γ x̂ + β,  x̂ = (x − μ)/σ,  σ = √(v + eps): μ, v of each group of channels of a picture.

    With h = γ · dL/dy and means over the values of a group (see ``batch_norm`` for the three terms)

        dL/dx = (h − mean h − x̂ · mean(h x̂))/σ,        dL/dγ = Σ dL/dy · x̂,  dL/dβ = Σ dL/dy.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W), or (N, C, …) with any number of further axes
    weight, bias : Tensor, shape (C,)
        γ, β
    groups : int
        Into which C is split, neighbours together: 1 is a norm over the whole picture (layer norm),
        C over each channel by itself (instance norm).
    eps, relu
        As in ``batch_norm``.

    Source: Wu & He 2018, equations 1-7.
    """
    check_group_norm(x, weight, bias, groups)
    xp, axes, channels = array_module(x.data), *_layout(x)
    of_groups = (len(x.data), groups, math.prod(x.shape[1:]) // groups)
    gamma = weight.data.reshape(channels)
    apart = x.data.reshape(of_groups)
    apart = apart - apart.mean(axis=2, keepdims=True)
    scale = 1 / xp.sqrt((apart * apart).mean(axis=2, keepdims=True) + eps)  # 1/σ (N, groups, 1)
    x_hat = apart * scale
    y = x_hat.reshape(x.shape) * gamma + bias.data.reshape(channels)

    def backward(grad_y):
        h = (grad_y * gamma).reshape(of_groups)
        along = x_hat * (h * x_hat).mean(axis=2, keepdims=True)
        grad_x = scale * (h - h.mean(axis=2, keepdims=True) - along)
        grad_weight = (grad_y * x_hat.reshape(grad_y.shape)).sum(axis=axes)
        return grad_x.reshape(grad_y.shape), grad_weight, grad_y.sum(axis=axes)

    y = record("group_norm", y, inputs=(x, weight, bias), backward=backward)
    return relu_op(y) if relu else y


def _layout(x: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """All axes but that of the channels, and the shape in which (C,) lies along that one."""
    further = x.ndim - 2
    return (0, *range(2, x.ndim)), (-1, *(1,) * further)


def check_batch_norm(name: str, x: Tensor, weight: Tensor, bias: Tensor) -> None:
    """Raises ValueError unless x is (N, C, …), weight and bias are (C,); TypeError for arrays."""
    for given in (x, weight, bias):
        values(name, given)
    if x.ndim < 2:
        raise ValueError(f"{name}: expected x (N, C, …), got {x.shape}")
    if weight.shape != x.shape[1:2] or bias.shape != x.shape[1:2]:
        raise ValueError(
            f"{name}: expected weight and bias {x.shape[1:2]} for x {x.shape}, "
            f"got {weight.shape} and {bias.shape}"
        )


def check_group_norm(x: Tensor, weight: Tensor, bias: Tensor, groups: int) -> None:
    """As ``check_batch_norm``; and C is to be a multiple of ``groups``, of two values or more."""
    check_batch_norm("group_norm", x, weight, bias)
    channels = x.shape[1]
    if not is_whole(groups) or groups < 1 or channels % groups:
        raise ValueError(f"group_norm: {channels} channels cannot be split into {groups} groups")
    if math.prod(x.shape[1:]) < 2 * groups:
        raise ValueError(
            f"group_norm: expected two values of each group or more, got x {x.shape} "
            f"in {groups} groups"
        )
