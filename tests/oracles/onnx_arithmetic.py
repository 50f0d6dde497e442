"""ONNX's arithmetic, activations, sums and products in minipose's ops.

Each translator takes the attributes of a node and its inputs and returns the result, an array; it
raises ``Beyond`` where the case uses an option that minipose does without (dilations, say).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose import Tensor, ops
from tests.oracles.beyond import need


def plain(op: Callable) -> Callable:
    """An op that takes arrays only."""
    return lambda attributes, *arrays: op(*(Tensor(a) for a in arrays)).data


def fold(op: Callable) -> Callable:
    """An op of two, for any number of inputs."""

    def folded(attributes, first, *others):
        result = Tensor(first)
        for other in others:
            result = op(result, Tensor(other))
        return result.data

    return folded


def mean_of_all(attributes, *arrays):
    return ops.mean(ops.stack([Tensor(a) for a in arrays]), 0).data


def power(attributes, x, exponent):
    exponent = exponent.astype(x.dtype) if exponent.dtype.kind in "iu" else exponent
    return (Tensor(x) ** Tensor(exponent)).data


def leaky_relu(attributes, x):
    return ops.leaky_relu(Tensor(x), attributes.get("alpha", 0.01)).data


def hard_sigmoid(attributes, x):
    slope, middle = attributes.get("alpha", 0.2), attributes.get("beta", 0.5)
    return ops.clip(slope * Tensor(x) + middle, 0, 1).data


def clip(attributes, x, low=None, high=None):
    low, high = (None if limit is None else float(limit) for limit in (low, high))
    need(low is None or high is None or low <= high, "limits that contradict each other")
    return ops.clip(Tensor(x), low, high).data


def where(attributes, condition, a, b):
    return ops.where(condition, Tensor(a), Tensor(b)).data


def comparison(compare: Callable) -> Callable:
    return lambda attributes, a, b: compare(Tensor(a), Tensor(b))


def reduction(op):
    def reduce(attributes, x, axes=None):
        need(not attributes.get("noop_with_empty_axes"), "no axes as no reduction")
        chosen = None if axes is None or axes.size == 0 else axes.tolist()
        need(x.size > 0 or op in (ops.sum, _sum_of_squares), "the largest of nothing")
        return op(Tensor(x), chosen, bool(attributes.get("keepdims", 1))).data

    return reduce


def of_places(sign: int) -> Callable:
    """The place of the largest or of the smallest along an axis."""

    def places(attributes, x):
        need(not attributes.get("select_last_index"), "the last of equal ones")
        axis = attributes.get("axis", 0)
        found = ops.argmax(sign * Tensor(x), axis)
        return np.expand_dims(found, axis) if attributes.get("keepdims", 1) else found

    return places


def _sum_of_squares(x, axes, keepdims):
    return ops.sum(x * x, axes, keepdims)


def _sum_of_sizes(x, axes, keepdims):
    return ops.sum(ops.abs(x), axes, keepdims)


def _length(x, axes, keepdims):
    return ops.sqrt(_sum_of_squares(x, axes, keepdims))


def einsum(attributes, *arrays):
    equation = attributes["equation"].decode()
    need("." not in equation, "axes without a letter")
    return ops.einsum(equation, *(Tensor(a) for a in arrays)).data


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


# Operator: the modules that may hold its cases, and how minipose does it.
OPERATORS = {
    "Add": ("add", plain(ops.add)),
    "Sub": ("sub", plain(ops.subtract)),
    "Mul": ("mul", plain(ops.multiply)),
    "Div": ("div", plain(ops.divide)),
    "Neg": ("neg", plain(ops.negative)),
    "Abs": ("abs", plain(ops.abs)),
    "Reciprocal": ("reciprocal", plain(lambda x: 1 / x)),
    "Pow": ("pow", power),
    "Exp": ("exp", plain(ops.exp)),
    "Log": ("log", plain(ops.log)),
    "Sqrt": ("sqrt", plain(ops.sqrt)),
    "Tanh": ("tanh", plain(ops.tanh)),
    "Sigmoid": ("sigmoid", plain(ops.sigmoid)),
    "HardSigmoid": ("hardsigmoid", hard_sigmoid),
    "Softplus": ("softplus", plain(ops.softplus)),
    "Softsign": ("softsign", plain(lambda x: x / (1 + ops.abs(x)))),
    "Relu": ("relu", plain(ops.relu)),
    "LeakyRelu": ("leakyrelu", leaky_relu),
    "Clip": ("clip", clip),
    "Where": ("where", where),
    "Max": ("max", fold(ops.maximum)),
    "Min": ("min", fold(ops.minimum)),
    "Sum": ("sum", fold(ops.add)),
    "Mean": ("mean", mean_of_all),
    "Less": ("less", comparison(lambda a, b: a < b)),
    "LessOrEqual": ("less_or_equal less_equal", comparison(lambda a, b: a <= b)),
    "Greater": ("greater", comparison(lambda a, b: a > b)),
    "GreaterOrEqual": ("greater_or_equal greater_equal", comparison(lambda a, b: a >= b)),
    "ReduceSum": ("reducesum", reduction(ops.sum)),
    "ReduceMean": ("reducemean", reduction(ops.mean)),
    "ReduceMax": ("reducemax", reduction(ops.max)),
    "ReduceMin": ("reducemin", reduction(ops.min)),
    "ReduceSumSquare": ("reducesumsquare", reduction(_sum_of_squares)),
    "ReduceL1": ("reducel1", reduction(_sum_of_sizes)),
    "ReduceL2": ("reducel2", reduction(_length)),
    "ReduceLogSumExp": ("reduce_log_sum_exp", reduction(ops.logsumexp)),
    "ArgMax": ("argmax", of_places(1)),
    "ArgMin": ("argmin", of_places(-1)),
    "Einsum": ("einsum", einsum),
    "MatMul": ("matmul", plain(ops.matmul)),
    "Gemm": ("gemm", gemm),
    "Softmax": ("softmax", along_axis(ops.softmax)),
    "LogSoftmax": ("logsoftmax", along_axis(ops.log_softmax)),
}
