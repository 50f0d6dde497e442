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
    Flatten,
    LeakyReLU,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    UpsampleConv2d,
    UpsampleNearest,
)
from minipose.nn.module import Module
from minipose.nn.norm import BatchNorm2d, GroupNorm
