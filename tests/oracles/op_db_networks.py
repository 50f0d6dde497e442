"""PyTorch's operators of convolutional networks in minipose's ops."""

from __future__ import annotations

import numpy as np

from minipose import Tensor, losses, ops
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
    return as_batch(ops.max_pool2d, x, kernel_size, stride or None, padding)


def avg_pool2d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
    divisor_override=None,
):  # fmt: skip
    need(not ceil_mode, "blocks that reach over the border")
    need(divisor_override is None, "another divisor")
    need(count_include_pad or padding in (0, (0, 0)), "margins that do not count")
    return as_batch(ops.avg_pool2d, x, kernel_size, stride or None, padding)


def dropout(x, p=0.5, training=True, inplace=False):
    need(not training or p == 0, "the random numbers of another library")
    return ops.dropout(x, 0.0, np.random.default_rng(0))


def mse_loss(x, target, size_average=None, reduce=None, reduction="mean", weight=None):
    need(reduction == "mean", "a loss that is no mean")
    need(x.ndim > 0, "a loss of a single number")
    return losses.mse(x, target)


def batch_norm(
    x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    need(x.ndim >= 2, "a batch without channels")
    weight, bias = _scale_and_shift(x, weight, bias)
    if training or running_mean is None:
        return ops.batch_norm(x, weight, bias, eps)[0]
    mean, variance = running_mean.data, running_var.data
    return ops.batch_norm_inference(x, mean, variance, weight, bias, eps)


def pixel_shuffle(x, upscale_factor):
    need(x.ndim == 4, "pictures without a batch, or in several")
    return ops.pixel_shuffle(x, upscale_factor)


def pixel_unshuffle(x, downscale_factor):
    need(x.ndim == 4, "pictures without a batch, or in several")
    return ops.pixel_unshuffle(x, downscale_factor)


def group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    return ops.group_norm(x, *_scale_and_shift(x, weight, bias), groups, eps)


def _scale_and_shift(x, weight, bias):
    """1 and 0 where nothing is given."""
    channels = x.shape[1]
    weight = Tensor(np.ones(channels, x.dtype)) if weight is None else weight
    return weight, Tensor(np.zeros(channels, x.dtype)) if bias is None else bias


def cross_entropy(
    x, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
    label_smoothing=0.0,
):  # fmt: skip
    need(weight is None, "weights of classes")
    need(reduction == "mean", "a loss that is no mean")
    need(label_smoothing == 0, "smoothed labels")
    need(not (np.asarray(getattr(target, "data", target)) == ignore_index).any(), "ignored labels")
    need(x.ndim > 1, "a loss of a single sample")
    return losses.categorical_cross_entropy(x, target)


OPERATORS = {
    "nn.functional.conv2d": conv2d,
    "nn.functional.max_pool2d": max_pool2d,
    "nn.functional.avg_pool2d": avg_pool2d,
    "nn.functional.pixel_shuffle": pixel_shuffle,
    "nn.functional.pixel_unshuffle": pixel_unshuffle,
    "nn.functional.batch_norm": batch_norm,
    "nn.functional.group_norm": group_norm,
    "nn.functional.dropout": dropout,
    "nn.functional.mse_loss": mse_loss,
    "nn.functional.cross_entropy": cross_entropy,
}
