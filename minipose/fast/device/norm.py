"""Batch norm and ReLU as four calls forward and four back.

forward    μ · (x − μ)² and its mean v · y = γ (x − μ)/σ + β, cut at 0
backward   g where y > 0, and g x̂ · Σ g, Σ g x̂ · dL/dx, see ``ops.batch_norm``
"""

from __future__ import annotations

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast.device.gate import SQUARE
from minipose.fast.device.kernel import Kernel, flat, on_device, unflat
from minipose.fast.suitable import accepted
from minipose.kernels.faster import offer
from minipose.ops import norm as plain
from minipose.tensor import Tensor, record

STATISTICS = "T mean, T variance, T eps, T gamma"  # one of each for a channel


def _normed(
    x: Array, mean: Array, variance: Array, eps: float, gamma: Array, beta: Array, relu: int,
    y: Array,
) -> None:  # fmt: skip
    y[...] = (x - mean) * (1 / np.sqrt(variance + eps)) * gamma + beta
    if relu:
        np.maximum(y, 0, out=y)


NORMED = Kernel(
    "normed",
    f"T x, {STATISTICS}, T beta, int32 relu",
    "T y",
    """
    const T z = (x - mean) * (T(1) / sqrt(variance + eps)) * gamma + beta;
    y = relu && z <= T(0) ? T(0) : z;
    """,
    _normed,
)


def _along(
    grad_y: Array, y: Array, relu: int, x: Array, mean: Array, variance: Array, eps: float,
    g: Array, along: Array,
) -> None:  # fmt: skip
    g[...] = grad_y * (y > 0) if relu else grad_y
    along[...] = g * ((x - mean) * (1 / np.sqrt(variance + eps)))


ALONG = Kernel(
    "along",
    "T grad_y, T y, int32 relu, T x, T mean, T variance, T eps",
    "T g, T along",
    """
    g = relu && !(y > T(0)) ? T(0) : grad_y;
    along = g * ((x - mean) * (T(1) / sqrt(variance + eps)));
    """,
    _along,
)


def _norm_back(
    x: Array, mean: Array, variance: Array, eps: float, gamma: Array, total: Array, along: Array,
    m: float, g: Array,
) -> None:  # fmt: skip
    scale = 1 / np.sqrt(variance + eps)
    x_hat = (x - mean) * scale
    g[...] = (gamma * scale) * (g - total / m - x_hat * (along / m))


NORM_BACK = Kernel(  # g holds dL/dy at first
    "norm_back",
    f"T x, {STATISTICS}, T total, T along, T m",
    "T g",
    """
    const T scale = T(1) / sqrt(variance + eps), x_hat = (x - mean) * scale;
    g = gamma * scale * (g - total / m - x_hat * (along / m));
    """,
    _norm_back,
)


def _followed(
    mean: Array, variance: Array, momentum: float, unbiased: float, r_mean: Array, r_variance: Array
) -> None:
    r_mean += momentum * (mean - r_mean)
    r_variance += momentum * (variance * unbiased - r_variance)


FOLLOWED = Kernel(
    "followed",
    "T mean, T variance, T momentum, T unbiased",
    "T r_mean, T r_variance",
    """
    r_mean += momentum * (mean - r_mean);
    r_variance += momentum * (variance * unbiased - r_variance);
    """,
    _followed,
)


def follow(running: plain.Pair, of_batch: plain.Pair, momentum: float, unbiased: float) -> None:
    """``ops.norm.follow``."""
    FOLLOWED(*of_batch, momentum, unbiased, *running)


def batch_norm(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5, relu: bool = False
) -> tuple[Tensor, Array, Array]:
    """``ops.batch_norm`` of images."""
    xp, values, (n, _, h, w) = array_module(x.data), flat(x.data), x.shape
    gamma = weight.data[:, None]
    mean = values.mean(axis=1, keepdims=True)
    square, y = (xp.empty(values.shape, dtype=x.dtype) for _ in range(2))
    SQUARE(values, mean, square)
    variance = square.mean(axis=1, keepdims=True)
    NORMED(values, mean, variance, eps, gamma, bias.data[:, None], int(relu), y)

    def backward(grad_y):
        g, along = (xp.empty(values.shape, dtype=y.dtype) for _ in range(2))
        ALONG(flat(grad_y), y, int(relu), values, mean, variance, eps, g, along)
        grad_bias, grad_weight = g.sum(axis=1), along.sum(axis=1)
        sums = grad_bias[:, None], grad_weight[:, None]
        NORM_BACK(values, mean, variance, eps, gamma, *sums, float(values.shape[1]), g)
        return unflat(g, n, (h, w)), grad_weight, grad_bias

    result = record("batch_norm", unflat(y, n, (h, w)), inputs=(x, weight, bias), backward=backward)
    return result, mean.reshape(-1), variance.reshape(-1)


def _suits(x, weight, bias, eps=1e-5, relu=False) -> bool:
    if not on_device(x, weight, bias) or x.ndim != 4 or x.size < 2 * x.shape[1]:
        return False
    return accepted(plain.check_batch_norm, "batch_norm", x, weight, bias)


def _suits_running(running, of_batch, momentum, unbiased) -> bool:
    arrays = (*running, *of_batch)
    return (
        not any(isinstance(a, np.ndarray) for a in arrays) and len({a.dtype for a in arrays}) == 1
    )


offer(plain.follow, _suits_running, follow)
offer(plain.batch_norm, _suits, batch_norm)
