"""What are the weights of drawn people worth, if only so many photographs are labelled?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from minipose.experiments.job import Drawn, Job, Run
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.tables import BASELINES
from minipose.experiments.people.train import begin_with, build
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

COUNTS = (25, 100, 400)  # labelled pictures; and all of them
SCRATCH, GIVEN = "from scratch", "from given weights"
MEASURES = {"dice": "dice", "within_5_px": "joints within 5 px"}


def compare_starts(job: Job, run: Run) -> Rows:
    """Train on more and more pictures, with new weights and with those of ``--start``.

    Each seed takes other pictures, and of those more in every row. A training on n of N pictures
    makes √(N/n) times as many epochs, so √(n/N) times as many steps, as one on all of them.
    """
    pictures = len(run.split["train"])
    counts = [count for count in COUNTS if count < pictures] + [pictures]
    rows: Rows = {_label(GIVEN, 0): [_as_given(job, run)]}
    places, begins = {}, {}
    for how, start in ((SCRATCH, None), (GIVEN, run.start)):
        for count in counts:
            folder = f"{how.replace(' ', '-')}-{count}"
            recipe = prolonged(run.recipe, np.sqrt(pictures / count))
            places[_label(how, count)], begins[folder] = (folder, recipe), (start, count)

    def begun(one: Run) -> Run:
        start, count = begins[one.folder.parent.name]
        chosen = np.random.default_rng([one.seed, 11]).permutation(run.split["train"])
        return replace(one, start=start, split=run.split | {"train": np.sort(chosen[:count])})

    everything = rows | compare(job, run, places, prepare=begun)
    rows = finished(everything)
    lines = [_table(rows, run, counts), *findings(rows, counts), *diverged(everything), ""]
    text = "\n".join(lines)
    title = "Photographs that need labels, with and without weights to begin with"
    drawn = _draw(run.folder, rows, counts)
    publish(run.folder, title, text, drawn, {"seed": run.seed, "starts": rows})
    return rows


def prolonged(recipe: Recipe, factor: float) -> Recipe:
    """With so many times as many epochs of each kind."""
    kinds = ("epochs", "quarter_epochs", "half_epochs", "held")
    return replace(recipe, **{kind: round(factor * getattr(recipe, kind)) for kind in kinds})


def findings(rows: Rows, counts: list[int]) -> list[str]:
    """For each number of pictures: do given weights lead to better masks, and to better joints?"""
    lines = []
    for measure, title in measured(rows, MEASURES).items():
        for count in counts:
            given, scratch = _label(GIVEN, count), _label(SCRATCH, count)
            claim = f'- "With {count} pictures, given weights are better" ({title}): '
            if paired(rows, given, scratch):
                verdict = above(*(of_validation(rows, row, measure) for row in (given, scratch)))
                lines.append(f"{claim}{verdict}.")
            else:
                lines.append(f"{claim}undecided, a training diverged.")
    return lines


def _as_given(job: Job, run: Run) -> dict[str, Any]:
    """The numbers of the given weights before any training."""
    net = build(run.recipe, run.seed, run.device)
    begin_with(run.start, run.recipe, net)
    numbers = job.measure(net, run.store, run.split, run.recipe, run.communicator)
    return {"seed": run.seed} | numbers


def _label(how: str, count: int) -> str:
    return f"{how}, {count}"


def _baseline(rows: Rows, measure: str) -> float:
    """Of the mean mask and the mean places of all training pictures."""
    return next(iter(rows.values()))[0]["baselines"][BASELINES[measure]]


def _table(rows: Rows, run: Run, counts: list[int]) -> str:
    lines = [
        f"Measured on {len(run.split['validation'])} validation pictures; network "
        f"{run.recipe.network}, width {run.recipe.width}, {seeds(rows)}; mean ± standard "
        f"deviation. Given weights: {run.start.name} of {run.start.parent.name or '.'}, which has "
        "one value without training. Constant baseline: mean mask and mean places.",
        "",
        "| measure | weights | " + " | ".join(f"{n} pictures" for n in (0, *counts)) + " |",
        "|---" * (3 + len(counts)) + "|",
    ]
    for measure, title in measured(rows, MEASURES).items():
        for how in (SCRATCH, GIVEN):
            labels = [_label(how, n) for n in (0, *counts)]
            cells = [
                mean_and_spread(of_validation(rows, n, measure)) if n in rows else "–"
                for n in labels
            ]
            lines.append(f"| {title} | {how} | " + " | ".join(cells) + " |")
        constant = f"{_baseline(rows, measure):.4g}"
        lines.append(f"| {title} | constant baseline |" + " |" * len(counts) + f" {constant} |")
    return "\n".join([*lines, ""])


def _draw(folder: Path, rows: Rows, counts: list[int]) -> Drawn:
    panels = {}
    for measure, title in measured(rows, MEASURES).items():
        places, series = [str(n) for n in (0, *counts)], {}
        for how in (GIVEN, SCRATCH):
            labels = [_label(how, n) for n in (0, *counts)]
            values = [of_validation(rows, n, measure) if n in rows else [] for n in labels]
            series[how] = places, values
        series["constant baseline"] = places, [[_baseline(rows, measure)]] * len(places)
        panels[f"Validation, {title}"] = series
    spread_curves(panels, folder / "starts.png", "labelled pictures")
    return {"starts.png": "Mask and joints against the number of labelled pictures"}
