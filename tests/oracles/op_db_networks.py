"""PyTorch's operators of convolutional networks in minipose's ops."""

from __future__ import annotations

import numpy as np

from minipose import losses, ops
from tests.oracles.beyond import need


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    need(groups == 1, "groups")
    need(dilation in (1, (1, 1)), "dilation")
    padding = 0 if padding == "valid" else padding
    return as_batch(ops.conv2d, x, weight, bias, stride, padding)


def as_batch(op, x, *options):
    """The op of one picture (C, H, W), too, as a batch of one."""
    if x.ndim != 3:
        return op(x, *options)
    y = op(ops.reshape(x, (1, *x.shape)), *options)
    return ops.reshape(y, y.shape[1:])


def max_pool2d(
    x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    need(dilation in (1, (1, 1)), "dilation")
    need(not ceil_mode, "blocks that reach over the border")
    need(not return_indices, "places of maxima")
    need(padding in (0, (0, 0)), "padding")
    return ops.max_pool2d(x, kernel_size, stride)


def avg_pool2d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
    divisor_override=None,
):  # fmt: skip
    need(not ceil_mode, "blocks that reach over the border")
    need(divisor_override is None, "another divisor")
    need(padding in (0, (0, 0)), "padding")
    return ops.avg_pool2d(x, kernel_size, stride)


def dropout(x, p=0.5, training=True, inplace=False):
    need(not training or p == 0, "the random numbers of another library")
    return ops.dropout(x, 0.0, np.random.default_rng(0))


def mse_loss(x, target, size_average=None, reduce=None, reduction="mean", weight=None):
    need(reduction == "mean", "a loss of each sample, or their sum")
    need(x.ndim > 0, "a loss of a single number")
    return losses.mse(x, target)


OPERATORS = {
    "nn.functional.conv2d": conv2d,
    "nn.functional.max_pool2d": max_pool2d,
    "nn.functional.avg_pool2d": avg_pool2d,
    "nn.functional.dropout": dropout,
    "nn.functional.mse_loss": mse_loss,
}
