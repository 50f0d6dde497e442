"""ONNX's operators in minipose's ops: what its node cases ask for, as far as minipose can say it.

Each translator takes the attributes of a node and its inputs and returns the result; it raises
``Beyond`` where the case uses an option that minipose does without (dilations, say).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from onnx.backend.test.case import node as onnx_cases
from onnx.helper import get_attribute_value

from minipose import Parameter, Tensor, ops
from minipose.losses import categorical_cross_entropy
from minipose.optim import SGD


class Beyond(Exception):
    """The case asks for something that minipose does not offer."""


@dataclass(frozen=True, eq=False)
class NodeCase:
    """One of ONNX's cases: what goes in, what has to come out."""

    operator: str
    name: str
    attributes: dict
    inputs: list[np.ndarray]
    expected: np.ndarray

    def __str__(self) -> str:
        return self.name


def need(condition: bool, what: str) -> None:
    if not condition:
        raise Beyond(what)


def plain(op: Callable) -> Callable:
    """An op that takes arrays only."""
    return lambda attributes, *arrays: op(*(Tensor(a) for a in arrays)).data


def power(attributes, x, exponent):
    need(exponent.size == 1, "exponents that differ")
    return ops.power(Tensor(x), float(exponent)).data


def reshape(attributes, x, shape):
    need(not attributes.get("allowzero"), "empty tensors")
    shape = [n if n else x.shape[i] for i, n in enumerate(shape.tolist())]
    return ops.reshape(Tensor(x), shape).data


def transpose(attributes, x):
    return ops.transpose(Tensor(x), attributes.get("perm")).data


def concat(attributes, *arrays):
    return ops.concatenate([Tensor(a) for a in arrays], attributes["axis"]).data


