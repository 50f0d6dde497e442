"""ONNX's operators of convolutional networks in minipose's ops, losses and optimizers.

Each translator takes the attributes of a node and its inputs and returns the result, an array; it
raises ``Beyond`` where the case uses an option that minipose does without (dilations, say).
"""

from __future__ import annotations

import numpy as np

from minipose import Parameter, Tensor, losses, ops
from minipose.optim import SGD
from tests.oracles.beyond import need


def global_mean(attributes, x):
    return ops.mean(Tensor(x), (2, 3), keepdims=True).data


def global_max(attributes, x):
    return ops.max(Tensor(x), (2, 3), keepdims=True).data


def dropout(attributes, x, ratio=0.5, training=False):
    need(bool(training), "dropout that does nothing")
    need(float(ratio) == 0, "the random numbers of another library")
    return ops.dropout(Tensor(x), float(ratio), np.random.default_rng(0)).data


def conv(attributes, x, weight, bias=None):
    need(attributes.get("group", 1) == 1, "groups")
    need(set(attributes.get("dilations", [1])) == {1} and x.ndim == 4, "other than 2D or dilations")
    strides = tuple(attributes.get("strides", (1, 1)))
    bias = None if bias is None else Tensor(bias)
    padding = _padding(attributes, x.shape[2:], weight.shape[2:], strides)
    return ops.conv2d(Tensor(x), Tensor(weight), bias, strides, padding).data


def pool(op, counts_pads):
    def pooled(attributes, x):
        kernel = tuple(attributes["kernel_shape"])
        strides = tuple(attributes.get("strides", [1] * len(kernel)))
        need(x.ndim == 4 and x.dtype == np.float32, "other than 2D or floats")
        need(set(attributes.get("dilations", [1])) == {1}, "dilations")
        need(not attributes.get("ceil_mode"), "blocks that reach over the border")
        padding = _padding(attributes, x.shape[2:], kernel, strides)
        counted = attributes.get("count_include_pad") or not counts_pads
        need(padding == (0, 0) or counted, "margins that do not count")
        return op(Tensor(x), kernel, strides, padding).data

    return pooled


def batch_norm(attributes, x, weight, bias, mean, variance):
    eps, keep = attributes.get("epsilon", 1e-5), attributes.get("momentum", 0.9)
    x, weight, bias = Tensor(x), Tensor(weight), Tensor(bias)
    if attributes.get("training_mode"):
        y, of_batch, spread = ops.batch_norm(x, weight, bias, eps)
        moved = mean * keep + of_batch * (1 - keep), variance * keep + spread * (1 - keep)
        return y.data, *moved
    return ops.batch_norm_inference(x, mean, variance, weight, bias, eps).data


def group_norm(attributes, x, weight, bias):
    groups, eps = attributes.get("num_groups", x.shape[1]), attributes.get("epsilon", 1e-5)
    return ops.group_norm(Tensor(x), Tensor(weight), Tensor(bias), groups, eps).data


def resize(attributes, x, *others):
    scales = next(
        (o for o in others[-2:] if o is not None and o.dtype == np.float32 and o.size), None
    )
    need(scales is not None and "coordinate_transformation_mode" not in attributes, "sizes")
    by_axis = dict(zip(attributes.get("axes", range(4)), scales.tolist(), strict=True))
    down, across = by_axis[2], by_axis[3]
    need(all(s.is_integer() and s >= 1 for s in (down, across)), "anything but whole factors")
    down, across = int(down), int(across)
    if attributes["mode"] == b"linear":
        need(down == across, "two factors")
        return ops.upsample_bilinear(Tensor(x), down).data
    need(attributes["mode"] == b"nearest", "cubic interpolation")
    both = ops.upsample_nearest(Tensor(x), down * across)  # then some of them
    return both[:, :, ::across, ::down].data


def cross_entropy(attributes, x, labels, weights=None):
    reduction = attributes.get("reduction", b"mean")
    need(reduction != b"none", "a loss of each sample")
    need(weights is None and "ignore_index" not in attributes, "weights of classes")
    one_hot = np.moveaxis(np.eye(x.shape[1], dtype=x.dtype)[labels], -1, 1)
    loss = losses.categorical_cross_entropy(Tensor(x), one_hot)
    return (loss if reduction == b"mean" else loss * labels.size).data


def momentum(attributes, rate, count, *arrays):
    need(attributes["mode"] == b"standard" and len(arrays) == 3, "Nesterov or several parameters")
    w, g, velocity = arrays
    parameter = Parameter(w.copy())
    decay = attributes["norm_coefficient"]
    optimizer = SGD([parameter], float(rate), attributes["alpha"], decay)
    optimizer.state["velocity"][0][...] = -float(rate) * velocity  # report 1's v has the rate in it
    parameter.grad = g
    optimizer.step()
    return parameter.data


def _padding(attributes, sizes, kernel, strides):
    """(vertical, horizontal) margins, given or worked out."""
    if attributes.get("auto_pad", b"NOTSET").startswith(b"SAME"):
        both = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, kernel, strides)]
        need(all(total % 2 == 0 for total in both), "margins on one side")
        return both[0] // 2, both[1] // 2
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    need((top, left) == (bottom, right), "margins on one side")
    return top, left


OPERATORS = {
    "GlobalAveragePool": ("globalaveragepool", global_mean),
    "GlobalMaxPool": ("globalmaxpool", global_max),
    "Dropout": ("dropout", dropout),
    "Conv": ("conv", conv),
    "MaxPool": ("maxpool", pool(ops.max_pool2d, counts_pads=False)),
    "AveragePool": ("averagepool", pool(ops.avg_pool2d, counts_pads=True)),
    "BatchNormalization": ("batch_normalization batchnorm", batch_norm),
    "GroupNormalization": ("groupnormalization", group_norm),
    "InstanceNormalization": ("instance_normalization instancenorm", group_norm),
    "Resize": ("resize", resize),
    "Upsample": ("upsample", resize),
    "SoftmaxCrossEntropyLoss": ("softmax_cross_entropy_loss softmaxcrossentropy", cross_entropy),
    "Momentum": ("momentum", momentum),
}
