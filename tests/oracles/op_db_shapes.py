"""PyTorch's operators that move values in minipose's ops; arguments as PyTorch names them."""

from __future__ import annotations

import math

import numpy as np

from minipose import Tensor, ops
from tests.oracles.beyond import need


def reshape(x, *shape):
    return ops.reshape(x, _one_sequence(shape))


def flatten(x, start_dim=0, end_dim=-1):
    if x.ndim == 0:
        return ops.reshape(x, (1,))
    start, end = start_dim % x.ndim, end_dim % x.ndim
    middle = math.prod(x.shape[start : end + 1])
    return ops.reshape(x, (*x.shape[:start], middle, *x.shape[end + 1 :]))


def permute(x, *axes):
    axes = _one_sequence(axes)
    return ops.transpose(x, [a % x.ndim for a in axes])


def transpose(x, first=-2, second=-1):
    axes = list(range(x.ndim))
    if x.ndim:
        axes[first], axes[second] = axes[second], axes[first]
    return ops.transpose(x, axes)


def reverse(x):
    return ops.transpose(x)


def cat(tensors, dim=0):
    shapes = {x.shape for x in tensors if isinstance(x, Tensor)}
    need((0,) not in shapes or shapes == {(0,)}, "empty vectors beside other shapes")
    return ops.concatenate(tensors, dim)


def pad(x, widths, mode="constant", value=None):
    need(mode == "constant", "margins that repeat the picture")
    need(min(widths, default=0) >= 0, "negative margins")
    pairs = [(0, 0)] * x.ndim
    for i in range(len(widths) // 2):
        pairs[-1 - i] = tuple(widths[2 * i : 2 * i + 2])
    value = value or 0.0
    return ops.pad(x - value, pairs) + value  # minipose pads with zeros


def getitem(x, key):
    return x[tuple(key) if isinstance(key, list) else key]


def select(x, axis, index):
    return x[(slice(None),) * (axis % x.ndim) + (index,)]


def narrow(x, axis, start, length):
    start = int(np.asarray(start))
    start = start % x.shape[axis] if start < 0 else start
    return x[(slice(None),) * (axis % x.ndim) + (slice(start, start + length),)]


def slice_(x, dim=0, start=None, end=None, step=1):
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


def _one_sequence(values):
    return values[0] if len(values) == 1 and not isinstance(values[0], int) else values


OPERATORS = {
    "reshape": reshape,
    "view": reshape,
    "flatten": flatten,
    "ravel": flatten,
    "permute": permute,
    "transpose": transpose,
    "mT": transpose,
    "T": reverse,
    "t": reverse,
    "cat": cat,
    "nn.functional.pad:constant": pad,
    "__getitem__": getitem,
    "select": select,
    "narrow": narrow,
    "slice": slice_,
}