def pad(attributes, x, pads, value=0.0, axes=None):
    need(attributes.get("mode", b"constant") == b"constant", "other margins than constant ones")
    widths = [(0, 0)] * x.ndim
    chosen = range(x.ndim) if axes is None else axes.tolist()
    for i, axis in enumerate(chosen):
        widths[axis] = (int(pads[i]), int(pads[len(pads) // 2 + i]))
    value = float(value)
    return (ops.pad(Tensor(x) - value, widths) + value).data  # minipose pads with zeros


def take(attributes, x, starts, ends, axes=None, steps=None):
    key = [slice(None)] * x.ndim
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    for axis, start, end, step in zip(axes, starts.tolist(), ends.tolist(), steps, strict=True):
        key[axis] = slice(start, end, step)
    return Tensor(x)[tuple(key)].data


def reduction(op):
    def reduce(attributes, x, axes=None):
        need(not attributes.get("noop_with_empty_axes"), "no axes as no reduction")
        chosen = None if axes is None or axes.size == 0 else axes.tolist()
        return op(Tensor(x), chosen, bool(attributes.get("keepdims", 1))).data

    return reduce


def global_mean(attributes, x):
    return ops.mean(Tensor(x), (2, 3), keepdims=True).data


def matmul(attributes, a, b):
    need(a.ndim == b.ndim == 2, "products of anything but matrices")
    return ops.matmul(Tensor(a), Tensor(b)).data


def gemm(attributes, a, b, c=None):
    x = Tensor(a).transpose() if attributes.get("transA") else Tensor(a)
    weight = Tensor(b) if attributes.get("transB") else Tensor(b).transpose()  # (out, in)
    x = x * attributes.get("alpha", 1.0)
    if c is None:
        return ops.linear(x, weight).data
    bias = Tensor(c) * attributes.get("beta", 1.0)
    if bias.shape == weight.shape[:1]:
        return ops.linear(x, weight, bias).data
    return (ops.linear(x, weight) + bias).data


def along_axis(op):
    return lambda attributes, x: op(Tensor(x), attributes.get("axis", -1)).data


def dropout(attributes, x, ratio=0.5, training=False):
    need(bool(training), "dropout that does nothing")
    need(float(ratio) == 0, "the random numbers of another library")
    return ops.dropout(Tensor(x), float(ratio), np.random.default_rng(0)).data


def conv(attributes, x, weight, bias=None):
    top, left, bottom, right = _pads(attributes)
    need(attributes.get("group", 1) == 1, "groups")
    need(set(attributes.get("dilations", [1])) == {1} and x.ndim == 4, "dilations, 1D and 3D")
    need((top, left) == (bottom, right), "margins on one side")
    strides = tuple(attributes.get("strides", (1, 1)))
    bias = None if bias is None else Tensor(bias)
    return ops.conv2d(Tensor(x), Tensor(weight), bias, strides, (top, left)).data


def pool(op, pads_are_counted):
    def pooled(attributes, x):
        pads, kernel = _pads(attributes), attributes["kernel_shape"]
        strides = attributes.get("strides", [1] * len(kernel))
        need(x.ndim == 4 and x.dtype == np.float32, "1D, 3D, integers")
        need(len(set(kernel)) == len(set(strides)) == 1, "blocks that are not square")
        need(set(attributes.get("dilations", [1])) == {1}, "dilations")
        need(not attributes.get("ceil_mode"), "blocks that reach over the border")
        need(not any(pads) or pads_are_counted(attributes), "margins that do not count")
        top, left, bottom, right = pads
        padded = ops.pad(Tensor(x), [(0, 0), (0, 0), (top, bottom), (left, right)])
        return op(padded, kernel[0], strides[0]).data

    return pooled


def resize(attributes, x, *others):
    scales = next((o for o in others[-2:] if o.dtype == np.float32 and o.size), None)
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
    loss = categorical_cross_entropy(Tensor(x), one_hot)
    return (loss if reduction == b"mean" else loss * labels.size).data


def centre(attributes, x, shape):
    axes = [a % x.ndim for a in attributes.get("axes", range(x.ndim))]
    widths = [(0, 0)] * x.ndim
    for axis, size in zip(axes, shape.tolist(), strict=True):
        need(size <= x.shape[axis], "crops with margins")
        cut = x.shape[axis] - size
        widths[axis] = (cut // 2, cut - cut // 2)
    return ops.crop(Tensor(x), widths).data


def momentum(attributes, rate, count, *arrays):
    need(attributes["mode"] == b"standard" and len(arrays) == 3, "Nesterov, several parameters")
    w, g, velocity = arrays
    parameter = Parameter(w.copy())
    decay = attributes["norm_coefficient"]
    optimizer = SGD([parameter], float(rate), attributes["alpha"], decay)
    optimizer.state["velocity"][0][...] = -float(rate) * velocity  # report 1's v has the rate in it
    parameter.grad = g
    optimizer.step()
    return parameter.data


def _pads(attributes):
    need(attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID"), "margins worked out")
    pads = attributes.get("pads", [0, 0, 0, 0])
    need(len(pads) == 4, "1D and 3D")
    return pads


# Operator: the module of its cases, and how minipose does it.
OPERATORS = {
    "Add": ("add", plain(ops.add)),
    "Sub": ("sub", plain(ops.subtract)),
    "Mul": ("mul", plain(ops.multiply)),
    "Div": ("div", plain(ops.divide)),
    "Neg": ("neg", plain(ops.negative)),
    "Pow": ("pow", power),
    "Exp": ("exp", plain(ops.exp)),
    "Log": ("log", plain(ops.log)),
    "Sqrt": ("sqrt", plain(ops.sqrt)),
    "Tanh": ("tanh", plain(ops.tanh)),
    "Sigmoid": ("sigmoid", plain(ops.sigmoid)),
    "Softplus": ("softplus", plain(ops.softplus)),
    "Relu": ("relu", plain(ops.relu)),
    "Reshape": ("reshape", reshape),
    "Transpose": ("transpose", transpose),
    "Concat": ("concat", concat),
    "Pad": ("pad", pad),
    "CenterCropPad": ("center_crop_pad", centre),
    "Slice": ("slice", take),
    "ReduceSum": ("reducesum", reduction(ops.sum)),
    "ReduceMean": ("reducemean", reduction(ops.mean)),
    "GlobalAveragePool": ("globalaveragepool", global_mean),
    "MatMul": ("matmul", matmul),
    "Gemm": ("gemm", gemm),
    "Softmax": ("softmax", along_axis(ops.softmax)),
    "LogSoftmax": ("logsoftmax", along_axis(ops.log_softmax)),
    "Dropout": ("dropout", dropout),
    "Conv": ("conv", conv),
    "MaxPool": ("maxpool", pool(ops.max_pool2d, lambda a: False)),
    "AveragePool": ("averagepool", pool(ops.avg_pool2d, lambda a: a.get("count_include_pad"))),
    "Resize": ("resize", resize),
    "Upsample": ("upsample", resize),
    "SoftmaxCrossEntropyLoss": ("softmax_cross_entropy_loss", cross_entropy),
    "Momentum": ("momentum", momentum),
}


def cases() -> Iterator[NodeCase]:
    """ONNX's cases of one node each, for the operators above."""
    for module, _ in OPERATORS.values():
        importlib.import_module(f"{onnx_cases.__name__}.{module}")  # which notes down its cases
    for case in onnx_cases._NodeTestCases:
        nodes, (inputs, outputs) = case.model.graph.node, case.data_sets[0]
        if len(nodes) == 1 and nodes[0].op_type in OPERATORS:
            attributes = {a.name: get_attribute_value(a) for a in nodes[0].attribute}
            arrays = [np.asarray(a) for a in inputs]
            yield NodeCase(nodes[0].op_type, case.name, attributes, arrays, np.asarray(outputs[0]))


def run(case: NodeCase) -> np.ndarray:
    """What minipose makes of it."""
    need(case.inputs[0].dtype in (np.float32, np.float64), "other numbers than float32, float64")
    return OPERATORS[case.operator][1](case.attributes, *case.inputs)
