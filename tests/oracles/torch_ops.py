"""Every op and every loss of minipose, said in PyTorch's functions; its autograd differentiates.

Each function takes tensors and the options of a row in ``tests/ops``. Harmonic ops are in
``torch_harmonic``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as f

from tests.oracles import torch_harmonic as harmonic


def concatenate(*tensors, axis):
    return torch.cat(tensors, dim=axis)


def conv2d_relu(x, weight, bias=None, stride=1, padding=0):
    return f.relu(f.conv2d(x, weight, bias, stride, padding))


def conv2d_max_pool2d(x, weight, bias=None, tanh=False):
    y = f.max_pool2d(f.conv2d(x, weight, bias), 2)
    return torch.tanh(y) if tanh else y


def batch_norm(x, weight, bias, eps=1e-5, relu=False):
    y = f.batch_norm(x, None, None, weight, bias, training=True, eps=eps)
    return f.relu(y) if relu else y


def batch_norm_inference(x, weight, bias, mean, variance, eps=1e-5, relu=False):
    y = f.batch_norm(x, mean, variance, weight, bias, training=False, eps=eps)
    return f.relu(y) if relu else y


def group_norm(x, weight, bias, groups, eps=1e-5, relu=False):
    y = f.group_norm(x, groups, weight, bias, eps)
    return f.relu(y) if relu else y


def pooling(pool, margin):
    """PyTorch's own margins are at most half a block wide; so they are added before."""

    def op(x, kernel_size, stride, padding=0):
        vertical, horizontal = padding if isinstance(padding, tuple) else (padding, padding)
        widths = (horizontal, horizontal, vertical, vertical)
        return pool(f.pad(x, widths, value=margin), kernel_size, stride)

    return op


def crop(x, widths):
    return x[tuple(slice(a, n - b) for (a, b), n in zip(widths, x.shape, strict=True))]


def dropout(x, rate, seed):
    draws = np.random.default_rng((seed,)).random(tuple(x.shape), dtype=np.float32)
    return x * torch.tensor(draws >= rate) / (1 - rate)


def mean(x, axis=None, keepdims=False):
    return torch.mean(x, dim=_axes(x, axis), keepdim=keepdims)


def pad(x, widths):
    return f.pad(x, [n for pair in reversed(widths) for n in pair])


def reduce_sum(x, axis=None, keepdims=False):
    return torch.sum(x, dim=_axes(x, axis), keepdim=keepdims)


def select(x, key):
    """PyTorch knows no negative steps: what is read backwards is flipped first."""
    keys = list(key) if isinstance(key, tuple) else [key]
    for axis, part in enumerate(keys):
        if isinstance(part, slice) and part.step == -1:
            x, keys[axis] = x.flip(axis), slice(None)
        elif isinstance(part, (list, np.ndarray)):
            array = np.asarray(part)
            kind = bool if array.dtype == bool else int
            keys[axis] = torch.from_numpy(array.astype(kind))
    return x[tuple(keys)]


def stack(*tensors, axis):
    return torch.stack(tensors, dim=axis)


def var(x, axis=None, keepdims=False, correction=0):
    return torch.var(x, dim=_axes(x, axis), keepdim=keepdims, correction=correction)


def reduced(function):
    return lambda x, axis=None, keepdims=False: function(x, dim=_axes(x, axis), keepdim=keepdims)


def transpose(x, axes=None):
    return x.permute(tuple(reversed(range(x.ndim))) if axes is None else axes)


def upsample_conv2d(x, weight, bias=None, relu=False):
    y = f.conv2d(f.pad(f.interpolate(x, scale_factor=2), (0, 1, 0, 1)), weight, bias)
    return f.relu(y) if relu else y


def joint_squared_error(x, target):
    return 0.5 * f.mse_loss(x, target, reduction="sum") / len(x)


def joint_distance(x, target):
    return torch.linalg.vector_norm((x - target).reshape(-1, 3), dim=1).mean()


def window_cross_entropy(x, target):
    return 0.5 * f.binary_cross_entropy_with_logits(2 * x, target, reduction="sum") / len(x)


