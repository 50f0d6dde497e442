"""Learning curves (report 1, figure 5)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from minipose.plots import canvas

Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]  # label -> (epochs, values)


def learning_curves(
    panels: Mapping[str, Series], path: str | os.PathLike, across: str = "epoch"
) -> Path:
    """One panel per entry: its title names what is measured and the unit; a line per series.

    Parameters
    ----------
    panels : {title: {label: (epochs, values)}}
    path : where the PNG goes
    across : what the horizontal axis shows
    """
    figure = canvas.new_figure(4.6 * len(panels), 3.2)
    colours = [canvas.TRUTH, canvas.PREDICTION, canvas.ACCENT, canvas.GREY]
    for i, (title, series) in enumerate(panels.items()):
        axes = figure.add_subplot(1, len(panels), i + 1)
        for (label, (epochs, values)), colour in zip(series.items(), colours * 3, strict=False):
            axes.plot(epochs, values, label=label, color=colour, linewidth=1.8, marker=".")
            axes.annotate(
                f"{values[-1]:.3g}", (epochs[-1], values[-1]), xytext=(5, 0), color=colour,
                textcoords="offset points", va="center", fontsize=8,
            )  # fmt: skip
        axes.set_title(title, loc="left")
        axes.set_xlabel(across)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.12)
        axes.legend()
    return canvas.save(figure, path)
