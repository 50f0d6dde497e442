"""Which of report 2's findings hold here? Its five models at one budget, and the 0-1 regression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minipose.experiments.job import Drawn, Job, Run
from minipose.experiments.people.pictures import report_curve
from minipose.experiments.people.recipe import MODELS, Recipe
from minipose.experiments.people.tables import REPORT, shown
from minipose.experiments.report import publish
from minipose.plots.curves import learning_curves
from minipose.training.log import read_log

COLLAPSED = "mask+regression, 0-1"
CLEAR = 0.002  # of dice; smaller differences say nothing with one seed


def compare_models(job: Job, run: Run) -> dict[str, Any]:
    """Train each model with the same pictures, steps, rate and seed; write one table."""
    recipes = {name: run.recipe.changed(model=name) for name in MODELS}
    recipes[COLLAPSED] = run.recipe.changed(model="mask+regression", peak=1.0)
    places = {
        name: (f"{number}-{name.replace(', ', '-')}", recipe)
        for number, (name, recipe) in enumerate(recipes.items(), start=1)
    }
    rows: dict[str, Any] = {}
    for name, variant in run.variants(places):
        rows[name], _ = job.train_and_measure(variant)
        rows[name] |= {"peak": variant.recipe.peak, "folder": variant.folder.name}
    table = _table(rows, run.recipe, len(run.split["train"]))
    text = "\n".join([table, *findings(rows), ""])
    drawn = _curves(run.folder, rows, run.reference)
    title = "Five models at one budget (report 2, table II)"
    publish(run.folder, title, text, drawn, {"seed": run.seed, "models": rows})
    return rows


def findings(rows: dict[str, Any]) -> list[str]:
    """Each finding of the report with the numbers that decide whether it holds here."""
    validation = {name: row["splits"]["validation"] for name, row in rows.items()}
    dice = {name: v["dice"] for name, v in validation.items()}
    high, low = validation["mask+regression"], validation[COLLAPSED]
    relative_high = high["mse"] / rows["mask+regression"]["baselines"]["mse_of_zero"]
    relative_low = low["mse"] / rows[COLLAPSED]["baselines"]["mse_of_zero"]
    return [
        _finding(
            "regression targets between 0 and 1 collapse to zero, those between 0 and 100 do not",
            low["regression_highest"] < 0.1 and high["regression_highest"] > 10,
            f"the highest value of a predicted heatmap is {low['regression_highest']:.3f} of 1 "
            f"against {high['regression_highest']:.1f} of 100, the error {relative_low:.3f} and "
            f"{relative_high:.3f} of that of a heatmap of zeros",
        ),
        _finding(
            "predicting joints as well sharpens the masks",
            dice["mask+softmax"] > dice["mask"] + CLEAR,
            f"dice {dice['mask+softmax']:.4f} with joints, {dice['mask']:.4f} without",
        ),
        _finding(
            "the regression costs dice",
            dice["mask+regression"] < dice["mask"] - CLEAR,
            f"dice {dice['mask+regression']:.4f} with it, {dice['mask']:.4f} without",
        ),
        _finding(
            "the triple model costs dice against mask + softmax",
            dice["triple"] < dice["mask+softmax"] - CLEAR,
            f"dice {dice['triple']:.4f} against {dice['mask+softmax']:.4f}",
        ),
        _finding(
            "softmax and regression softmax are very close",
            abs(dice["mask+softmax"] - dice["mask+regression-softmax"]) < 0.01,
            f"dice {dice['mask+softmax']:.4f} and {dice['mask+regression-softmax']:.4f}, joints "
            f"within 5 px {validation['mask+softmax']['within_5_px']:.3f} and "
            f"{validation['mask+regression-softmax']['within_5_px']:.3f}",
        ),
    ]


def _finding(claim: str, holds: bool, numbers: str) -> str:
    verdict = "holds here" if holds else "does not hold here"
    return f'- "{claim[0].upper()}{claim[1:]}" {verdict}: {numbers}.'


def _table(rows: dict[str, Any], recipe: Recipe, pictures: int) -> str:
    first = next(iter(rows.values()))["splits"]
    lines = [
        f"{recipe.epochs} epochs of {pictures} pictures; network {recipe.network}, width "
        f"{recipe.width}, learning rate {recipe.lr:g}, one seed. Each cell: training / validation, "
        f"measured on {first['train']['pictures']} and {first['validation']['pictures']}; in "
        "brackets the report's. Two models' errors can be compared only where their targets are "
        "the same.",
        "",
        "| model | dice | MSE | cross entropy | joints within 5 px | half a head |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        theirs = REPORT.get(name, {})
        cells = []
        for key in ("dice", "mse", "cross_entropy", "within_5_px", "pck_half_head"):
            ours = [row["splits"][part].get(key) for part in ("train", "validation")]
            if ours[1] is None:
                cells.append("–")
                continue
            cell = " / ".join(shown(v) for v in ours)
            if key in theirs:
                cell += " (" + " / ".join(shown(v) for v in theirs[key]) + ")"
            cells.append(cell)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _curves(folder: Path, rows: dict[str, Any], reference: Path | None) -> Drawn:
    logs = {name: read_log(folder / row["folder"] / "log.csv") for name, row in rows.items()}
    panels = {"Validation dice": {
        name: ([r["epoch"] for r in log], [r["validation_dice"] for r in log])
        for name, log in logs.items()
    }}  # fmt: skip
    theirs = {name: report_curve(reference, name, "val_dice") for name in MODELS}
    theirs = {name: curve for name, curve in theirs.items() if curve}
    if theirs:
        panels["Validation dice, report 2"] = theirs
    learning_curves(panels, folder / "dice.png")
    return {"dice.png": "Validation dice of the models at one budget"}
