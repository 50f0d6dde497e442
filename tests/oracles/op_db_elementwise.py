"""PyTorch's arithmetic and activations in minipose's ops; arguments as PyTorch names them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose import Tensor, ops
from tests.oracles.beyond import need


def real(*values: object) -> None:
    """Numbers and Tensors only: integers beside floats are another kind of arithmetic."""
    need(not any(isinstance(v, complex) for v in values), "complex numbers")
    need(not any(isinstance(v, np.ndarray) for v in values), "integer tensors")
    need(any(isinstance(v, Tensor) for v in values), "numbers without a tensor")


def unary(op: Callable) -> Callable:
    def translated(x):
        real(x)
        return op(x)

    return translated


def binary(op: Callable) -> Callable:
    def translated(a, b, alpha=1, rounding_mode=None):
        real(a, b)
        need(rounding_mode is None, "rounding")
        return op(a, b if alpha == 1 else alpha * b)

    return translated


def reflected(op: Callable) -> Callable:
    """``b op a``, where a is the first argument."""
    in_order = binary(op)
    return lambda a, b, alpha=1: in_order(b, a if alpha == 1 else alpha * a)


def power(x, exponent):
    real(x, exponent)
    return x**exponent


def leaky_relu(x, negative_slope=0.01):
    return ops.leaky_relu(x, negative_slope)


def hardtanh(x, min_val=-1.0, max_val=1.0, inplace=False):
    # there it has slope 0 and clamp has 1, as ours
    at_a_limit = np.isin(x.data, (min_val, max_val)).any()
    need(not at_a_limit, "corners of a hard tanh")
    return ops.clip(x, min_val, max_val)


def clamp(x, low=None, high=None):
    """``clip`` takes numbers only; with tensors it is a choice."""
    real(*(limit for limit in (x, low, high) if limit is not None))
    x = x if low is None else ops.where(x >= low, x, low)
    return x if high is None else ops.where(x <= high, x, high)


def where(x, condition, other):
    real(x, other)
    return ops.where(condition, x, other)


OPERATORS = {
    "add": binary(ops.add),
    "sub": binary(ops.subtract),
    "rsub": reflected(ops.subtract),
    "mul": binary(ops.multiply),
    "div:no_rounding_mode": binary(ops.divide),
    "true_divide": binary(ops.divide),
    "__radd__": reflected(lambda a, b: a + b),
    "__rmul__": reflected(lambda a, b: a * b),
    "__rdiv__": reflected(lambda a, b: a / b),
    "neg": unary(ops.negative),
    "reciprocal": unary(lambda x: 1 / x),
    "square": unary(lambda x: x * x),
    "pow": power,
    "exp": unary(ops.exp),
    "log": unary(ops.log),
    "sqrt": unary(ops.sqrt),
    "tanh": unary(ops.tanh),
    "sigmoid": unary(ops.sigmoid),
    "nn.functional.logsigmoid": unary(ops.log_sigmoid),
    "nn.functional.relu": unary(ops.relu),
    "nn.functional.leaky_relu": leaky_relu,
    "abs": unary(ops.abs),
    "clamp": clamp,
    "nn.functional.hardtanh": hardtanh,
    "nn.functional.relu6": lambda x: hardtanh(x, 0, 6),
    "maximum": binary(ops.maximum),
    "minimum": binary(ops.minimum),
    "max:binary": binary(ops.maximum),
    "min:binary": binary(ops.minimum),
    "where": where,
    "lt": binary(lambda a, b: a < b),
    "le": binary(lambda a, b: a <= b),
    "gt": binary(lambda a, b: a > b),
    "ge": binary(lambda a, b: a >= b),
    "eq": binary(lambda a, b: a == b),
    "ne": binary(lambda a, b: a != b),
}
