"""PyTorch's sums, products and softmax in minipose's ops; arguments as PyTorch names them."""

from __future__ import annotations

from minipose import ops
from tests.oracles.beyond import need
from tests.oracles.op_db_elementwise import real

AXIS = "an axis of a single number"


def reduction(op):
    def reduce(x, dim=None, keepdim=False, dtype=None):
        real(x)
        need(dtype is None, "another dtype of the result")
        need(x.ndim > 0 or dim is None or dim == (), AXIS)
        axes = None if dim is None or (isinstance(dim, (tuple, list)) and not dim) else dim
        return op(x, axes, keepdim)

    return reduce


def matmul(a, b):
    return ops.matmul(a, b)


def addmm(c, a, b, alpha=1, beta=1):
    return alpha * ops.matmul(a, b) + beta * c


def linear(x, weight, bias=None):
    return ops.linear(x, weight, bias)


def along_axis(op):
    def translated(x, dim, dtype=None):
        need(x.ndim > 0, AXIS)
        need(dtype is None, "another dtype of the result")
        return op(x, dim)

    return translated


OPERATORS = {
    "sum": reduction(ops.sum),
    "mean": reduction(ops.mean),
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
