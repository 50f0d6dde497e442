"""The two trainings: detector, then regressor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.errors import UserError
from minipose.experiments.job import Run
from minipose.experiments.pose3d.data import Batch, mirror, training_batches
from minipose.experiments.pose3d.outputs import (
    average_precision,
    cross_entropy_per_window,
    predict,
)
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.settings import checked
from minipose.losses import joint_distance, joint_squared_error, window_cross_entropy
from minipose.metrics import mpjpe
from minipose.models import PoseNet
from minipose.nn import Module
from minipose.optim import SGD, Adam, Optimizer
from minipose.targets.windows import window_labels
from minipose.tensor import Tensor
from minipose.training import checkpoint
from minipose.training.communicator import ALONE, Communicator
from minipose.training.loop import cosine_rate, fit
from minipose.training.plateau import Plateau
from minipose.training.ranks import Division
from minipose.training.task import Task

COLUMNS = {
    "train": "training_mpjpe_mm",
    "validation": "validation_mpjpe_mm",
    "test": "test_mpjpe_mm",
}
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
        hidden=recipe.hidden,
        normalise=recipe.normalise,
    )
    net.to(device)
    return net


def train(run: Run) -> PoseNet:
    """Both trainings, or the regressor's alone; returns the last regressor."""
    return train_regressor(run, detector_of(run) if run.recipe.pretrain else None)


def detector_of(run: Run) -> PoseNet:
    """The detector whose layers the regressor takes: the given one, or one trained here."""
    if run.detector is None:
        return train_detector(run)
    return load_detector(run.detector, run.recipe).to(run.device)


def load_detector(path: Path, recipe: Recipe) -> PoseNet:
    """The detector of a checkpoint, whose layers fit a network of the recipe.

    Raises
    ------
    UserError
        If it holds no detector, or one with other layers.
    """
    _, meta = checkpoint.read(path)
    if meta.get("job") != "h36m" or meta.get("head") != "detection":
        what = " ".join(str(meta[key]) for key in ("job", "head") if key in meta)
        raise UserError(f"{path}: holds {what or 'something else'}, expected a detector of h36m")
    own = Recipe(**checked(meta["recipe"], (Recipe,), f"{path}: "))
    if own.kernels != recipe.kernels:
        has, wanted = (" ".join(map(str, k)) for k in (own.kernels, recipe.kernels))
        raise UserError(f"{path}: a detector with kernels {has}, expected {wanted}")
    if own.normalise != recipe.normalise:
        has, wanted = ("with" if r.normalise else "without" for r in (own, recipe))
        raise UserError(f"{path}: a detector {has} normalised layers, expected one {wanted}")
    net = build(own, "detection", meta["seed"])
    checkpoint.load(path, net)
    return net


def train_detector(run: Run) -> PoseNet:
    """Train the joint detector of report 1, section 4.2; returns the last one."""
    recipe = run.recipe
    net = build(recipe, "detection", run.seed, run.device)

    def loss(model: Module, batch: Batch) -> Tensor:
        return window_cross_entropy(model(Tensor(batch.images)), batch.target)

    def validate(model: Module) -> dict[str, float]:
        measured = detection_numbers(model, run.store, run.split["validation"], run.communicator)
        return {f"validation_{name}": value for name, value in measured.items()}

    task = _task(
        run, net, "detection", loss, validate, "validation_cross_entropy_per_window",
        recipe.detection_lr, recipe.detection_epochs,
    )  # fmt: skip
    if recipe.detection_patience:
        task.adapt = Plateau(task.watch, recipe.detection_patience, times=0)
    fit(task, net, _optimizer(net.parameters(), recipe, recipe.detection_lr), run.resume)
    return net


def detection_numbers(
    net: Module, store: H36MStore, frames: np.ndarray, communicator: Communicator = ALONE
) -> dict[str, float]:
    """``cross_entropy_per_window`` and ``average_precision`` of a detector on these frames.

    The latter is the mean of those of 1,024 frames at a time.
    """
    entropy = precision = 0.0
    for start in range(0, len(frames), VALIDATION_PIECE):
        piece = frames[start : start + VALIDATION_PIECE]
        logits = predict(net, store, piece, communicator)
        labels = window_labels(store.read("keypoints_2d", piece))
        fraction = len(piece) / len(frames)
        entropy += fraction * cross_entropy_per_window(logits, labels)
        precision += fraction * average_precision(logits, labels)
    return {"cross_entropy_per_window": entropy, "average_precision": precision}


