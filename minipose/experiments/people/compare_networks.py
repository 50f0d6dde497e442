"""U-Nets beside the harmonic network, on upright and on rotated pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
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
from minipose.experiments.people.recipe import MULTIPLE, Recipe
from minipose.experiments.people.tables import REPORT
from minipose.experiments.people.train import build
from minipose.experiments.report import publish
from minipose.experiments.side_by_side import (
    Rows,
    compare,
    diverged,
    finished,
    of_validation,
    paired,
    seeds,
)
from minipose.experiments.verdict import above, mean_and_spread
from minipose.metrics import dice_coefficient
from minipose.nn import Module
from minipose.optim import Adam
from minipose.plots.harmonic import draw_dice_by_angle
from minipose.plots.people import picture_table
from minipose.tensor import Tensor
from minipose.training import checkpoint


@dataclass(frozen=True)
class Compared:
    """A row of the comparison: the folder, the network, and what differs from the recipe."""

    folder: str
    network: str
    times: int = 1  # the recipe's width
    turn: float | None = None  # degrees, of the training pictures


# An H-Net of width w has 2w complex channels, so the report compared one of 32 with a U-Net of 64.
COMPARED = {
    "U-Net": Compared("unet", "unet"),
    "U-Net, twice as wide": Compared("unet-wide", "unet", times=2),
    "the same, rotated pictures": Compared("unet-wide-rotated", "unet", times=2, turn=180.0),
    "H-Net": Compared("hnet", "hnet"),
}
WIDE, ROTATED_TOO, HARMONIC = list(COMPARED)[1:]
ANGLES = tuple(range(0, 181, 15))  # degrees
ROTATED = 40  # validation pictures that are rotated
TIMED_STEPS = 5


def compare_networks(job: Job, run: Run) -> Rows:
    """Train all for masks; measure dice upright and rotated, and seconds a step; write a table."""
    recipes = {}
    for label, row in COMPARED.items():
        recipe = run.recipe.changed(model="mask", network=row.network)
        recipe = recipe.changed(width=row.times * run.recipe.width, turn=row.turn)
        recipes[label] = (row.folder, recipe)
    chosen = [run.store[int(i)] for i in run.split["validation"][:ROTATED]]

    def further(variant: Run, net: Module) -> dict[str, Any]:
        return {
            "width": variant.recipe.width,
            "dice_by_angle": {
                str(a): _dice_rotated(net, chosen, a, variant.recipe) for a in ANGLES
            },
            "parameters": sum(p.size for p in net.parameters()),
        }

    everything = compare(job, run, recipes, further, longest=[HARMONIC, ROTATED_TOO, WIDE])
    rows = finished(everything)
    nets = {}
    for label in rows:
        folder, recipe = recipes[label]
        for numbers in rows[label]:  # now that no training runs beside it
            numbers["seconds_a_step"] = _seconds_a_step(recipe, chosen, run.device)
        nets[label] = build(recipe, run.seed)
        first = run.folder / folder / f"seed-{rows[label][0]['seed']}"
        checkpoint.load(first / "best.npz", nets[label])
    drawn = _draw(run.folder, rows, nets, chosen[0], run.recipe)
    drawn |= equivariance.draw(run.folder, nets, chosen[0].image)
    table = _table(rows, run.recipe, len(run.split["train"]), len(chosen))
    text = "\n".join([table, *findings(rows), *diverged(everything), ""])
    title = "Plain against harmonic convolutions (report 2, table I)"
    publish(run.folder, title, text, drawn, {"seed": run.seed, "networks": rows})
    return rows


def findings(rows: Rows) -> list[str]:
    """What the differences between trainings of one seed say about plain and harmonic networks."""

    def upright(label: str) -> list[float]:
        return of_validation(rows, label, "dice")

    def by_rotation(label: str) -> list[float]:
        angles = [[v for a, v in row["dice_by_angle"].items() if a != "0"] for row in rows[label]]
        return [float(np.mean(values)) for values in angles]

    claims = [
        ("U-Net is ahead of H-Net on upright pictures", upright, WIDE, HARMONIC),
        ("H-Net is ahead of a U-Net on rotated ones", by_rotation, HARMONIC, WIDE),
        ("... and of one trained on rotated pictures", by_rotation, HARMONIC, ROTATED_TOO),
    ]
    return [
        f'- "{claim}": {above(number(a), number(b))}.'
        if paired(rows, a, b)
        else f'- "{claim}": undecided, a training of it diverged.'
        for claim, number, a, b in claims
    ]


def _dice_rotated(net: Module, people: list[Person], degrees: float, recipe: Recipe) -> float:
    values = []
    for person in people:
        there = rotated(person, degrees, _multiple(recipe))
        values.append(dice_coefficient(predict_array(net, there.image, recipe).mask, there.mask))
    return float(np.mean(values))


def _multiple(recipe: Recipe) -> int:
    """px, of a picture's sides, of which nothing is dropped and nothing padded."""
    return MULTIPLE * recipe.patch * 2**recipe.halved


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


