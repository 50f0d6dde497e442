"""How much should joints count beside the mask? In the report the weights of its losses are 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minipose.experiments.job import Drawn, Job, Run
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.tables import BASELINES
from minipose.experiments.report import publish
from minipose.experiments.side_by_side import (
    Rows,
    compare,
    diverged,
    finished,
    measured,
    of_validation,
    paired,
    seeds,
)
from minipose.experiments.verdict import above, mean_and_spread
from minipose.plots.curves import spread_curves

WEIGHTS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # of the cross entropy; the dice loss has 1
THEIRS = 1.0
MEASURES = {
    "dice": "Validation dice",
    "within_5_px": "Joints within 5 px",
}


def sweep_weights(job: Job, run: Run) -> Rows:
    """Train mask + softmax with each weight of the joints; one table and one plot."""
    base = run.recipe.changed(model="mask+softmax", mask_weight=1.0)
    recipes = {
        f"{weight:g}": (f"weight-{weight:g}", base.changed(joint_weight=weight))
        for weight in WEIGHTS
    }
    everything = compare(job, run, recipes)
    rows = finished(everything)
    table = _table(rows, base, len(run.split["train"]))
    text = "\n".join([table, *findings(rows), *diverged(everything), ""])
    title = "The weight of the joints beside the mask (report 2's open question)"
    publish(run.folder, title, text, _draw(run.folder, rows), {"seed": run.seed, "weights": rows})
    return rows


def findings(rows: Rows) -> list[str]:
    """For mask and joints: is the weight with the best mean better than the report's?"""
    lines = []
    for measure, title in measured(rows, MEASURES).items():
        best = max(rows, key=lambda label: np.mean(of_validation(rows, label, measure)))
        theirs = f"{THEIRS:g}"
        if best == theirs or theirs not in rows:
            lines.append(f"- {title}: {best} is the best of these weights.")
            continue
        if not paired(rows, best, theirs):
            lines.append(f"- {title}: undecided, a training diverged.")
            continue
        values = (of_validation(rows, label, measure) for label in (best, theirs))
        verdict = above(*values, tried=len(rows) - 1)
        lines.append(f'- {title}: "{best} is better than the report\'s {theirs}": {verdict}.')
    return lines


def _table(rows: Rows, recipe: Recipe, pictures: int) -> str:
    constant, measures = next(iter(rows.values()))[0]["baselines"], measured(rows, MEASURES)
    lines = [
        f"Up to {recipe.epochs} epochs of {pictures} pictures, network {recipe.network}, width "
        f"{recipe.width}, {seeds(rows)}; mean ± standard deviation.",
        "",
        "| weight of the cross entropy | " + " | ".join(measures.values()) + " |",
        "|---" * (1 + len(measures)) + "|",
    ]
    for label in rows:
        cells = [mean_and_spread(of_validation(rows, label, measure)) for measure in measures]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    cells = [f"{constant[BASELINES[measure]]:.4g}" for measure in measures]
    return "\n".join([*lines, "| constant baseline | " + " | ".join(cells) + " |", ""])


def _draw(folder: Path, rows: Rows) -> Drawn:
    panels = {
        title: {"": ([float(n) for n in rows], [of_validation(rows, n, measure) for n in rows])}
        for measure, title in measured(rows, MEASURES).items()
    }
    spread_curves(panels, folder / "weights.png", "weight of the cross entropy", logarithmic=True)
    return {"weights.png": "Mask and joints against the weight of the joints (mean and each seed)"}