def dice_loss(x, target, smooth=1e-6):
    overlap = (x * target).flatten(1).sum(1)
    total = x.flatten(1).sum(1) + target.flatten(1).sum(1)
    return 1 - ((2 * overlap + smooth) / (total + smooth)).mean()


def categorical_cross_entropy(x, target):
    return f.cross_entropy(x, target if target.ndim == x.ndim else target.long())


def _axes(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis


ORACLES = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "negative": torch.neg,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "log_sigmoid": f.logsigmoid,
    "softplus": f.softplus,
    "relu": torch.relu,
    "leaky_relu": lambda x, slope: f.leaky_relu(x, slope),
    "power/3": lambda x: x**3,
    "power/half": lambda x: x**0.5,
    "power/0": lambda x: x**0,
    "power/minus_1": lambda x: x**-1,
    "add/number": lambda x: 2 + x,
    "subtract/number": lambda x: 2 - x,
    "multiply/number": lambda x: 2 * x,
    "divide/number": lambda x: 2 / x,
    "multiply/square": torch.square,
    "power/tensors": torch.pow,
    "power/of_2": lambda x: 2**x,
    "abs": torch.abs,
    "clip": lambda x, low=None, high=None: torch.clip(x, low, high),
    "maximum": torch.maximum,
    "maximum/number": lambda x: torch.maximum(x, torch.tensor(0.02, dtype=x.dtype)),
    "minimum": torch.minimum,
    "where": lambda a, b, condition: torch.where(torch.as_tensor(condition), a, b),
    "max": reduced(torch.amax),
    "min": reduced(torch.amin),
    "var": var,
    "logsumexp": reduced(torch.logsumexp),
    "stack": stack,
    "flatten": lambda x, start=1: torch.flatten(x, start) if start < x.ndim else x[..., None],
    "reshape": lambda x, shape: torch.reshape(x, shape),
    "transpose": transpose,
    "concatenate": concatenate,
    "pad": pad,
    "crop": crop,
    "select": select,
    "sum": reduce_sum,
    "mean": mean,
    "matmul": torch.matmul,
    "einsum": lambda *xs, subscripts: torch.einsum(subscripts, *xs),
    "linear": f.linear,
    "softmax": lambda x, axis: torch.softmax(x, axis),
    "log_softmax": lambda x, axis: torch.log_softmax(x, axis),
    "dropout": dropout,
    "conv2d": lambda x, w, b=None, stride=1, padding=0: f.conv2d(x, w, b, stride, padding),
    "conv2d_relu": conv2d_relu,
    "max_pool2d": pooling(f.max_pool2d, -np.inf),
    "avg_pool2d": pooling(f.avg_pool2d, 0.0),
    "conv2d_max_pool2d": conv2d_max_pool2d,
    "upsample_nearest": lambda x, scale: f.interpolate(x, scale_factor=scale),
    "upsample_bilinear": lambda x, scale: f.interpolate(x, scale_factor=scale, mode="bilinear"),
    "pixel_shuffle": lambda x, scale: f.pixel_shuffle(x, scale),
    "pixel_unshuffle": lambda x, scale: f.pixel_unshuffle(x, scale),
    "upsample_conv2d": upsample_conv2d,
    "batch_norm": batch_norm,
    "batch_norm_inference": batch_norm_inference,
    "group_norm": group_norm,
    "polar": harmonic.polar,
    "harmonic_kernel": harmonic.kernel,
    "harmonic_conv2d": harmonic.convolve,
    "complex_batch_norm": harmonic.norm,
    "magnitude_gate": harmonic.gate,
    "normalised_gate": harmonic.normalised_gate,
    "complex_relu": harmonic.relu,
    "map_dropout": harmonic.dropout,
    "concatenate_streams": harmonic.concatenate,
    "joint_squared_error": joint_squared_error,
    "joint_distance": joint_distance,
    "window_cross_entropy": window_cross_entropy,
    "dice_loss": dice_loss,
    "mse": f.mse_loss,
    "categorical_cross_entropy": categorical_cross_entropy,
}
