"""The network of report 1 as a drawing (its figure 3), with the sizes of what flows through it."""

from __future__ import annotations

import os
from ast import literal_eval
from pathlib import Path

from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

from minipose.models.posenet import OUTPUTS, SIDE, PoseNet
from minipose.nn.summary import summary
from minipose.plots import canvas

FILTERS = {"conv1": 5, "conv2": 5, "conv3": 6}  # px
DEPTH = 0.28  # of a side, by which a block reaches back


def draw_posenet(
    path: str | os.PathLike,
    kernels: tuple[int, int, int] = (5, 10, 15),
    hidden: tuple[int, int] = (1024, 2048),
) -> Path:
    """The shared convolutions with both heads; all sizes are those of a network that was run."""
    net = PoseNet(kernels, "detection", hidden=hidden)
    rows = summary(net, (1, 1, SIDE, SIDE)).rows
    shapes = {row.name: literal_eval(row.output) for row in rows}
    plot = canvas.new_plot(10.4, 4.2)
    axes = plot.add_subplot()
    x, right = 0.0, 0.0
    previous = None
    for name in ("input", *FILTERS):
        channels, side = (1, SIDE) if name == "input" else shapes[name][1:3]
        height, thick = 1.0 + 2.6 * side / SIDE, 0.12 + 0.05 * channels**0.6
        right = _slab(axes, x, height, thick)
        below = f"{name}\n{channels} × {side} × {side}"
        axes.text((x + right) / 2, -height / 2 - 0.2, below, ha="center", va="top", fontsize=8)
        if name != "input":
            words = f"{FILTERS[name]}×{FILTERS[name]}\npool 2×2\ntanh"
            axes.text(x - 0.52, 0.95, words, ha="center", va="bottom", fontsize=7)
            _arrow(axes, (previous, 0), (x - 0.05, 0))
        previous, x = right + 0.05, right + 1.15
    flat = kernels[2] * shapes["conv3"][2] ** 2
    for head, y, letter in (("detection", 1.35, "d"), ("regression", -1.35, "r")):
        start, units = (previous, 0.0), (*hidden, OUTPUTS[head])
        for number, count in enumerate(units, start=1):
            left = x + 1.35 * (number - 1)
            tall = 0.35 + 0.75 * (count / 2048) ** 0.5
            colour = canvas.ACCENT if number == 3 else canvas.TRUTH
            box = Rectangle((left, y - tall / 2), 0.22, tall, color=colour, alpha=0.85)
            axes.add_patch(box)
            _arrow(axes, start, (left - 0.04, y))
            words = f"fc{letter}{number}\n{count}"
            axes.text(left + 0.11, y - tall / 2 - 0.12, words, ha="center", va="top", fontsize=8)
            start = (left + 0.26, y)
        words = {
            "detection": "17 joints × 100 windows\nis the joint in the window?",
            "regression": "17 joints × 3\nmm from the pelvis",
        }[head]
        axes.text(start[0] + 0.1, y, words, ha="left", va="center", fontsize=8)
    axes.text(previous + 0.3, 0.0, f"{flat} numbers", ha="left", va="center", fontsize=8)
    axes.set_title("One network, two heads (report 1, figure 3)", loc="left")
    axes.set_xlim(-0.3, x + 6.0)
    axes.set_ylim(-2.9, 2.7)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return canvas.save(plot, path)


def _slab(axes: object, x: float, height: float, thick: float) -> float:
    """Channels beside each other as a block, seen from its narrow side; returns its right edge."""
    slant = DEPTH * height
    low, high = -height / 2, height / 2 - slant
    front = [(x, low), (x + thick, low), (x + thick, high), (x, high)]
    back = high + slant
    top = [(x, high), (x + thick, high), (x + thick + slant, back), (x + slant, back)]
    side = [(x + thick, low), (x + thick + slant, low + slant), top[2], top[1]]
    for corners, shade in ((front, "#dbe9ee"), (top, "#c3dbe3"), (side, "#a9cbd6")):
        axes.add_patch(Polygon(corners, facecolor=shade, edgecolor=canvas.TRUTH, lw=0.9))
    return x + thick + slant


def _arrow(axes: object, start: tuple[float, float], end: tuple[float, float]) -> None:
    shape = {"arrowstyle": "-|>", "mutation_scale": 9, "color": canvas.GREY, "lw": 1.1}
    axes.add_patch(FancyArrowPatch(start, end, shrinkA=0, shrinkB=0, **shape))
