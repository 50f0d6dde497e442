"""One training of one of the five models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from minipose.experiments.job import Run
from minipose.experiments.people.data import training_batches
from minipose.experiments.people.measure import measure_part
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.recipe import Recipe
from minipose.nn import Module
from minipose.optim import Adam
from minipose.tensor import Tensor
from minipose.training.loop import Task, cosine_rate, fit

VALIDATION_COLUMNS = ("loss", "dice", "mse", "cross_entropy", "joint_error_px", "within_5_px")


def build(recipe: Recipe, seed: int, device: str = "cpu") -> Module:
    """A fresh network with the heads of the recipe's model."""
    from minipose import models

    kind = {"unet": "UNet", "hnet": "HNet"}[recipe.network]
    rng = np.random.default_rng([seed, 3])
    net = getattr(models, kind)(
        recipe.outputs.heads, width=recipe.width, dropout=recipe.dropout, rng=rng
    )
    net.to(device)
    return net


def rate(recipe: Recipe) -> Callable[[int, int], float]:
    """(step, steps of the whole run) -> rate: it rises, stays, and falls along half a cosine."""
    full = cosine_rate(recipe.lr, recipe.lr_decay)
    held = min(recipe.held / recipe.epochs, 1.0)

    def at(step: int, steps: int) -> float:
        falling = max(step - held * steps, 0)
        return full(falling, (1 - held) * steps) * min(1.0, (step + 1) / max(recipe.warmup, 1))

    return at


def train(run: Run) -> Module:
    """Train, keep the best checkpoint by validation loss; returns the last network.

    Source: report 2, section II-D 1: Adam, 2e-5, batch 1, 100 epochs.
    """
    recipe, samples = run.recipe, run.split["train"]
    net = build(recipe, run.seed, run.device)
    watched = run.split["validation"][: recipe.validated or None]

    def validate(model: Module) -> dict[str, float]:
        measured = measure_part(model, run.store, watched, recipe)
        return {f"validation_{k}": measured[k] for k in VALIDATION_COLUMNS if k in measured}

    task = Task(
        name="",
        batches=training_batches(run.store, samples, recipe, run.seed, run.device),
        loss=lambda model, batch: total_loss(model(Tensor(batch.images)), batch, recipe),
        validate=validate,
        watch="validation_loss",
        images=lambda batch: len(batch.images),
        learning_rate=rate(recipe),
        epochs=recipe.epochs,
        parts=recipe.parts if run.device == "cpu" else 1,
        seed=run.seed,
        folder=run.folder,
        meta={"job": "people", "recipe": asdict(recipe), "seed": run.seed},
    )
    fit(task, net, Adam(net.parameters(), recipe.lr), run.resume)
    return net
