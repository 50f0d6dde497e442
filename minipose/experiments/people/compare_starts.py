"""What are the weights of drawn people worth, if only so many photographs are labelled?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from minipose.experiments.job import Drawn, Job, Run
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.train import build
from minipose.experiments.report import publish
from minipose.experiments.side_by_side import Rows, compare, finished, paired
from minipose.experiments.verdict import above, mean_and_spread
from minipose.plots.curves import spread_curves
from minipose.training import checkpoint

COUNTS = (25, 100, 400)  # labelled pictures; and all of them
SCRATCH, GIVEN = "from scratch", "from given weights"
MEASURES = {"dice": "dice", "within_5_px": "joints within 5 px"}
BASELINES = {"dice": "dice_of_mean_mask", "within_5_px": "mean_places_within_5_px"}


def compare_starts(job: Job, run: Run) -> Rows:
    """Train on more and more pictures, with new weights and with those of ``--start``.

    Each seed takes other pictures, and of those more in every row. A training on n of N pictures
    makes √(N/n) times as many epochs, so √(n/N) times as many steps, as one on all of them.
    """
    everything = len(run.split["train"])
    counts = [count for count in COUNTS if count < everything] + [everything]
    rows: Rows = {_label(GIVEN, 0): [_as_given(job, run)]}
    rows |= {_label(how, n): [] for how in (SCRATCH, GIVEN) for n in counts}
    for seed in range(run.seed, run.seed + run.seeds):
        chosen = np.random.default_rng([seed, 11]).permutation(run.split["train"])
        for how, start in ((SCRATCH, None), (GIVEN, run.start)):
            for count in counts:
                label = _label(how, count)
                recipe = prolonged(run.recipe, np.sqrt(everything / count))
                split = run.split | {"train": np.sort(chosen[:count])}
                one = replace(run, split=split, start=start, seed=seed, seeds=1)
                folder = f"{how.replace(' ', '-')}-{count}"
                rows[label] += compare(job, one, {label: (folder, recipe)})[label]
    rows = finished(rows)
    text = "\n".join([_table(rows, run, counts), *findings(rows, counts), ""])
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
    for measure, title in MEASURES.items():
        for count in counts:
            given, scratch = _label(GIVEN, count), _label(SCRATCH, count)
            claim = f'- "With {count} pictures, given weights are better" ({title}): '
            if paired(rows, given, scratch):
                verdict = above(_values(rows, given, measure), _values(rows, scratch, measure))
                lines.append(f"{claim}{verdict}.")
            else:
                lines.append(f"{claim}undecided, a training diverged.")
    return lines


def _as_given(job: Job, run: Run) -> dict[str, Any]:
    """The numbers of the given weights before any training."""
    net = build(run.recipe, run.seed, run.device)
    checkpoint.transfer(run.start, net)
    measured = job.measure(net, run.store, run.split, run.recipe, run.communicator)
    return {"seed": run.seed} | measured


def _label(how: str, count: int) -> str:
    return f"{how}, {count}"


def _values(rows: Rows, label: str, measure: str) -> list[float]:
    return [row["splits"]["validation"][measure] for row in rows[label]]


def _baseline(rows: Rows, measure: str) -> float:
    """Of the mean mask and the mean places of all training pictures."""
    return next(iter(rows.values()))[0]["baselines"][BASELINES[measure]]


def _table(rows: Rows, run: Run, counts: list[int]) -> str:
    lines = [
        f"Measured on {len(run.split['validation'])} validation pictures; network "
        f"{run.recipe.network}, width {run.recipe.width}, {run.seeds} seeds; mean ± standard "
        f"deviation. Given weights: {run.start.name} of {run.start.parent.name or '.'}, which has "
        "one value without training. Constant baseline: mean mask and mean places.",
        "",
        "| measure | weights | " + " | ".join(f"{n} pictures" for n in (0, *counts)) + " |",
        "|---" * (3 + len(counts)) + "|",
    ]
    for measure, title in MEASURES.items():
        for how in (SCRATCH, GIVEN):
            labels = [_label(how, n) for n in (0, *counts)]
            cells = [
                mean_and_spread(_values(rows, label, measure)) if label in rows else "–"
                for label in labels
            ]
            lines.append(f"| {title} | {how} | " + " | ".join(cells) + " |")
        constant = f"{_baseline(rows, measure):.4g}"
        lines.append(f"| {title} | constant baseline |" + " |" * len(counts) + f" {constant} |")
    return "\n".join([*lines, ""])


def _draw(folder: Path, rows: Rows, counts: list[int]) -> Drawn:
    panels = {}
    for measure, title in MEASURES.items():
        series = {}
        for how in (GIVEN, SCRATCH):
            there = [n for n in (0, *counts) if _label(how, n) in rows]
            values = [_values(rows, _label(how, n), measure) for n in there]
            series[how] = ([str(n) for n in there], values)
        places = [str(n) for n in (0, *counts)]
        series["constant baseline"] = (places, [[_baseline(rows, measure)]] * len(places))
        panels[f"Validation, {title}"] = series
    spread_curves(panels, folder / "starts.png", "labelled pictures")
    return {"starts.png": "Mask and joints against the number of labelled pictures"}
