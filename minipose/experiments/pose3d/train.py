"""The two trainings: detector, then regressor."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.experiments.job import Split
from minipose.experiments.pose3d.data import Batch, training_batches
from minipose.experiments.pose3d.outputs import (
    average_precision,
    cross_entropy_per_window,
    predict,
)
from minipose.experiments.pose3d.recipe import Recipe
from minipose.losses import joint_distance, joint_squared_error, window_cross_entropy
from minipose.metrics import mpjpe
from minipose.models import PoseNet
from minipose.nn import Module
from minipose.optim import SGD, Adam, Optimizer
from minipose.targets.windows import window_labels
from minipose.tensor import Tensor
from minipose.training.loop import Task, cosine_rate, fit

VALIDATION_PIECE = 1024  # images whose 1700 logits are in memory at once


def build(recipe: Recipe, head: str, seed: int, device: str = "cpu") -> PoseNet:
    """A fresh network; the head decides the seed's branch, so both can start independently."""
    rng = np.random.default_rng([seed, 1 if head == "detection" else 2])
    net = PoseNet(
        recipe.kernels,
        head,
        dropout=recipe.dropout,
        output_tanh=recipe.output_tanh and head == "regression",
        rng=rng,
    )
    net.to(device)
    return net


def train(
    store: H36MStore,
    split: Split,
    recipe: Recipe,
    seed: int,
    folder: Path,
    device: str = "cpu",
    resume: bool = False,
) -> PoseNet:
    """Both trainings, or the regressor's alone; returns the last regressor."""
    data = (store, split, recipe, seed, folder, device)
    detector = train_detector(*data, resume) if recipe.pretrain else None
    return train_regressor(*data, detector, resume)


def train_detector(
    store: H36MStore,
    split: Split,
    recipe: Recipe,
    seed: int,
    folder: Path,
    device: str = "cpu",
    resume: bool = False,
) -> PoseNet:
    """Train the joint detector of report 1, section 4.2; returns the last one."""
    net = build(recipe, "detection", seed, device)

    def loss(model: Module, batch: Batch) -> Tensor:
        return window_cross_entropy(model(Tensor(batch.images)), batch.target)

    def validate(model: Module) -> dict[str, float]:
        frames = split["validation"]
        entropy = precision = 0.0
        for start in range(0, len(frames), VALIDATION_PIECE):
            piece = frames[start : start + VALIDATION_PIECE]
            logits = predict(model, store, piece)
            labels = window_labels(store.read("keypoints_2d", piece))
            fraction = len(piece) / len(frames)
            entropy += fraction * cross_entropy_per_window(logits, labels)
            precision += fraction * average_precision(logits, labels)
        return {
            "validation_cross_entropy_per_window": entropy,
            "validation_average_precision": precision,
        }

    task = _task(
        "detection-", store, split["train"], recipe, seed, folder, device, loss, validate,
        "validation_cross_entropy_per_window", recipe.detection_lr, recipe.detection_epochs,
    )  # fmt: skip
    fit(task, net, _optimizer(net.parameters(), recipe, recipe.detection_lr), resume)
    return net


def train_regressor(
    store: H36MStore,
    split: Split,
    recipe: Recipe,
    seed: int,
    folder: Path,
    device: str = "cpu",
    detector: PoseNet | None = None,
    resume: bool = False,
) -> PoseNet:
    """Train the pose regressor (report 1, section 4.1), from a detector or afresh."""
    net = build(recipe, "regression", seed, device)
    net.set_output_range(*_output_range(store, split["train"], recipe))
    net.to(device)
    if detector is not None:
        net.transfer(detector)
    frozen = net.shared_parameters() if recipe.shared == "freeze" else []
    for parameter in frozen:
        parameter.requires_grad = False
    unit = recipe.unit_mm

    def loss(model: Module, batch: Batch) -> Tensor:
        predicted = model(Tensor(batch.images))
        if recipe.loss == "distance":
            return joint_distance(predicted, batch.target)
        return joint_squared_error(predicted * (1 / unit), batch.target * np.float32(1 / unit))

    def validate(model: Module) -> dict[str, float]:
        frames = split["validation"]
        predicted = predict(model, store, frames).reshape(-1, 17, 3)
        return {"validation_mpjpe_mm": mpjpe(predicted, store.read("joints_3d", frames))}

    task = _task(
        "", store, split["train"], recipe, seed, folder, device, loss, validate,
        "validation_mpjpe_mm", recipe.lr, recipe.epochs,
    )  # fmt: skip
    learned = [p for p in net.parameters() if p.requires_grad]
    fit(task, net, _optimizer(learned, recipe, recipe.lr), resume)
    return net


def _output_range(
    store: H36MStore, frames: np.ndarray, recipe: Recipe
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale of the 51 outputs, mm, from the training joints (read piece by piece)."""
    low, high = np.full(51, np.inf), np.full(51, -np.inf)
    total, count = np.zeros(51), 0
    for start in range(0, len(frames), 8192):
        joints = store.read("joints_3d", frames[start : start + 8192]).reshape(-1, 51)
        low, high = np.minimum(low, joints.min(0)), np.maximum(high, joints.max(0))
        total, count = total + joints.sum(0, dtype=np.float64), count + len(joints)
    if recipe.output_tanh:  # 5 % room, since tanh reaches its ends only at infinity
        return (low + high) / 2, np.maximum((high - low) / 2 * 1.05, 1.0)
    return total / count, np.full(51, recipe.unit_mm)


def _optimizer(parameters: list, recipe: Recipe, lr: float) -> Optimizer:
    if recipe.optimizer == "adam":
        return Adam(parameters, lr)
    return SGD(parameters, lr, recipe.momentum, recipe.weight_decay)


def _task(
    name, store, frames, recipe, seed, folder, device, loss, validate, watch, lr, epochs
) -> Task:
    head = "detection" if name else "regression"
    if len(frames) < recipe.batch:
        raise ValueError(
            f"batch of {recipe.batch} is larger than the {len(frames)} training frames"
        )
    return Task(
        name=name,
        batches=training_batches(store, frames, head, recipe, seed, device),
        batch_count=len(frames) // recipe.batch,
        loss=loss,
        validate=validate,
        watch=watch,
        images=lambda batch: len(batch.images),
        learning_rate=cosine_rate(lr, recipe.lr_decay),
        epochs=epochs,
        seed=seed,
        folder=folder,
        meta={"job": "h36m", "head": head, "recipe": asdict(recipe), "seed": seed},
    )
