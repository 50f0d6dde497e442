"""PyTorch's own table of layers and losses, with the inputs that its developers test them with.

``LAYERS`` makes each of them in minipose, from the arguments of PyTorch's constructor; losses are
functions. Parameters and buffers are then set to PyTorch's, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.testing._internal.common_modules import module_db

from minipose import nn, ops
from minipose.nn.module import Module
from tests.oracles import op_db_networks
from tests.oracles.beyond import Beyond, Tally, need
from tests.oracles.op_db_networks import as_batch
from tests.oracles.torch_samples import close, compare, in_short

TABLE = {info.module_cls.__name__: info for info in module_db}
RENAMED = {"running_var": "running_variance"}
RNG = np.random.default_rng(0)  # what it draws is overwritten


def linear(inputs, outputs, bias=True):
    return nn.Linear(inputs, outputs, RNG, bias=bias)


def conv2d(
    inputs, outputs, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
    padding_mode="zeros",
):  # fmt: skip
    need(dilation == 1, "dilation")
    need(groups == 1, "groups")
    need(padding_mode == "zeros", "margins that repeat the picture")
    return nn.Conv2d(inputs, outputs, kernel_size, RNG, stride=stride, padding=padding, bias=bias)


def batch_norm(channels, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, bias=True):
    need(momentum is not None, "running means of all batches alike")
    need(affine and bias, "norms with nothing to be learned")
    need(track_running_stats, "norms without running statistics")
    return nn.BatchNorm2d(channels, momentum, eps)


def group_norm(groups, channels, eps=1e-5, affine=True, bias=True):
    need(affine and bias, "norms with nothing to be learned")
    return nn.GroupNorm(groups, channels, eps)


def max_pool2d(kernel_size, stride=None, padding=0, return_indices=False):
    need(not return_indices, "places of maxima")
    return nn.MaxPool2d(kernel_size, stride, padding)


def avg_pool2d(kernel_size, stride=None, padding=0, divisor_override=None):
    need(divisor_override is None, "another divisor")
    return nn.AvgPool2d(kernel_size, stride, padding)


def mse(reduction="mean"):
    return lambda x, target: op_db_networks.mse_loss(x, target, reduction=reduction)


def cross_entropy(**options):
    return lambda x, target: op_db_networks.cross_entropy(x, target, **options)


# PyTorch's class: how minipose makes it.
LAYERS: dict[str, Callable] = {
    "Linear": linear,
    "Conv2d": conv2d,
    "BatchNorm1d": batch_norm,
    "BatchNorm2d": batch_norm,
    "GroupNorm": group_norm,
    "ReLU": nn.ReLU,
    "LeakyReLU": nn.LeakyReLU,
    "Tanh": nn.Tanh,
    "Sigmoid": nn.Sigmoid,
    "MaxPool2d": max_pool2d,
    "AvgPool2d": avg_pool2d,
    "MSELoss": mse,
    "CrossEntropyLoss": cross_entropy,
}
PICTURES = {"Conv2d", "MaxPool2d", "AvgPool2d"}  # PyTorch takes a single one without a batch, too


def judge(name: str, dtype: torch.dtype, training: bool, make: Callable) -> Tally:
    """Compare a layer for all inputs. Raises ``AssertionError`` with the first that differs."""
    tally = Tally()
    for constructed, forward in inputs(name, dtype, training):
        try:
            _judge_one(name, dtype, training, make, constructed, forward)
            tally.agree += 1
        except Beyond as reason:
            tally.beyond[str(reason)] += 1
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            raise AssertionError(f"{name}{in_short((constructed, forward))}: {text}") from error
    return tally


def inputs(name: str, dtype: torch.dtype, training: bool) -> Iterator[tuple]:
    """Arguments of the constructor and of the forward pass, (args, kwargs) each."""
    torch.manual_seed(0)
    info = TABLE[name]
    for one in info.module_inputs_func(info, "cpu", dtype, True, training):
        if one.forward_input is not None:
            constructed = (one.constructor_input.args, one.constructor_input.kwargs)
            yield constructed, (one.forward_input.args, one.forward_input.kwargs)


def _judge_one(name, dtype, training, make, constructed, forward) -> None:
    args, kwargs = constructed
    theirs = TABLE[name].module_cls(*args, **kwargs).to(dtype).train(training)
    for parameter in theirs.parameters():  # some begin as 0 and 1
        torch.nn.init.uniform_(parameter, 0.5, 1.5)
    ours = make(*args, **kwargs)
    if not isinstance(ours, Module):  # a loss
        compare(theirs, ours, forward, dtype)
        return
    ours.astype(np.float64 if dtype == torch.float64 else np.float32).train(training)
    ours.load_state_dict(state(theirs, ours))

    def run(*args, **kwargs):
        (x,) = (*args, *kwargs.values())
        if name == "Linear" and x.ndim == 1:  # PyTorch takes a single sample, too
            return ours(ops.reshape(x, (1, -1)))[0]
        return as_batch(ours, x) if name in PICTURES else ours(x)

    learned = dict(theirs.named_parameters())
    parameters = [(p, learned[key]) for key, p in ours.named_parameters()]
    assert len(parameters) == len(learned)
    compare(theirs, run, forward, dtype, parameters)
    for key, buffer in ours.named_buffers():
        expected = state(theirs, ours)[key]
        close(f"{key} afterwards", buffer, expected, dtype)


def state(theirs: torch.nn.Module, ours: Module) -> dict[str, np.ndarray]:
    """PyTorch's parameters and buffers under minipose's names."""
    names = {key for key, _ in (*ours.named_parameters(), *ours.named_buffers())}
    found = {RENAMED.get(key, key): value.numpy() for key, value in theirs.state_dict().items()}
    return {key: value for key, value in found.items() if key in names}
