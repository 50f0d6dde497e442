"""Whole networks as functions of all their parameters: for checks that take a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minipose import Tensor, ops
from minipose.losses import (
    categorical_cross_entropy,
    dice_loss,
    joint_squared_error,
    mse,
    window_cross_entropy,
)
from minipose.models import HNet, PoseNet, UNet
from minipose.nn import Module
from minipose.tensor import Parameter

HEADS = {"mask": 2, "joints": 26, "regression": 1}


@dataclass(frozen=True)
class Job:
    """A small network with random weights in float64, an input, and its loss.

    Dropout is on, with the same masks in every call.
    """

    name: str
    network: Module
    x: np.ndarray
    loss: Callable[[object], Tensor]  # of what the network returns

    def __str__(self) -> str:
        return self.name

    def arrays(self) -> list[np.ndarray]:
        """The input and every parameter."""
        return [self.x, *(p.data for p in self.network.parameters())]

    def function(self) -> Callable[..., Tensor]:
        """(input, parameters) -> loss. It puts what it is given in the place of the parameters."""
        places = [
            (module, name)
            for module in self.network.modules()
            for name, value in vars(module).items()
            if isinstance(value, Parameter)
        ]

        def function(x: Tensor, *parameters: Tensor) -> Tensor:
            for (module, name), parameter in zip(places, parameters, strict=True):
                setattr(module, name, parameter)
            self.network.reseed(1)
            return self.loss(self.network(x))

        return function


def pose_job(
    head: str, samples: int, seed: int = 0, output_tanh: bool = False, normalise: bool = False
) -> Job:
    """PoseNet; from 16 samples on its fused convolutions."""
    rng = np.random.default_rng(seed)
    own = {"output_tanh": output_tanh, "normalise": normalise}
    net = PoseNet((2, 3, 2), head, dropout=0.3, rng=rng, **own)
    net.astype(np.float64)
    if head == "regression":
        net.set_output_range(rng.uniform(-1, 1, 51), rng.uniform(0.5, 2, 51))
        target, loss = rng.standard_normal((samples, 51)), joint_squared_error
    else:
        target, loss = (rng.random((samples, 1700)) < 0.3) * 1.0, window_cross_entropy
    x = rng.random((samples, 1, 128, 128))
    return Job(f"PoseNet {head} × {samples}", net.train(), x, lambda y: loss(y, target))


def picture_job(kind: type, seed: int = 0, **options: object) -> Job:
    """U-Net or H-Net with all three heads, on pictures that have to be padded."""
    rng = np.random.default_rng(seed)
    options = {"width": 2, "dropout": 0.3} | options
    net = kind(HEADS, rng=rng, **options).astype(np.float64).train()
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            parameter.assign_(rng.normal(0, 0.1, parameter.shape))
    size = (2, 18, 31)
    mask, heat = (rng.random(size) < 0.4) * 1.0, rng.random((size[0], 1, *size[1:]))
    joints = np.moveaxis(np.eye(26)[rng.integers(0, 26, size)], 3, 1)

    def loss(scores: dict[str, Tensor]) -> Tensor:
        foreground = ops.softmax(scores["mask"])[:, 1]
        return (
            dice_loss(foreground, mask)
            + categorical_cross_entropy(scores["joints"], joints)
            + mse(scores["regression"], heat)
        )

    name = "normalised U-Net" if options.get("normalise") else kind.__name__
    return Job(name, net, rng.random((2, 3, *size[1:])), loss)


def jobs(seed: int = 0) -> list[Job]:
    """Each network of the reports, with each of its heads."""
    return [
        pose_job("detection", 2, seed),
        pose_job("detection", 16, seed),
        pose_job("regression", 2, seed),
        pose_job("regression", 2, seed, output_tanh=True),
        picture_job(UNet, seed),
        picture_job(UNet, seed, normalise=True),
        picture_job(HNet, seed),
    ]
