"""Which columns of the logs make one panel of curves, and what its lines are called."""

from __future__ import annotations

from collections.abc import Sequence

from minipose.page.chart import Line, Panel
from minipose.page.measures import constant_of
from minipose.page.runs import RunFolder

# Beginning of a column -> (which part, how its line is drawn, its colour where one run is shown).
PARTS = {
    "validation_": ("validation", "solid", 1),
    "training_": ("training", "dashed", 0),
    "train_": ("training, while it learns", "dotted", 0),
    "test_": ("test", "solid", 2),
}
TITLES = {
    "loss": "Loss",
    "dice": "Dice coefficient",
    "cross_entropy": "Cross entropy",
    "mse": "Mean squared error of the heatmap",
    "joint_error_px": "Mean joint error, px",
    "within_5_px": "Fraction of joints within 5 px",
    "mpjpe_mm": "MPJPE, mm",
    "cross_entropy_per_window": "Cross entropy per window",
    "average_precision": "Average precision",
    "learning_rate": "Learning rate",
    "images_per_s": "Images per second",
}
SPEED = ("learning_rate", "images_per_s")  # no measure of what was learned
SKIPPED = ("epoch", "elapsed_s", "step")
COLOURS = 8


def panels(runs: Sequence[RunFolder]) -> tuple[list[Panel], list[Panel]]:
    """The panels of what was learned, then those of speed and learning rate.

    One run: a colour for each part. Several: a colour for each run, a dash for each part.
    """
    found: dict[str, Panel] = {}
    curves = [(run, title, rows) for run in runs for title, rows in run.logs.items()]
    stages = any(title == "Regression" for _, title, _ in curves)
    trained = list(dict.fromkeys((run.name, _below(title)) for run, title, _ in curves))
    for run, title, rows in curves:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        whose = " ".join(filter(None, (run.name if len(runs) > 1 else "", _below(title))))
        colour = trained.index((run.name, _below(title))) % COLOURS
        for column in columns:
            part, style, own, measure = _split(column)
            # Of many curves those that say the same twice are left out.
            if column in SKIPPED or (
                len(trained) > 1
                and column.startswith("train_")
                and f"training_{measure}" in columns
            ):
                continue
            stage = f"{title or 'Regression'}: " if stages and not _below(title) else ""
            name = TITLES.get(measure, measure.replace("_", " ").capitalize())
            panel = found.setdefault(f"{stage}{measure}", Panel(f"{stage}{name}"))
            known = [row for row in rows if {"epoch", column} <= set(row)]
            points = [(r["epoch"], r[column]) for r in known if abs(r["epoch"]) < 1e9]
            if not points:
                continue
            if len(trained) > 1:
                panel.lines.append(Line(part, points, colour, style, whose or run.name))
            else:
                panel.lines.append(Line(part or name.lower(), points, own, style))
    _add_constant(runs, found)
    kept = {key: panel for key, panel in found.items() if panel.lines}
    speed = [panel for key, panel in kept.items() if key.endswith(SPEED)]
    return [p for key, p in kept.items() if not key.endswith(SPEED)], speed


def _below(title: str) -> str:
    """The training below a comparison that a log is of; the stages of one training are one."""
    return "" if title in ("", "Detection", "Regression") else title


def _split(column: str) -> tuple[str, str, int, str]:
    for beginning, (part, style, colour) in PARTS.items():
        if column.startswith(beginning):
            return part, style, colour, column.removeprefix(beginning)
    return "", "solid", 0, column


def _add_constant(runs: Sequence[RunFolder], found: dict[str, Panel]) -> None:
    for key, panel in found.items():
        if key.startswith("Detection: ") or not panel.lines:
            continue
        values = (constant_of(run, key.removeprefix("Regression: ")) for run in runs)
        value = next((v for v in values if v is not None), None)
        if value is not None:
            panel.lines.append(Line("constant baseline", [(0.0, value)], style="level"))
