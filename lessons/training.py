"""The two loops that lessons share, once lessons 20 and 30 have written them out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.datasets.people import Person
from minipose.experiments.people.augmentation import augmented
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.pose3d.data import as_input
from minipose.models import PoseNet
from minipose.nn import Module
from minipose.optim import Adam, Optimizer
from minipose.tensor import Tensor


def poses_of(store: H36MStore, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 (N, 128, 128) and joints (N, 51) in mm of these frames."""
    joints = store.read("joints_3d", frames)
    return store.read("images", frames), joints.reshape(len(joints), -1)


def pose_network(joints: np.ndarray, seed: int, dropout: float = 0.0) -> PoseNet:
    """A regressor that has learned nothing yet: it begins at the mean pose, in units of 100 mm."""
    net = PoseNet(head="regression", dropout=dropout, rng=np.random.default_rng(seed))
    net.set_output_range(joints.mean(axis=0), np.full(51, 100.0))
    return net


def train_poses(
    net: PoseNet,
    images: np.ndarray,
    target: np.ndarray,
    loss: Callable[[Tensor, np.ndarray], Tensor],
    epochs: int,
    seed: int = 0,
    optimizer: Optimizer | None = None,
    watch: Callable[[int], None] | None = None,
) -> PoseNet:
    """Lesson 20's loop: batches of 32, and a rate that falls along half a cosine.

    Parameters
    ----------
    loss : (what the network says, the targets of these pictures) -> one number
    optimizer : Adam with a rate of 0.001 unless given; what wants no gradient is not moved
    watch : called before each epoch and after the last with its number
    """
    rng = np.random.default_rng(seed)
    optimizer = optimizer or Adam([p for p in net.parameters() if p.requires_grad], 1e-3)
    rate, count = optimizer.lr, max(1, len(images) // 32)
    for epoch in range(epochs):
        if watch:
            watch(epoch)
        net.train()
        for k, few in enumerate(np.array_split(rng.permutation(len(images)), count)):
            done = (epoch * count + k) / (epochs * count)
            optimizer.lr = rate * (0.51 + 0.49 * np.cos(np.pi * done))
            optimizer.zero_grad()
            loss(net(Tensor(as_input(images[few]))), target[few]).backward()
            optimizer.step()
    if watch:
        watch(epochs)
    return net


def learn(
    net: Module,
    persons: list[Person],
    recipe: Recipe,
    steps: int,
    watch: Callable[[int], None] | None = None,
) -> Module:
    """Lesson 20's loop for pictures: Adam, a rate that falls along half a cosine.

    Parameters
    ----------
    recipe : its model, rate, batch, augmentation and weights of the losses are used
    watch : called before each step with its number
    """
    rng, optimizer = np.random.default_rng(0), Adam(net.parameters(), recipe.lr)
    for step in range(steps):
        if watch:
            watch(step)
        chosen = rng.choice(len(persons), recipe.batch, replace=False)
        few = [augmented(persons[i], recipe, rng) for i in chosen]
        batch = make_batch(few, recipe.outputs, recipe.peak)
        optimizer.lr = recipe.lr * (0.51 + 0.49 * np.cos(np.pi * step / steps))
        optimizer.zero_grad()
        total_loss(net(Tensor(batch.images)), batch, recipe).backward()
        optimizer.step()
    return net
