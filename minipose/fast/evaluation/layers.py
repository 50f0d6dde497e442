"""Layers as they are computed in evaluation: what depends on weights alone is computed once.

A batch norm of evaluation is a factor and a shift for each channel, and goes into the kernel and
the bias of the convolution before it:

    γ/σ · (w ∗ x + b − μ) + β = w' ∗ x + b',    w' = γ/σ · w,    b' = γ/σ · (b − μ) + β

Only layers that are exactly the library's are replaced: a subclass may compute something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minipose import nn
from minipose.fast.evaluation import kernels
from minipose.nn import Module
from minipose.tensor import Tensor

Array = np.ndarray
Function = Callable[[Tensor], Tensor]


class Layers:
    """What has been prepared, by layer."""

    def __init__(self) -> None:
        self.prepared: dict[int, Function | None] = {}

    def forget(self) -> None:
        """Weights have changed."""
        self.prepared = {}

    def call(self, module: Module, inputs: tuple[Tensor, ...], options: dict[str, Any]) -> Any:
        """What the module gives."""
        if len(inputs) == 1 and not options and not module.training:
            if id(module) not in self.prepared:
                self.prepared[id(module)] = prepare(module)
            function = self.prepared[id(module)]
            if function is not None:
                return function(inputs[0])
        return module.forward(*inputs, **options)


def prepare(module: Module) -> Function | None:
    """The module as a function of its input; None where nothing is to be prepared."""
    if type(module) is nn.Sequential:
        return _sequence(list(module.layers))
    if type(module) in (nn.Conv2d, nn.UpsampleConv2d):
        return _convolution(module, None)
    return None


def _sequence(layers: list[Module]) -> Function | None:
    functions: list[Function] = []
    while layers:
        layer = layers.pop(0)
        follows = layers[0] if layers else None
        if type(layer) in (nn.Conv2d, nn.UpsampleConv2d) and _folds(layer, follows):
            functions.append(_convolution(layer, layers.pop(0)))
        else:
            functions.append(layer)

    def call(x: Tensor) -> Tensor:
        for function in functions:
            x = function(x)
        return x

    return call


def _folds(layer: nn.Conv2d | nn.UpsampleConv2d, follows: Module | None) -> bool:
    return (
        type(follows) is nn.BatchNorm2d
        and layer.activation is None
        and not follows.training
        and len(_weights(layer)[0].data) == follows.channels
    )


def _weights(layer: nn.Conv2d | nn.UpsampleConv2d) -> tuple[Tensor, Tensor | None]:
    convolution = layer if type(layer) is nn.Conv2d else layer.convolution
    return convolution.weight, convolution.bias


def _convolution(layer: nn.Conv2d | nn.UpsampleConv2d, norm: nn.BatchNorm2d | None) -> Function:
    weight, bias = (None if each is None else each.data for each in _weights(layer))
    relu = (layer if norm is None else norm).activation == "relu"
    if norm is not None:
        weight, bias = folded(weight, bias, norm)
    if type(layer) is nn.UpsampleConv2d:
        return kernels.Doubling(weight, bias, relu)
    return kernels.Convolution(weight, bias, relu, layer.stride, layer.padding)


def folded(weight: Array, bias: Array | None, norm: nn.BatchNorm2d) -> tuple[Array, Array]:
    """Kernel and bias of a convolution and the batch norm after it, as one convolution."""
    scale = norm.weight.data / np.sqrt(norm.running_variance.astype(np.float64) + norm.eps)
    shift = norm.bias.data + ((0 if bias is None else bias) - norm.running_mean) * scale
    return (weight * scale[:, None, None, None]).astype(weight.dtype), shift.astype(weight.dtype)
