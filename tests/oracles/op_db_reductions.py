"""PyTorch's sums, products and softmax in minipose's ops; arguments as PyTorch names them."""

from __future__ import annotations

import numpy as np

from minipose import ops
from tests.oracles.beyond import AXIS, need
from tests.oracles.op_db_elementwise import real

NOTHING = "the largest of nothing"


def reduction(op):
    def reduce(x, dim=None, keepdim=False, dtype=None):
        real(x)
        need(dtype is None, "another dtype of the result")
        need(x.ndim > 0 or dim is None or dim == (), AXIS)
        axes = None if dim is None or (isinstance(dim, (tuple, list)) and not dim) else dim
        return op(x, axes, keepdim)

    return reduce


def largest(op, place):
    """With an axis PyTorch gives the places, too."""

    def extreme(x, dim=None, keepdim=False):
        if dim is None:
            return op(x)
        need(x.ndim > 0, AXIS)
        return op(x, dim, keepdim), place(x, dim, keepdim)

    return extreme


def argmax(x, dim=None, keepdim=False):
    need(x.ndim > 0, AXIS)
    places = x.argmax(dim)
    if not keepdim:
        return places
    axes = range(x.ndim) if dim is None else dim
    return np.expand_dims(places, tuple(axes) if dim is None else axes)


def var(x, dim=None, unbiased=True, keepdim=False, correction=None):
    need(x.ndim > 0, AXIS)
    correction = int(unbiased) if correction is None else correction
    return ops.var(x, dim if dim != () else None, keepdim, correction)


def var_at_once(x, dim=None, unbiased=None, keepdim=False):
    return var(x, None, dim if isinstance(dim, bool) else unbiased)


def einsum(tensors, subscripts):
    need("." not in subscripts, "axes without a letter")
    letters = subscripts.partition("->")[0].replace(" ", "").split(",")
    need(all(len(set(each)) == len(each) for each in letters), "diagonals")
    return ops.einsum(subscripts, *tensors)


def logsumexp(x, dim, keepdim=False):
    need(x.ndim > 0, AXIS)
    need(x.size > 0, NOTHING)
    return ops.logsumexp(x, dim, keepdim)


def matmul(a, b):
    return ops.matmul(a, b)


def addmm(c, a, b, alpha=1, beta=1):
    return alpha * ops.matmul(a, b) + beta * c


def linear(x, weight, bias=None):
    if weight.ndim == 1:  # one output, without an axis of its own
        return linear(x, ops.reshape(weight, (1, -1)), bias)[..., 0]
    if x.ndim > 1:
        return ops.linear(x, weight, bias)
    return ops.linear(ops.reshape(x, (1, -1)), weight, bias)[0]  # a single sample


def along_axis(op):
    def translated(x, dim, dtype=None):
        need(x.ndim > 0, AXIS)
        need(x.size > 0, NOTHING)
        need(dtype is None, "another dtype of the result")
        return op(x, dim)

    return translated


OPERATORS = {
    "sum": reduction(ops.sum),
    "mean": reduction(ops.mean),
    "amax": reduction(ops.max),
    "amin": reduction(ops.min),
    "max:reduction_no_dim": largest(ops.max, argmax),
    "max:reduction_with_dim": largest(ops.max, argmax),
    "min:reduction_no_dim": largest(ops.min, lambda x, *axis: argmax(-x, *axis)),
    "min:reduction_with_dim": largest(ops.min, lambda x, *axis: argmax(-x, *axis)),
    "argmax": argmax,
    "var": var,
    "var:unbiased": var_at_once,
    "logsumexp": logsumexp,
    "einsum": einsum,
    "matmul": matmul,
    "__rmatmul__": lambda a, b: b @ a,
    "mm": matmul,
    "mv": matmul,
    "bmm": matmul,
    "dot": matmul,
    "addmm": addmm,
    "nn.functional.linear": linear,
    "softmax": along_axis(ops.softmax),
    "log_softmax": along_axis(ops.log_softmax),
    "nn.functional.softmin": along_axis(lambda x, axis: ops.softmax(-x, axis)),
}
