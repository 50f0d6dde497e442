"""One training of one of the five models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from minipose.errors import UserError
from minipose.experiments.job import Run
from minipose.experiments.people.data import Batch, training_batches
from minipose.experiments.people.measure import measure_part
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.presence import fitted
from minipose.experiments.people.recipe import Recipe
from minipose.nn import Module
from minipose.optim import Adam, Optimizer, muon_with_adam
from minipose.tensor import Tensor
from minipose.training import checkpoint
from minipose.training.loop import cosine_rate, fit
from minipose.training.plateau import Plateau
from minipose.training.ranks import Division
from minipose.training.task import Task

COLUMNS = ("loss", "dice", "mse", "cross_entropy", "joint_error_px", "within_5_px")


def build(recipe: Recipe, seed: int, device: str = "cpu") -> Module:
    """A fresh network with the heads of the recipe's model."""
    from minipose import models

    options = {"width": recipe.width, "dropout": recipe.dropout}
    rng = np.random.default_rng([seed, 3])
    if recipe.network == "hnet":
        net = models.HNet(recipe.outputs.heads, rng=rng, **options)
    else:
        own = {"normalise": recipe.normalise, "patch": recipe.patch}
        net = models.UNet(recipe.outputs.heads, rng=rng, **options, **own)
    net.to(device)
    return net


def make_optimizer(recipe: Recipe, net: Module) -> Optimizer:
    """What moves the network's weights."""
    if recipe.optimizer == "muon":
        return muon_with_adam(net, recipe.lr)
    return Adam(net.parameters(), recipe.lr)


def rate(recipe: Recipe) -> Callable[[int, int], float]:
    """(step, steps of the whole run) -> rate: it rises, stays, and falls along half a cosine."""
    full = cosine_rate(recipe.lr, recipe.lr_decay)
    held = min(recipe.held / recipe.epochs, 1.0)

    def at(step: int, steps: int) -> float:
        falling = max(step - held * steps, 0)
        return full(falling, (1 - held) * steps) * min(1.0, (step + 1) / max(recipe.warmup, 1))

    return at


def begin_with(start: Path, recipe: Recipe, net: Module) -> list[str]:
    """Take the weights of a checkpoint over; returns the parameters that it has not.

    Raises
    ------
    UserError
        If they are another network's, or its pixels were blocks of another size.
    """
    try:
        return checkpoint.transfer(start, net)
    except UserError:
        theirs = checkpoint.read(start)[1].get("recipe", {})
        patch, halved = theirs.get("patch", 1), theirs.get("halved", 0)
        if theirs.get("network") != recipe.network or patch == recipe.patch:
            raise
        raise UserError(
            f"{start}: its network sees blocks of {patch} × {patch} pixels, and this one of "
            f"{recipe.patch} × {recipe.patch}: expected --patch {patch} --halved {halved}"
        ) from None


def expect_start(start: Path, recipe: Recipe) -> None:
    """Raises what ``begin_with`` would, for a network of this recipe."""
    begin_with(start, recipe, build(recipe, 0))


def train(run: Run) -> Module:
    """Train, keep the best checkpoint by validation loss, and calibrate its confidences.

    After each epoch as many training pictures are measured as validation pictures, by the same
    weights: "training_" and "validation_" in the log.

    Source: report 2, section II-D 1: Adam, 2e-5, batch 1, 100 epochs.
    """
    recipe, samples = run.recipe, run.split["train"]
    net = build(recipe, run.seed, run.device)
    if run.start is not None:
        fresh = begin_with(run.start, recipe, net)
        heads = ", ".join(sorted({name.split(".")[1] for name in fresh}))
        print(f"{run.start}: weights transferred" + (f"; new heads: {heads}" if heads else ""))
    watched = run.split["validation"][: recipe.validated or None]
    beside = samples[:: max(1, len(samples) // len(watched))][: len(watched)]

    def validate(model: Module) -> dict[str, float]:
        row = {}
        for part, rows in (("training", beside), ("validation", watched)):
            measured = measure_part(model, run.store, rows, recipe, run.communicator)
            row |= {f"{part}_{name}": measured[name] for name in COLUMNS if name in measured}
        return row

    def loss(model: Module, batch: Batch) -> Tensor:
        return total_loss(model(Tensor(batch.images)), batch, recipe)

    parts = recipe.parts if run.device == "cpu" else 1
    division = Division.among(run.communicator, parts)
    task = Task(
        name="",
        batches=training_batches(run.store, samples, recipe, run.seed, run.device, division),
        loss=run.spared(loss),
        validate=validate,
        watch="validation_loss",
        images=lambda batch: len(batch.images),
        learning_rate=rate(recipe),
        adapt=Plateau("validation_loss", recipe.patience) if recipe.patience else lambda _: 1.0,
        epochs=recipe.epochs,
        parts=parts,
        communicator=run.communicator,
        scaling=run.scaling(net),
        seed=run.seed,
        folder=run.folder,
        meta={"job": "people", "recipe": asdict(recipe), "seed": run.seed},
    )
    fit(task, net, make_optimizer(recipe, net), run.resume)
    if recipe.outputs.joints:
        best = run.folder / "best.npz"
        checkpoint.restore(best, run.communicator.first(checkpoint.read, best)[0], net)
        net.calibration = fitted(net, run.store, samples, recipe, run.communicator)
        about = {"calibration": asdict(net.calibration)}
        run.communicator.first(lambda: checkpoint.annotate(best, **about))
    return net
