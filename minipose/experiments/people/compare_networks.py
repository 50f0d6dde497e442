"""U-Nets against the harmonic network at one budget, on upright and on rotated pictures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from minipose.datasets.people import Person
from minipose.experiments.job import Drawn, Job, Run
from minipose.experiments.people import equivariance
from minipose.experiments.people.augmentation import rotated
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.outputs import predict_array
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.tables import REPORT
from minipose.experiments.people.train import build
from minipose.experiments.report import publish
from minipose.metrics import dice_coefficient
from minipose.nn import Module
from minipose.optim import Adam
from minipose.plots.harmonic import draw_dice_by_angle
from minipose.plots.people import picture_table
from minipose.tensor import Tensor

# Label: folder, network, times the recipe's width. An H-Net of width w has 2w complex channels, so
# the report compared one of 32 with a U-Net of 64.
COMPARED = {
    "U-Net": ("unet", "unet", 1),
    "U-Net, twice as wide": ("unet-wide", "unet", 2),
    "H-Net": ("hnet", "hnet", 1),
}
ANGLES = tuple(range(0, 181, 15))  # degrees
ROTATED = 40  # validation pictures that are rotated
TIMED_STEPS = 5


def compare_networks(job: Job, run: Run) -> dict[str, Any]:
    """Train all for masks; measure dice upright and rotated, and seconds a step; write a table.

    Returns
    -------
    What was measured, by the names of the folders in ``COMPARED``.
    """
    recipes = {
        label: (name, run.recipe.changed(model="mask", network=network, width=n * run.recipe.width))
        for label, (name, network, n) in COMPARED.items()
    }
    rows: dict[str, Any] = {}
    nets: dict[str, Module] = {}
    chosen = [run.store[int(i)] for i in run.split["validation"][:ROTATED]]
    for label, variant in run.variants(recipes):
        row, net = job.train_and_measure(variant)
        row["width"] = variant.recipe.width
        row["dice_by_angle"] = {a: _dice_rotated(net, chosen, a) for a in ANGLES}
        row["parameters"] = sum(p.size for p in net.parameters())
        row["seconds_a_step"] = _seconds_a_step(variant.recipe, chosen, run.device)
        rows[variant.folder.name], nets[label] = row, net
    text = _table(rows, run.recipe, len(run.split["train"]))
    drawn = _draw(run.folder, rows, nets, chosen[0])
    on_cpu = {label: net.to("cpu") for label, net in nets.items()}
    drawn |= equivariance.draw(run.folder, on_cpu, chosen[0].image)
    title = "Plain against harmonic convolutions (report 2, table I)"
    publish(run.folder, title, text, drawn, {"seed": run.seed, "networks": rows})
    return rows


def _dice_rotated(net: Module, people: list[Person], degrees: float) -> float:
    values = []
    for person in people:
        there = rotated(person, degrees)
        values.append(dice_coefficient(predict_array(net, there.image).mask, there.mask))
    return float(np.mean(values))


def _seconds_a_step(recipe: Recipe, people: list[Person], device: str) -> float:
    """Median time of forward, backward and update with one picture."""
    net = build(recipe, 0, device).train()
    optimizer = Adam(net.parameters(), recipe.lr)
    batch = make_batch(people[:1], recipe.outputs, device=device)
    times = []
    for step in range(TIMED_STEPS + 1):
        start = time.perf_counter()
        net.reseed(0, 0, step)
        loss = total_loss(net(Tensor(batch.images)), batch, recipe)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def _table(rows: dict[str, Any], recipe: Recipe, pictures: int) -> str:
    lines = [
        f"{recipe.epochs} epochs of {pictures} pictures, learning rate {recipe.lr:g}, one seed. In "
        "brackets the report's, of a U-Net with 64 channels at full size and an H-Net with 32 + "
        f"32. Rotated: the first {ROTATED} validation pictures, on squares.",
        "",
        "| | " + " | ".join(COMPARED) + " |",
        "|---|" + "---|" * len(COMPARED),
    ]
    theirs = {
        "unet-wide": (*REPORT["mask"]["dice"], "6.5 h"),
        "hnet": (*REPORT["hnet"]["dice"], "30 h"),
    }

    def line(label: str, cells: list[str]) -> None:
        lines.append(f"| {label} | " + " | ".join(cells) + " |")

    def beside(name: str, ours: str, which: int) -> str:
        return f"{ours} ({theirs[name][which]})" if name in theirs else ours

    line(
        "channels at full size",
        [
            f"{r['width']} + {r['width']}" if n == "hnet" else f"{r['width']}"
            for n, r in rows.items()
        ],
    )
    for k, part in enumerate(("train", "validation")):
        cells = {n: f"{r['splits'][part]['dice']:.4f}" for n, r in rows.items()}
        line(f"{part} dice", [beside(n, cell, k) for n, cell in cells.items()])
    seconds = {n: f"{r['training_seconds']:.0f}" for n, r in rows.items()}
    line("training, s", [beside(n, cell, 2) for n, cell in seconds.items()])
    line("step with one picture, s", [f"{r['seconds_a_step']:.3f}" for r in rows.values()])
    line("parameters", [f"{r['parameters']:,}" for r in rows.values()])
    for angle in ANGLES:
        line(f"dice, rotated {angle}°", [f"{r['dice_by_angle'][angle]:.4f}" for r in rows.values()])
    return "\n".join([*lines, ""])


def _draw(folder: Path, rows: dict[str, Any], nets: dict[str, Module], person: Person) -> Drawn:
    series = {
        label: (list(row["dice_by_angle"]), list(row["dice_by_angle"].values()))
        for label, row in zip(nets, rows.values(), strict=True)
    }
    draw_dice_by_angle(series, folder / "angles.png")
    angles = (0, 45, 90, 180)
    pictures = [rotated(person, a) for a in angles]
    columns = [("picture", [p.image for p in pictures]), ("mask", [p.mask * 1.0 for p in pictures])]
    for label, net in nets.items():
        columns.append((label, [predict_array(net, p.image).mask for p in pictures]))
    picture_table(columns, folder / "turned.png", row_titles=[f"{a}°" for a in angles])
    return {
        "angles.png": "Dice against the angle by which the pictures are rotated",
        "turned.png": "Masks of one picture, rotated",
    }
