"""ONNX's operators that move values in minipose's ops.

Each translator takes the attributes of a node and its inputs and returns the result, an array; it
raises ``Beyond`` where the case uses an option that minipose does without (dilations, say).
"""

from __future__ import annotations

import math

import numpy as np

from minipose import Tensor, ops
from tests.oracles.beyond import need


def reshape(attributes, x, shape):
    need(not attributes.get("allowzero"), "empty tensors")
    shape = [n if n else x.shape[i] for i, n in enumerate(shape.tolist())]
    return ops.reshape(Tensor(x), shape).data


def flatten(attributes, x):
    axis = attributes.get("axis", 1)
    axis += x.ndim if axis < 0 else 0
    if axis == 1:
        return ops.flatten(Tensor(x)).data
    return Tensor(x).reshape(math.prod(x.shape[:axis]), -1).data


def squeeze(attributes, x, axes):
    axes = [a % x.ndim for a in axes.tolist()]
    return Tensor(x)[tuple(0 if a in axes else slice(None) for a in range(x.ndim))].data


def unsqueeze(attributes, x, axes):
    rank = x.ndim + axes.size
    axes = [a % rank for a in axes.tolist()]
    return Tensor(x)[tuple(None if a in axes else slice(None) for a in range(rank))].data


def expand(attributes, x, shape):
    """Broadcasting is what adding zeros does."""
    return (Tensor(x) + np.zeros(shape, x.dtype)).data


def gather(attributes, x, places):
    return Tensor(x)[(slice(None),) * attributes.get("axis", 0) + (places,)].data


def gather_elements(attributes, x, places):
    key = list(np.indices(places.shape))
    key[attributes.get("axis", 0)] = places
    return Tensor(x)[tuple(key)].data


def gather_nd(attributes, x, places):
    need(not attributes.get("batch_dims"), "batches of places")
    return Tensor(x)[tuple(np.moveaxis(places, -1, 0))].data


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


def centre(attributes, x, shape):
    axes = [a % x.ndim for a in attributes.get("axes", range(x.ndim))]
    widths = [(0, 0)] * x.ndim
    for axis, size in zip(axes, shape.tolist(), strict=True):
        need(size <= x.shape[axis], "crops with margins")
        cut = x.shape[axis] - size
        widths[axis] = (cut // 2, cut - cut // 2)
    return ops.crop(Tensor(x), widths).data


OPERATORS = {
    "Reshape": ("reshape", reshape),
    "Flatten": ("flatten", flatten),
    "Squeeze": ("squeeze", squeeze),
    "Unsqueeze": ("unsqueeze", unsqueeze),
    "Expand": ("expand", expand),
    "Transpose": ("transpose", transpose),
    "Concat": ("concat", concat),
    "Pad": ("pad", pad),
    "CenterCropPad": ("center_crop_pad", centre),
    "Slice": ("slice", take),
    "Gather": ("gather", gather),
    "GatherElements": ("gatherelements", gather_elements),
    "GatherND": ("gathernd", gather_nd),
}
