"""U-Nets against the harmonic network at one budget, on upright and on turned pictures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import affine_transform

from minipose.datasets.people import PeopleStore, Person
from minipose.experiments.people import equivariance
from minipose.experiments.people.commands import train_and_measure
from minipose.experiments.people.data import MULTIPLE, make_batch
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.outputs import predict_array
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.tables import REPORT
from minipose.experiments.people.training import build
from minipose.metrics import dice_coefficient
from minipose.nn import Module
from minipose.optim import Adam
from minipose.plots.harmonic import draw_dice_by_angle
from minipose.plots.people import picture_table
from minipose.report import write_report
from minipose.tensor import Tensor

# Label: folder, network, times the recipe's width. An H-Net of width w has 2w complex maps, so the
# report compared one of 32 with a U-Net of 64.
COMPARED = {
    "U-Net": ("unet", "unet", 1),
    "U-Net, twice as wide": ("unet-wide", "unet", 2),
    "H-Net": ("hnet", "hnet", 1),
}
ANGLES = tuple(range(0, 181, 15))  # degrees
TURNED = 40  # validation pictures that are turned
TIMED_STEPS = 5


def turned(person: Person, degrees: float) -> Person:
    """The picture on a square, turned about its centre; beyond its border it is mirrored.

    The square is as large as the longer side, so the person stays whole unless they reach into the
    corners, rounded up to what the networks work on: they would pad it at the right and at the
    bottom only, which does not turn with the picture. At 0 degrees nothing but the square is added,
    so that all angles are compared on it.
    """
    side = -(-max(person.mask.shape) // MULTIPLE) * MULTIPLE
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (side - 1) / 2)
    offset = (np.array(person.mask.shape) - 1) / 2 - turn @ middle

    def sampled(plane: np.ndarray, mode: str) -> np.ndarray:
        plane = plane.astype(np.float32)
        return affine_transform(plane, turn, offset, (side, side), order=1, mode=mode)

    image = np.stack([sampled(person.image[..., c], "reflect") for c in range(3)], axis=-1)
    mask = sampled(person.mask, "constant") > 0.5
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return Person(image, mask.astype(np.uint8), np.zeros((25, 3), np.float32), person.name)


def compare_networks(
    store: PeopleStore,
    split: dict[str, np.ndarray],
    recipe: Recipe,
    seed: int,
    folder: Path,
    device: str,
    resume: bool = False,
) -> dict[str, Any]:
    """Train all for masks; measure dice upright and turned, and seconds a step; write a table.

    Returns
    -------
    What was measured, by the names of the folders in ``COMPARED``.
    """
    rows: dict[str, Any] = {}
    nets: dict[str, Module] = {}
    chosen = [store[int(i)] for i in split["validation"][:TURNED]]
    for label, (name, network, times) in COMPARED.items():
        print(f"[{len(rows) + 1}/{len(COMPARED)}] {label}", flush=True)
        variant = recipe.changed(model="mask", network=network, width=times * recipe.width)
        below = folder / name
        below.mkdir(parents=True, exist_ok=True)
        row, net = train_and_measure(store, split, variant, seed, below, device, resume)
        row["width"] = variant.width
        row["dice_by_angle"] = {a: _dice_turned(net, chosen, a) for a in ANGLES}
        row["parameters"] = sum(p.size for p in net.parameters())
        row["seconds_a_step"] = _seconds_a_step(variant, chosen, device)
        rows[name], nets[label] = row, net
    text = _table(rows, recipe, len(split["train"]))
    drawn = _draw(folder, rows, nets, chosen[0])
    on_cpu = {label: net.to("cpu") for label, net in nets.items()}
    drawn |= equivariance.draw(folder, on_cpu, chosen[0].image)
    title = "Plain against harmonic convolutions (report 2, table I)"
    write_report(folder, title, text, drawn, {"seed": seed, "networks": rows})
    print(text)
    return rows


def _dice_turned(net: Module, people: list[Person], degrees: float) -> float:
    values = []
    for person in people:
        there = turned(person, degrees)
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
        "brackets the report's, of a U-Net with 64 maps at full size and an H-Net with 32 + 32. "
        f"Turned: the first {TURNED} validation pictures, on squares.",
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
        "maps at full size",
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
        line(f"dice, turned {angle}°", [f"{r['dice_by_angle'][angle]:.4f}" for r in rows.values()])
    return "\n".join([*lines, ""])


def _draw(
    folder: Path, rows: dict[str, Any], nets: dict[str, Module], person: Person
) -> dict[str, str]:
    series = {
        label: (list(row["dice_by_angle"]), list(row["dice_by_angle"].values()))
        for label, row in zip(nets, rows.values(), strict=True)
    }
    draw_dice_by_angle(series, folder / "angles.png")
    angles = (0, 45, 90, 180)
    pictures = [turned(person, a) for a in angles]
    columns = [("picture", [p.image for p in pictures]), ("mask", [p.mask * 1.0 for p in pictures])]
    for label, net in nets.items():
        columns.append((label, [predict_array(net, p.image).mask for p in pictures]))
    picture_table(columns, folder / "turned.png", row_titles=[f"{a}°" for a in angles])
    return {
        "angles.png": "Dice against the angle by which the pictures are turned",
        "turned.png": "Masks of one picture, turned",
    }