def train_regressor(run: Run, detector: PoseNet | None = None) -> PoseNet:
    """Train the pose regressor (report 1, section 4.1), from a detector or afresh."""
    recipe = run.recipe
    net = build(recipe, "regression", run.seed, run.device)
    net.set_output_range(*_output_range(run.store, run.split["train"], recipe))
    net.to(run.device)
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

    # As many frames of the others as are validated, which alone decide.
    watched = {
        column: spread(run.split[part], len(run.split["validation"]))
        for part, column in COLUMNS.items()
        if part in run.split
    }

    def validate(model: Module) -> dict[str, float]:
        row = {}
        for column, frames in watched.items():
            predicted = predict(model, run.store, frames, run.communicator).reshape(-1, 17, 3)
            row[column] = mpjpe(predicted, run.store.read("joints_3d", frames))
        return row

    task = _task(
        run, net, "regression", loss, validate, "validation_mpjpe_mm", recipe.lr, recipe.epochs
    )
    learned = [p for p in net.parameters() if p.requires_grad]
    fit(task, net, _optimizer(learned, recipe, recipe.lr), run.resume)
    return net


def spread(frames: np.ndarray, count: int) -> np.ndarray:
    """At most this many of the frames, evenly spread."""
    if len(frames) <= count:
        return frames
    return frames[np.linspace(0, len(frames) - 1, count).round().astype(int)]


def step_rate(recipe: Recipe, lr: float) -> float:
    """ε of eq. 7 that makes the steps of the recipe's rule.

    The published code's v ← m·v + (1 − m)·g, w ← w − ε·v is eq. 7-8 with (1 − m)·ε: there −ε·v
    stands for what is v here.
    """
    return lr * (1 - recipe.momentum) if recipe.optimizer == "code" else lr


def _output_range(
    store: H36MStore, frames: np.ndarray, recipe: Recipe
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale of the 51 outputs, mm, from the training joints (read piece by piece).

    What tanh has to reach are the joints of mirrored images, too, where there are such.
    """
    low, high = np.full(51, np.inf), np.full(51, -np.inf)
    total, count = np.zeros(51), 0
    for start in range(0, len(frames), 8192):
        poses = store.read("joints_3d", frames[start : start + 8192])
        joints = poses.reshape(-1, 51)
        total, count = total + joints.sum(0, dtype=np.float64), count + len(joints)
        seen = np.concatenate([poses, mirror(poses)]) if recipe.flip else poses
        reached = seen.reshape(-1, 51)
        low, high = np.minimum(low, reached.min(0)), np.maximum(high, reached.max(0))
    if recipe.output_tanh:  # 5 % room, since tanh reaches its ends only at infinity
        return (low + high) / 2, np.maximum((high - low) / 2 * 1.05, 1.0)
    return total / count, np.full(51, recipe.unit_mm)


def _optimizer(parameters: list, recipe: Recipe, lr: float) -> Optimizer:
    if recipe.optimizer == "adam":
        return Adam(parameters, lr)
    return SGD(parameters, step_rate(recipe, lr), recipe.momentum, recipe.weight_decay)


def _task(
    run: Run,
    net: Module,
    head: str,
    loss: Callable[[Module, Batch], Tensor],
    validate: Callable[[Module], dict[str, float]],
    watch: str,
    lr: float,
    epochs: int,
) -> Task:
    recipe, frames = run.recipe, run.split["train"]
    if len(frames) < recipe.batch:
        raise UserError(f"batch of {recipe.batch} is larger than the {len(frames)} training frames")
    division = Division.among(run.communicator)
    return Task(
        name="detection-" if head == "detection" else "",
        batches=training_batches(run.store, frames, head, recipe, run.seed, run.device, division),
        loss=run.spared(loss),
        scaling=run.scaling(net),
        validate=validate,
        watch=watch,
        images=lambda batch: len(batch.images),
        learning_rate=cosine_rate(step_rate(recipe, lr), recipe.lr_decay),
        epochs=epochs,
        communicator=run.communicator,
        seed=run.seed,
        folder=run.folder,
        meta={"job": "h36m", "head": head, "recipe": asdict(recipe), "seed": run.seed},
    )
