"""Layers: ops with parameters of their own."""

from minipose.nn.harmonic import (
    ComplexBatchNorm,
    ComplexReLU,
    HarmonicConv2d,
    MagnitudeGate,
    MapDropout,
    NormalisedGate,
)
from minipose.nn.layers import (
    AvgPool2d,
    Conv2d,
    Conv2dMaxPool2d,
    Dropout,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    Tanh,
    UpsampleConv2d,
    UpsampleNearest,
)
from minipose.nn.module import Module

__all__ = [
    "AvgPool2d",
    "ComplexBatchNorm",
    "ComplexReLU",
    "Conv2d",
    "Conv2dMaxPool2d",
    "Dropout",
    "HarmonicConv2d",
    "Linear",
    "MagnitudeGate",
    "MapDropout",
    "MaxPool2d",
    "Module",
    "NormalisedGate",
    "ReLU",
    "Sequential",
    "Tanh",
    "UpsampleConv2d",
    "UpsampleNearest",
]
