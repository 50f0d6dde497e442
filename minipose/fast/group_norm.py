"""Group norm and ReLU by the passes of ``fast.norm``: each channel of each picture by itself.

mean and variance of a group from those of its channels: v = mean of v_c + (μ_c − μ)²
forward    y = max(x · γ/σ + (β − μ γ/σ), 0)
backward   dL/dx = γ/σ · g − x · s + (s μ − h̄/σ),  h = γ g,  s = mean(h x̂)/σ²,
           the means over a group from Σ g and Σ g x of its channels
"""

from __future__ import annotations

import math

import numpy as np

from minipose.fast import norm
from minipose.fast.norm import Block, backward_input, block_of, scaled, statistics, sums
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.faster import offer
from minipose.ops import norm as plain
from minipose.tensor import Tensor, record

Array = np.ndarray

SEGMENT = 1 << 14  # numbers of a picture, at least
MANY = 32  # values in a group; of few, f g − s x + l is a small difference of large numbers


def group_norm(
    x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float = 1e-5, relu: bool = False
) -> Tensor:
    """``ops.group_norm``."""
    shape, dtype = x.shape, x.dtype
    n, channels = shape[:2]
    block = _block(x.data)
    of_groups, m = (n, groups, channels // groups), x.size // (n * groups)
    gamma = weight.data.astype(np.float64).reshape(1, groups, -1)
    values = block.of(x.data)
    means, variances = (each.reshape(of_groups) for each in statistics(values, block))
    mean = means.mean(axis=2, keepdims=True)  # (N, groups, 1)
    variance = (variances + (means - mean) ** 2).mean(axis=2, keepdims=True)
    scale = 1 / np.sqrt(variance + eps)
    factor = gamma * scale  # (N, groups, C / groups)
    shift = bias.data.reshape(1, groups, -1) - mean * factor
    y = scaled(values, block, *(each.reshape(block.segments, -1) for each in (factor, shift)), relu)

    def backward(grad_y):
        g, total, along = sums(block.of(grad_y), y if relu else None, values, block)
        total, along = total.reshape(of_groups), along.reshape(of_groups)
        along = (along - mean * total) * scale  # Σ g x̂
        slope = (gamma * along).sum(axis=2, keepdims=True) * scale * scale / m
        level = slope * mean - (gamma * total).sum(axis=2, keepdims=True) * scale / m
        grad_x = g if relu else np.empty_like(values)
        spread = (np.broadcast_to(each, of_groups) for each in (factor, slope, level))
        columns = (each.reshape(block.segments, -1) for each in spread)
        backward_input(g, values, block, *columns, grad_x)
        of_channels = (each.sum(axis=0).ravel().astype(dtype) for each in (along, total))
        return block.back(grad_x, shape), *of_channels

    result = block.back(y, shape)
    return record("group_norm", result, inputs=(x, weight, bias), backward=backward)


def _block(x: Array) -> Block:
    """Pictures with the channels last are segments; of others each plane is a row."""
    n, channels, *rest = x.shape
    lies = block_of(x)
    if rest and lies.axes[0] == 0 and lies.axes[-1] == 1 and x[0].size >= SEGMENT:
        return block_of(x, segments=n)
    return Block(tuple(range(x.ndim)), (1, n * channels, math.prod(rest)))


def _suits(x, weight, bias, groups, eps=1e-5, relu=False) -> bool:
    return (
        on_cpu(x, weight, bias=bias)
        and accepted(plain.check_group_norm, x, weight, bias, groups)
        and x.size >= max(norm.WORTHWHILE, MANY * len(x.data) * groups)
    )


offer(plain.group_norm, _suits, group_norm)
