"""``python docs/floors.py`` draws docs/images/floors.png: which part of minipose rests on which."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

PAGE = Path(__file__).resolve().parent / "images" / "floors.png"
CORE, JOBS, FAST = "#d7e8f0", "#f1f1ee", "#f9dfd2"
INK, GREY = "#22303a", "#7a858c"

FLOORS = [  # from the ground up: name, what it is, colour
    ("tensor, graph", "values that remember, and the walk back", CORE),
    ("kernels", "im2col, circular harmonics: arrays in, arrays out", CORE),
    ("ops", "forward and derivative, side by side", CORE),
    ("nn", "layers: parameters and the ops that use them", CORE),
    ("losses, optim", "what is minimised, and how", CORE),
    ("models", "PoseNet, U-Net, H-Net", CORE),
    ("targets, datasets", "labels; stores of pictures and joints", JOBS),
    ("training", "one loop, checkpoints, resume", JOBS),
    ("experiments", "the two jobs, from recipe to report", JOBS),
]
HEIGHT, GAP, WIDTH, ASIDE = 0.74, 0.12, 7.1, 2.4


def box(axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    """A floor."""
    style = "round,pad=0,rounding_size=0.1"
    axes.add_patch(FancyBboxPatch((x, y), width, height, style, facecolor=colour, edgecolor="none"))


def draw() -> Figure:
    """The floors as a stack, with fast beside the three that it can stand in for."""
    step = HEIGHT + GAP
    top = len(FLOORS) * step
    figure = Figure(figsize=(8.2, 5.2), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-0.2, WIDTH + ASIDE + 0.75)
    axes.set_ylim(-0.2, top + 0.1)
    axes.axis("off")
    for level, (name, about, colour) in enumerate(FLOORS):
        y = level * step
        box(axes, 0, y, WIDTH, HEIGHT, colour)
        middle = y + HEIGHT / 2
        axes.text(0.2, middle, name, va="center", color=INK, fontsize=12, fontweight="bold")
        axes.text(2.35, middle, about, va="center", color=INK, fontsize=10.5)
    low, high = step, 5 * step - GAP  # beside kernels, ops, nn and the optimizers
    left = WIDTH + 0.55
    box(axes, left, low, ASIDE, high - low, FAST)
    centre = left + ASIDE / 2
    middle = (low + high) / 2
    axes.text(centre, middle + 0.65, "fast", ha="center", va="center", color=INK, fontsize=12,
              fontweight="bold")  # fmt: skip
    axes.text(centre, middle - 0.25, "only speed:\noffers itself,\ncan be deleted", ha="center",
              va="center", color=INK, fontsize=10.5, linespacing=1.35)  # fmt: skip
    arrow = {"arrowstyle": "-|>", "color": GREY, "linestyle": "--", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (WIDTH, middle), (left, middle), arrowprops=arrow)
    return figure


if __name__ == "__main__":
    FigureCanvasAgg(draw()).print_png(PAGE)
