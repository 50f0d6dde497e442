"""How cost grows: time and memory of minipose against one size at a time, and a figure of it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.bench import cases
from tests.bench.cases import Case
from tests.bench.driver import Worker

FIGURE = Path("docs/images/cost.png")
POSE = Case("growth", "", "posenet", True, 32, (128, 128))
UNET = Case("growth", "", "unet", True, 1, (96, 64), width=16)
SERIES = {
    "images in a batch": ("PoseNet [5 10 15]", [(n, replace(POSE, batch=n))
                                                 for n in (1, 4, 16, 64, 256)]),
    "pixels of an image": ("U-Net, width 16", [(h * w, replace(UNET, size=(h, w)))
                                               for h, w in ((48, 32), (96, 64), (192, 128),
                                                            (384, 256))]),
    "maps at full size (width)": ("U-Net, 96×64", [(n, replace(UNET, width=n))
                                                    for n in (4, 8, 16, 32, 64)]),
}  # fmt: skip


def run(device: str) -> dict:
    """Seconds a training step and peak MiB for each size; draws the figure."""
    rows = {}
    for axis, (network, points) in SERIES.items():
        rows[axis] = {"network": network, "points": [_measure(at, c, device) for at, c in points]}
        print(f"{axis} ({network}): {rows[axis]['points']}", flush=True)
    draw(rows)
    return rows


def _measure(at: int, case: Case, device: str) -> tuple[int, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        weights = str(Path(folder) / "weights.npz")
        np.savez(weights, **cases.weights(case))
        with Worker("ours", case, "minipose", device, weights) as ours:
            ours.ask("time", 1)
            seconds = sorted(ours.ask("time", 1) for _ in range(5))[2]
            memory = ours.ask("memory")
    return at, seconds, (memory["device"] or memory["host"]) / 2**20


def draw(rows: dict) -> None:
    """Two rows of panels: time above, memory below; logarithmic, so slope 1 is proportional."""
    from minipose.plots import canvas

    figure = canvas.new_figure(3.4 * len(rows), 5.2)
    panels = figure.subplots(2, len(rows), sharex="col")
    for column, (axis, row) in zip(panels.T, rows.items(), strict=True):
        at, seconds, memory = (np.array(v) for v in zip(*row["points"], strict=True))
        for axes, values, colour in zip(
            column, (seconds, memory), (canvas.TRUTH, canvas.PREDICTION), strict=True
        ):
            axes.loglog(at, values, marker="o", color=colour, linewidth=1.8)
            axes.loglog(at, values[-1] * at / at[-1], color=canvas.GREY, linewidth=1, linestyle=":")
        column[0].set_title(row["network"], loc="left")
        column[1].set_xlabel(axis)
    panels[0, 0].set_ylabel("training step, s")
    panels[1, 0].set_ylabel("peak memory, MiB")
    canvas.save(figure, FIGURE)
