"""Which of report 2's findings hold here? Its five models, and the 0-1 regression, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minipose.experiments.job import Drawn, Job, Run
from minipose.experiments.people.recipe import MODELS, Recipe
from minipose.experiments.people.reference import report_curve
from minipose.experiments.people.tables import REPORT, shown
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
from minipose.experiments.verdict import Verdict, above, alike, mean_and_spread
from minipose.plots.curves import learning_curves
from minipose.targets.heatmaps import JOINTS, THRESHOLD, class_map
from minipose.training.log import read_log

COLLAPSED = "mask+regression, 0-1"
CLOSE = 0.01  # of dice: the report calls models that differ by 0.001 very close
EMPTY = 0.1  # at most the highest value of a heatmap of 0-1 that has collapsed
FULL = 10.0  # at least that of a heatmap of 0-100 that has not


def compare_models(job: Job, run: Run) -> Rows:
    """Train each model with the same pictures, steps, rate and seeds; write one table."""
    recipes = {name: run.recipe.changed(model=name) for name in MODELS}
    recipes[COLLAPSED] = run.recipe.changed(model="mask+regression", peak=1.0)
    places = {
        name: (f"{number}-{name.replace(', ', '-')}", recipe)
        for number, (name, recipe) in enumerate(recipes.items(), start=1)
    }
    everything = compare(job, run, places)
    rows = finished(everything)
    whole = table(rows, run.recipe, len(run.split["train"]))
    text = "\n".join([whole, *findings(rows), squares(), *diverged(everything), ""])
    folders = {
        name: run.folder / places[name][0] / f"seed-{row[0]['seed']}" for name, row in rows.items()
    }
    drawn = _curves(run.folder, folders, run.reference)
    title = "Five models side by side (report 2, table II)"
    publish(run.folder, title, text, drawn, {"seed": run.seed, "models": rows})
    return rows


def findings(rows: Rows) -> list[str]:
    """Each finding of the report, answered from the differences between trainings of one seed."""

    def dice(name: str) -> list[float]:
        return of_validation(rows, name, "dice")

    claims = [
        (
            "joints as well as the mask make the mask better",
            ("mask+softmax", "mask"),
            lambda: above(dice("mask+softmax"), dice("mask")),
        ),
        (
            "the regression costs dice",
            ("mask", "mask+regression"),
            lambda: above(dice("mask"), dice("mask+regression")),
        ),
        (
            "the triple model costs dice against mask + softmax",
            ("mask+softmax", "triple"),
            lambda: above(dice("mask+softmax"), dice("triple")),
        ),
        (
            f"softmax and regression softmax have the same dice to {CLOSE}",
            ("mask+softmax", "mask+regression-softmax"),
            lambda: alike(dice("mask+softmax"), dice("mask+regression-softmax"), CLOSE),
        ),
    ]
    lines = []
    if {COLLAPSED, "mask+regression"} <= rows.keys():
        both = (COLLAPSED, "mask+regression")
        lines.append(_collapse(*(of_validation(rows, n, "regression_highest") for n in both)))
    for claim, needed, decide in claims:
        if paired(rows, *needed):
            lines.append(_line(claim, decide()))
        else:
            lines.append(f'- "{_sentence(claim)}": undecided, a training of it diverged.')
    return lines


def squares() -> str:
    """Does threshold 0 give squares? The targets answer that without a training."""
    lone = np.zeros((JOINTS, 3))
    lone[0] = (32, 32, 1)
    answers, spots = [], []
    for threshold in (0.0, THRESHOLD):
        spot = class_map(lone, (65, 65), threshold) > 0
        height, width = (int(np.ptp(places)) + 1 for places in np.nonzero(spot))
        answers.append(spot.sum() == height * width)
        spots.append(f"{spot.sum()} of {height} × {width} pixels at {threshold:g}")
    answer = "yes" if answers == [True, False] else "no"
    return (
        f'- "Joint classes from a blur above 0 are squares, from one above {THRESHOLD:g} they are '
        f'not": {answer}: the spot of a lone joint fills {" and ".join(spots)}.'
    )


def _collapse(low: list[float], high: list[float]) -> str:
    collapsed = [value < EMPTY for value in low]
    held = [value > FULL for value in high]
    answer = "undecided"
    if len(low) > 1 and all(held):
        answer = "yes" if all(collapsed) else "no" if not any(collapsed) else "undecided"
    return (
        '- "Regression targets between 0 and 1 collapse to zero, those between 0 and 100 do not": '
        f"{answer}: the highest value of a predicted heatmap is {mean_and_spread(low)} of 1, and "
        f"{mean_and_spread(high)} of 100."
    )


def _line(claim: str, verdict: Verdict) -> str:
    return f'- "{_sentence(claim)}": {verdict}.'


def _sentence(claim: str) -> str:
    return claim[0].upper() + claim[1:]


def table(rows: Rows, recipe: Recipe, pictures: int) -> str:
    """The numbers of each model, of constant answers, and the report's."""
    first = next(iter(rows.values()))[0]
    constant = first["baselines"]
    counts = " and ".join(str(first["splits"][part]["pictures"]) for part in first["splits"])
    lines = [
        f"Up to {recipe.epochs} epochs of {pictures} pictures; network {recipe.network}, width "
        f"{recipe.width}, {seeds(rows)}. Each cell: training / validation, "
        f"mean ± standard deviation over the seeds, measured on {counts} pictures; in brackets "
        "the report's. Two models' errors can be compared only where their targets are the same.",
        "",
        "| model | dice | MSE | cross entropy | joints within 5 px | half a head | epochs |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        theirs = REPORT.get(name, {})
        cells = []
        for key in ("dice", "mse", "cross_entropy", "within_5_px", "pck_half_head"):
            parts = [[r["splits"][part].get(key) for r in row] for part in ("train", "validation")]
            if parts[1][0] is None:
                cells.append("–")
                continue
            cell = " / ".join(mean_and_spread(values) for values in parts)
            if key in theirs:
                cell += " (" + " / ".join(shown(v) for v in theirs[key]) + ")"
            cells.append(cell)
        cells.append(", ".join(f"{r['epoch']} of {r['epochs']}" for r in row))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    baseline = [
        f"mean mask {constant['dice_of_mean_mask']:.4g}",
        f"zeros {constant['mse_of_zero']:.4g}",
        f"frequencies {constant['cross_entropy_of_frequencies']:.4g}",
        f"mean places {shown(constant.get('mean_places_within_5_px'))}",
        f"mean places {shown(constant.get('mean_places_pck_half_head'))}",
        "",
    ]
    lines.append("| constant baseline | " + " | ".join(baseline) + " |")
    return "\n".join([*lines, ""])


def _curves(folder: Path, folders: dict[str, Path], reference: Path | None) -> Drawn:
    logs = {name: read_log(of_one / "log.csv") for name, of_one in folders.items()}
    panels: dict[str, Any] = {"Validation dice": {
        name: ([r["epoch"] for r in log], [r["validation_dice"] for r in log])
        for name, log in logs.items()
    }}  # fmt: skip
    theirs = {name: report_curve(reference, name, "val_dice") for name in MODELS}
    theirs = {name: curve for name, curve in theirs.items() if curve}
    if theirs:
        panels["Validation dice, report 2"] = theirs
    learning_curves(panels, folder / "dice.png", close_up=True)
    return {"dice.png": "Validation dice of each model's first training"}
