"""Layers: ops with parameters of their own."""

from minipose.nn.layers import (
    AvgPool2d,
    Conv2d,
    Dropout,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    Tanh,
    UpsampleNearest,
)
from minipose.nn.module import Module

__all__ = [
    "AvgPool2d",
    "Conv2d",
    "Dropout",
    "Linear",
    "MaxPool2d",
    "Module",
    "ReLU",
    "Sequential",
    "Tanh",
    "UpsampleNearest",
]
