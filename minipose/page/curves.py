"""Which columns of the logs make one panel of curves, and what its lines are called."""

from __future__ import annotations

from collections.abc import Sequence

from minipose.page.chart import Line, Panel
from minipose.page.measures import constant_of
from minipose.page.runs import RunFolder

# Beginning of a column -> (which part, how its line is drawn).
PARTS = {
    "validation_": ("validation", "solid"),
    "training_": ("training", "dashed"),
    "train_": ("training, while it learns", "dotted"),
    "test_": ("test", "solid"),
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
    stages = len({title for _, title, _ in curves if title in ("Detection", "Regression")}) > 1
    several = len({(run.name, _trained(title)) for run, title, _ in curves}) > 1
    numbers: dict[tuple[str, str], int] = {}
    for run, title, rows in curves:
        colour = numbers.setdefault((run.name, _trained(title)), len(numbers))
        whose = " ".join(filter(None, (run.name if len(runs) > 1 else "", _trained(title))))
        columns = list(dict.fromkeys(name for row in rows for name in row))
        for column in columns:
            if column in SKIPPED:
                continue
            part, style, measure = _split(column)
            stage = f"{title}: " if stages and title in ("Detection", "Regression") else ""
            name = TITLES.get(measure, measure.replace("_", " ").capitalize())
            panel = found.setdefault(f"{stage}{measure}", Panel(f"{stage}{name}"))
            points = [(row["epoch"], row[column]) for row in rows if {"epoch", column} <= set(row)]
            label = " ".join(filter(None, (f"{whose}:" if several and whose else "", part)))
            shade = colour if several else len(panel.lines)
            drawn = style if several else "solid"
            line = Line(label or whose or name, points, shade % COLOURS, drawn)
            if points:
                panel.lines.append(line)
    _add_constant(runs, found)
    kept = {key: panel for key, panel in found.items() if panel.lines}
    speed = [panel for key, panel in kept.items() if key.endswith(SPEED)]
    return [p for key, p in kept.items() if not key.endswith(SPEED)], speed


def _trained(title: str) -> str:
    """The training below a comparison that a log is of; the stages of one training are one."""
    return "" if title in ("", "Detection", "Regression") else title


def _split(column: str) -> tuple[str, str, str]:
    for beginning, (part, style) in PARTS.items():
        if column.startswith(beginning):
            return part, style, column.removeprefix(beginning)
    return "", "solid", column


def _add_constant(runs: Sequence[RunFolder], found: dict[str, Panel]) -> None:
    for key, panel in found.items():
        if key.startswith("Detection: ") or not panel.lines:
            continue
        values = (constant_of(run, key.removeprefix("Regression: ")) for run in runs)
        value = next((v for v in values if v is not None), None)
        if value is not None:
            panel.lines.append(Line("constant baseline", [(0.0, value)], style="level"))
