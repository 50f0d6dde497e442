"""How cost grows: time and memory of minipose against one size at a time, and a plot of it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.bench import cases
from tests.bench.cases import Case
from tests.bench.driver import Worker

PLOT = Path("docs/images/cost.png")
POSE = Case("growth", "", "posenet", True, 32, (128, 128))
UNET = Case("growth", "", "unet", True, 1, (96, 64), width=16)
READ = Case("growth", "", "frames", True, 128, (128, 128))
SIZES = ((48, 32), (96, 64), (192, 128), (384, 256))
SERIES = {
    "images in a batch": ("PoseNet [5 10 15], a step", "batch", (4, 16, 64, 256)),
    "pixels of an image": ("U-Net of width 16, a step", "size", SIZES),
    "channels at full size": ("U-Net on 96×64, a step", "width", (4, 8, 16, 32, 64)),
    "frames in a store": ("reading an epoch of frames", "frames", (256, 1024, 4096)),
}
BASE = {"batch": POSE, "size": UNET, "width": UNET, "frames": READ}


def run(device: str) -> dict:
    """Seconds and peak MiB for each size; draws the plot."""
    rows = {}
    for axis, (what, field, values) in SERIES.items():
        points = [_measure(replace(BASE[field], **{field: v}), v, device) for v in values]
        rows[axis] = {"what": what, "points": points}
        print(f"{axis} ({what}): {points}", flush=True)
    draw(rows)
    return rows


def _measure(case: Case, value: object, device: str) -> tuple[int, float, float]:
    at = value[0] * value[1] if isinstance(value, tuple) else value
    with tempfile.TemporaryDirectory() as folder:
        weights, side = "none", "frames"
        if case.network != "frames":
            weights, side = str(Path(folder) / "weights.npz"), "ours"
            np.savez(weights, **cases.weights(case))
        with Worker(side, case, "minipose", device, weights) as worker:
            worker.ask("time", 1)
            seconds = sorted(worker.ask("time", 1) for _ in range(3))[1]
            memory = worker.ask("memory")
    return at, seconds, (memory["device"] or memory["host"]) / 2**20


def draw(rows: dict) -> None:
    """Time above, memory below; both axes logarithmic, the dotted line is proportional cost."""
    from minipose.plots import canvas

    plot = canvas.new_plot(2.7 * len(rows), 4.6)
    panels = plot.subplots(2, len(rows), sharex="col")
    for column, (axis, row) in zip(panels.T, rows.items(), strict=True):
        at, seconds, memory = (np.array(v) for v in zip(*row["points"], strict=True))
        for axes, values, colour in zip(
            column, (seconds, memory), (canvas.TRUTH, canvas.PREDICTION), strict=True
        ):
            axes.loglog(at, values[-1] * at / at[-1], color=canvas.GREY, linewidth=1, linestyle=":")
            axes.loglog(at, values, marker="o", markersize=4, color=colour, linewidth=1.8)
            axes.set_ylim(values.min() / 2, values.max() * 2)
            axes.set_xticks(at, [f"{n:,}" for n in at])
            axes.minorticks_off()
            axes.yaxis.set_ticklabels([])  # the points say it better
            for n, value in zip(at, values, strict=True):
                axes.annotate(f"{value:.3g}", (n, value), xytext=(0, 7), ha="center",
                              textcoords="offset points", fontsize=8, color=colour)  # fmt: skip
            axes.margins(x=0.15)
        column[0].set_title(row["what"], loc="left")
        column[1].set_xlabel(axis)
    panels[0, 0].set_ylabel("seconds")
    panels[1, 0].set_ylabel("peak memory, MiB")
    canvas.save(plot, PLOT)
