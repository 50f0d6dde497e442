"""Layers that normalise what a network passes on, so that deep ones train."""

from __future__ import annotations

import numpy as np

from minipose import ops
from minipose.nn.arguments import number, one_of, positive
from minipose.nn.module import Module
from minipose.ops.norm import follow
from minipose.tensor import Parameter, Tensor


class BatchNorm2d(Module):
    """y = γ (x − μ)/√(v + eps) + β for each channel.  x (N, C, H, W) or (N, C), y of that shape.

    In training μ and v are mean and variance of the batch, and the running ones move towards them:
    r ← (1 − momentum) · r + momentum · (that of the batch). In evaluation they are the running
    ones. γ = 1 and β = 0 at first; a convolution before it needs no bias of its own.

    Parameters
    ----------
    channels : int
    momentum : float
        How far the running statistics move in a step, 0 to 1.
    eps : float
    activation : None or "relu"
        What is applied to the result.

    Attributes
    ----------
    running_mean, running_variance : arrays (C,)
        0 and 1 at first. Part of the state, not learned. The variance is the unbiased one,
        v · m/(m − 1) with m values of a channel, which estimates that of all pictures.

    Source: Ioffe & Szegedy 2015, algorithms 1 and 2.
    """

    def __init__(
        self,
        channels: int,
        momentum: float = 0.1,
        eps: float = 1e-5,
        activation: str | None = None,
    ) -> None:
        positive("BatchNorm2d", channels=channels)
        one_of("BatchNorm2d", "activation", activation, (None, "relu"))
        number("BatchNorm2d", "a momentum from 0 to 1", momentum, lambda m: 0 <= m <= 1)
        number("BatchNorm2d", "eps of 0 or more", eps, lambda e: 0 <= e < np.inf)
        self.weight = Parameter(np.ones(channels, dtype=np.float32))
        self.bias = Parameter(np.zeros(channels, dtype=np.float32))
        self.channels, self.momentum, self.eps = channels, momentum, eps
        self.activation = activation
        self.register_buffer("running_mean", np.zeros(channels, dtype=np.float32))
        self.register_buffer("running_variance", np.ones(channels, dtype=np.float32))

    def forward(self, x: Tensor) -> Tensor:
        options = {"eps": self.eps, "relu": self.activation == "relu"}
        if not self.training:
            running = self.running_mean, self.running_variance
            return ops.batch_norm_inference(x, *running, self.weight, self.bias, **options)
        y, mean, variance = ops.batch_norm(x, self.weight, self.bias, **options)
        m = x.size // x.shape[1]
        running = self.running_mean, self.running_variance
        follow(running, (mean, variance), self.momentum, m / (m - 1))
        return y


class GroupNorm(Module):
    """y = γ (x − μ)/√(v + eps) + β: μ, v of each group of channels of each picture.

    x (N, C, H, W), y of that shape. Training and evaluation are alike, and a picture does not
    depend on those beside it: for small batches. γ = 1 and β = 0 at first.

    Parameters
    ----------
    groups, channels : int
        Channels are a multiple of groups.
    eps : float
    activation : None or "relu"
        What is applied to the result.

    Source: Wu & He 2018.
    """

    def __init__(
        self, groups: int, channels: int, eps: float = 1e-5, activation: str | None = None
    ) -> None:
        positive("GroupNorm", groups=groups, channels=channels)
        one_of("GroupNorm", "activation", activation, (None, "relu"))
        number("GroupNorm", "eps of 0 or more", eps, lambda e: 0 <= e < np.inf)
        if channels % groups:
            raise ValueError(
                f"GroupNorm: expected channels a multiple of {groups} groups, got {channels}"
            )
        self.weight = Parameter(np.ones(channels, dtype=np.float32))
        self.bias = Parameter(np.zeros(channels, dtype=np.float32))
        self.groups, self.channels, self.eps, self.activation = groups, channels, eps, activation

    def forward(self, x: Tensor) -> Tensor:
        relu = self.activation == "relu"
        return ops.group_norm(x, self.weight, self.bias, self.groups, self.eps, relu)
