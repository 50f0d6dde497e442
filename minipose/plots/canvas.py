"""One look for every plot, and one way to save it."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.figure import Figure

from minipose.storage import atomic

TRUTH, PREDICTION, ACCENT, GREY = "#1f6f8b", "#d1495b", "#edae49", "#8a8f98"
LEFT, MIDDLE, RIGHT = "#2a9d8f", "#5c6370", "#e76f51"
SIDE_COLOURS = {"left": LEFT, "middle": MIDDLE, "right": RIGHT}

STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "figure.dpi": 120,
    "savefig.bbox": "tight",
}


def new_plot(width: float, height: float) -> Figure:
    """An empty plot of that many inches, in the house style."""
    matplotlib.rcParams.update(STYLE)
    return Figure(figsize=(width, height), layout="constrained")


def save(plot: Figure, path: str | os.PathLike) -> Path:
    """Write a PNG, whole or not at all. Returns its path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as partial:
        plot.savefig(partial, format="png")
    return path


def to_pixels(plot: Figure) -> np.ndarray:
    """The plot as an RGB image (H, W, 3) uint8, at its own resolution."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(plot)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