def _table(rows: Rows, recipe: Recipe, pictures: int, looked_at: int) -> str:
    lines = [
        f"Up to {recipe.epochs} epochs of {pictures} pictures, {seeds(rows)}; "
        "mean ± standard deviation. In brackets the report's, of a U-Net with 64 channels "
        "at full size and an H-Net with 32 + 32; it ran them in two frameworks, so its hours "
        f"compare those as well. Rotated: the first {looked_at} validation pictures, on squares.",
        "",
        "| | " + " | ".join(rows) + " | constant baseline |",
        "|---|" + "---|" * (len(rows) + 1),
    ]
    theirs = {WIDE: (*REPORT["mask"]["dice"], "6.5 h"), HARMONIC: (*REPORT["hnet"]["dice"], "30 h")}

    def line(title: str, number: Callable[[dict], float], which: int | None = None, constant=""):
        cells = []
        for label, row in rows.items():
            beside = "" if which is None or label not in theirs else f" ({theirs[label][which]})"
            cells.append(mean_and_spread([number(r) for r in row]) + beside)
        lines.append(f"| {title} | " + " | ".join(cells) + f" | {constant} |")

    widths = [
        f"{r[0]['width']} + {r[0]['width']}" if n == HARMONIC else f"{r[0]['width']}"
        for n, r in rows.items()
    ]
    lines.append("| channels at full size | " + " | ".join(widths) + " | |")
    counts = [f"{row[0]['parameters']:,}" for row in rows.values()]
    lines.append("| parameters | " + " | ".join(counts) + " | |")
    mean_mask = next(iter(rows.values()))[0]["baselines"]["dice_of_mean_mask"]
    line("training dice", lambda r: r["splits"]["train"]["dice"], 0)
    line("validation dice", lambda r: r["splits"]["validation"]["dice"], 1, f"{mean_mask:.4g}")
    line("training, s", lambda r: r["training_seconds"], 2)
    line("epochs, the best", lambda r: r["epoch"])
    line("step with one picture of full size, s", lambda r: r["seconds_a_step"])
    for angle in ANGLES:
        line(f"dice, rotated {angle}°", lambda r, a=str(angle): r["dice_by_angle"][a])
    return "\n".join([*lines, ""])


def _draw(
    folder: Path, rows: Rows, nets: dict[str, Module], person: Person, recipe: Recipe
) -> Drawn:
    series = {
        label: (ANGLES, np.mean([list(r["dice_by_angle"].values()) for r in row], axis=0))
        for label, row in rows.items()
    }
    draw_dice_by_angle(series, folder / "angles.png")
    angles = (0, 45, 90, 180)
    pictures = [rotated(person, a, _multiple(recipe)) for a in angles]
    columns = [("picture", [p.image for p in pictures]), ("mask", [p.mask * 1.0 for p in pictures])]
    for label, net in nets.items():
        columns.append((label, [predict_array(net, p.image, recipe).mask for p in pictures]))
    picture_table(columns, folder / "rotated.png", row_titles=[f"{a}°" for a in angles])
    return {
        "angles.png": "Dice against the angle by which the pictures are rotated",
        "rotated.png": "Masks of one picture, rotated",
    }
