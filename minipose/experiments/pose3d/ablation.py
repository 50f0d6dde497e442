"""What helped? The report's claims, each against its opposite, at one budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from minipose.experiments.job import Drawn, Job, Run
from minipose.experiments.pose3d import variants
from minipose.experiments.pose3d.findings import PARTS, errors, findings
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.pose3d.train import COLUMNS, train_detector
from minipose.experiments.report import publish
from minipose.experiments.side_by_side import Rows, compare, finished, paired, seeds
from minipose.experiments.verdict import interval, mean_and_spread
from minipose.locks import claimed
from minipose.nn import Module
from minipose.plots.curves import learning_curves
from minipose.training.log import Row, read_log

PANELS = {
    "Pre-training": (variants.REPORT, variants.ALONE, variants.FROZEN, variants.WIDE),
    "Update rule": (
        variants.REPORT, variants.NO_MOMENTUM, variants.NO_DECAY, variants.NEITHER, variants.CODE,
        variants.ADAM,
    ),
    "Output and loss": (
        variants.REPORT, variants.DROPOUT, variants.TANH, variants.TANH_SCALED, variants.DISTANCE,
        variants.DISTANCE_CODE,
    ),
}  # fmt: skip


def ablate(job: Job, run: Run) -> Rows:
    """Train every row with every seed; write one table and what it says of the report's sentences.

    All rows of a seed take their layers from one detector, as the report did, which is trained when
    the first of them needs it, unless ``run.detector`` is given. The first seed of all rows comes
    first. With ``run.resume``, what is finished is not done again.
    """
    base = run.recipe

    def pre_trained(one: Run) -> Run:
        if not one.recipe.pretrain or run.detector is not None:
            return one
        folder = run.folder / "detector" / f"seed-{one.seed}"
        last = folder / "detection-last.npz"
        with claimed(folder, folder=True, wait=True):  # of the rows that train at the same time
            train_detector(replace(one, recipe=base, folder=folder, resume=last.exists()))
        return replace(one, detector=last)

    places = {
        name: (f"{number:02d}", variant.recipe(base))
        for number, (name, variant) in enumerate(variants.VARIANTS.items(), start=1)
    }
    everything = compare(job, run, places, _curve, pre_trained)
    rows = finished(everything)
    detected = _detectors(run)
    lines = [_about(run, everything, detected), "", *_table(everything, rows, base)]
    lines += ["", "What report 1 says, and what these trainings say (test error, S11):", ""]
    text = "\n".join([*lines, *findings(rows, base), ""])
    result = {"seed": run.seed, "seeds": run.seeds, "variants": everything, "detectors": detected}
    publish(run.folder, "What helped? (report 1)", text, _draw(run, rows), result)
    return everything


def _curve(run: Run, net: Module) -> dict[str, Any]:
    """The errors after each epoch of regression."""
    kept = {"epoch", *COLUMNS.values()}
    log = read_log(run.folder / "log.csv")
    return {"curve": [{k: v for k, v in row.items() if k in kept} for row in log]}


def _detectors(run: Run) -> dict[str, Row]:
    """The last row of each detector's log, by seed."""
    files = sorted((run.folder / "detector").glob("seed-*/detection-log.csv"))
    return {path.parent.name: read_log(path)[-1] for path in files}


def _about(run: Run, everything: Rows, detected: dict[str, Row]) -> str:
    base = run.recipe
    kernels, images = " ".join(map(str, base.kernels)), len(run.split["train"])
    whole = base.detection_epochs + base.epochs
    if run.detector is None:
        begin = f"have {base.detection_epochs} epochs of detection and {base.epochs} of regression"
    else:  # whose training may have been of any length
        begin = f"have {base.epochs} epochs of regression, and the layers of {run.detector} before"
    text = (
        f"{seeds(everything)}; an epoch is {images} training images; kernels [{kernels}], batch "
        f"{base.batch}, rate {base.lr:g}. Rows that are pre-trained {begin}; the others have "
        f"{whole} of regression. Of the epochs in the second column the one with the smallest "
        "validation error counts; training errors are those of as many frames as are validated. "
        "Mean ± standard deviation over the seeds; change: of the test error against the first "
        "row, with its 95 % interval."
    )
    entropies = [row["validation_cross_entropy_per_window"] for row in detected.values()]
    if entropies:
        text += (
            f" Detectors, one for all rows of a seed: cross entropy {mean_and_spread(entropies)} "
            "per window (validation; report 1: 0.05 in training)."
        )
    return text


def _table(everything: Rows, rows: Rows, base: Recipe) -> list[str]:
    lines = [
        "| variant | epochs | train, mm | validation, mm | test (S11), mm | change, mm |",
        "|---|---|---|---|---|---|",
    ]
    for name, variant in variants.VARIANTS.items():
        epochs = variant.epochs(base)
        lost = len(everything[name]) - len(rows.get(name, []))
        note = f" ({lost} of {len(everything[name])} diverged)" if lost else ""
        if name not in rows:
            lines.append(f"| {name} | {epochs} | diverged | | | |")
            continue
        cells = [mean_and_spread(errors(rows[name], part, epochs)) for part in PARTS]
        lines.append(
            f"| {name}{note} | {epochs} | {' | '.join(cells)} | {_change(name, rows, base)} |"
        )
    constant = next(iter(rows.values()))[0]["splits"]
    cells = [f"{constant[part]['mean_pose_mpjpe_mm']:.4g}" for part in PARTS]
    return [*lines, f"| mean pose | | {' | '.join(cells)} | |"]


def _change(name: str, rows: Rows, base: Recipe) -> str:
    """The difference from the report's row, where both have seen as many images."""
    first, variant = next(iter(variants.VARIANTS)), variants.VARIANTS[name]
    if name == first or variant.budget != 1 or not paired(rows, first, name):
        return ""
    own = errors(rows[name], "test", variant.epochs(base))
    mean, low, high = interval(
        own, errors(rows[first], "test", variants.VARIANTS[first].epochs(base))
    )
    return f"{mean:+.1f}" if not np.isfinite(low) else f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def _draw(run: Run, rows: Rows) -> Drawn:
    """Validation errors by epoch, the mean of the seeds."""
    panels: dict[str, dict] = {}
    for title, names in PANELS.items():
        for name in names:
            if name in rows:
                curves = [[r["validation_mpjpe_mm"] for r in one["curve"]] for one in rows[name]]
                means = np.mean(curves, axis=0).tolist()
                series = panels.setdefault(f"{title}: validation MPJPE, mm", {})
                series[name] = (list(range(1, len(means) + 1)), means)
    if not panels:
        return {}
    learning_curves(panels, run.folder / "ablation.png", across="epoch of regression")
    return {"ablation.png": "Validation error after each epoch, the mean of the seeds"}
