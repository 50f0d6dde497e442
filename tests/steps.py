"""Training steps of both jobs as they are trained, with made-up batches, on any device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minipose import Tensor, losses, models, optim
from minipose.backend import device_module
from minipose.experiments.people.data import Batch
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.train import build, make_optimizer
from minipose.nn import Module


class Step(NamedTuple):
    """What a step consists of; ``loss`` takes the network and the batch."""

    net: Module
    optimizer: optim.Optimizer
    batch: Any
    loss: Callable[[Module, Any], Tensor]


def posenet(device: str, head: str = "regression", batch: int = 128) -> Step:
    """Report 1's networks and optimizer."""
    rng, xp = np.random.default_rng(0), device_module(device)
    net = models.PoseNet(head=head).to(device)
    x = xp.asarray(rng.random((batch, 1, 128, 128), np.float32))
    outputs = models.posenet.OUTPUTS[head]
    target = xp.asarray(rng.random((batch, outputs)).astype(np.float32))

    def loss(model: Module, images: Any) -> Tensor:
        y = model(Tensor(images))
        if head == "detection":
            return losses.window_cross_entropy(y, target)
        return losses.joint_squared_error(y * 0.01, target * np.float32(0.01))

    return Step(net, optim.SGD(net.parameters()), x, loss)


def people(device: str, size: tuple[int, int] = (192, 128), **choices: Any) -> Step:
    """One of report 2's models and its optimizer: one picture."""
    recipe, rng, xp = Recipe(**choices), np.random.default_rng(0), device_module(device)
    net = build(recipe, 0, device)
    classes = rng.integers(0, 26, (1, *size))
    arrays = {
        "images": rng.random((1, 3, *size)),
        "mask": rng.integers(0, 2, (1, *size)),
        "joints": np.eye(26)[classes].transpose(0, 3, 1, 2) if recipe.outputs.joints else None,
        "regression": rng.random((1, 1, *size)) if recipe.outputs.regression else None,
    }
    on = {n: None if a is None else xp.asarray(a, dtype=np.float32) for n, a in arrays.items()}

    def loss(model: Module, batch: Batch) -> Tensor:
        return total_loss(model(Tensor(batch.images)), batch, recipe)

    return Step(net, make_optimizer(recipe, net), Batch(**on), loss)
