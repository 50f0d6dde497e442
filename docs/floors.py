"""``python docs/floors.py`` draws docs/images/floors.png: which part of minipose rests on which."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

PICTURE = Path(__file__).resolve().parent / "images" / "floors.png"
CORE, JOBS, FAST = "#d3e6ef", "#efeeea", "#f9dccd"
INK = "#22303a"

FLOORS = [  # from the ground up
    ("tensor, graph", CORE),
    ("kernels", CORE),
    ("ops", CORE),
    ("nn, losses, optim", CORE),
    ("models", CORE),
    ("training", JOBS),
    ("experiments", JOBS),
]
HEIGHT, GAP, WIDTH, ASIDE = 0.8, 0.14, 5.0, 2.6


def box(axes: Axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    """A rectangle with round corners."""
    style = "round,pad=0,rounding_size=0.12"
    axes.add_patch(FancyBboxPatch((x, y), width, height, style, facecolor=colour, edgecolor="none"))


def draw() -> Figure:
    """The floors as a stack, with fast beside those that it can stand in for."""
    step = HEIGHT + GAP
    figure = Figure(figsize=(4.4, 3.2), dpi=180)
    axes = figure.add_axes((0, 0, 1, 1))
    left = WIDTH + 0.6
    axes.set_xlim(-0.15, left + ASIDE + 0.15)
    axes.set_ylim(-0.15, len(FLOORS) * step + 0.02)
    axes.axis("off")
    text = {"color": INK, "fontsize": 14, "ha": "center", "va": "center"}
    for level, (name, colour) in enumerate(FLOORS):
        box(axes, 0, level * step, WIDTH, HEIGHT, colour)
        axes.text(WIDTH / 2, level * step + HEIGHT / 2, name, **text)
    low, high = step, 4 * step - GAP  # beside kernels, ops, and the optimizers
    box(axes, left, low, ASIDE, high - low, FAST)
    centre, middle = left + ASIDE / 2, (low + high) / 2
    axes.text(centre, middle + 0.55, "fast", **{**text, "fontweight": "bold"})
    axes.text(centre, middle - 0.4, "can be\ndeleted", **{**text, "fontsize": 13})
    arrow = {"arrowstyle": "-|>", "color": INK, "linestyle": "--", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (WIDTH, middle), (left, middle), arrowprops=arrow)
    return figure


if __name__ == "__main__":
    FigureCanvasAgg(draw()).print_png(PICTURE)
