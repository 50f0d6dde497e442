"""Learning curves (report 1, figure 5)."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from minipose.plots import canvas

BESIDE = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}  # the axes, on their right
BESIDE_EACH_OTHER = 3  # panels
MUCH_LONGER = 10  # times: the shorter line would be a few points at the left edge
Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]  # label -> (epochs, values)


def learning_curves(
    panels: Mapping[str, Series],
    path: str | os.PathLike,
    across: str = "epoch",
    best: float | None = None,
    close_up: bool = False,
) -> Path:
    """One panel per entry: its title names what is measured and the unit; a line per series.

    The legend gives the last value of each line; ``best`` is marked on the horizontal axis, which
    is logarithmic where one line is much longer than another.

    Parameters
    ----------
    panels : {title: {label: (epochs, values)}}
    path : where the PNG goes
    across : what the horizontal axis shows
    best : where the weights that were kept come from
    close_up : whether the vertical axis is cut to what lines do after their first quarter, for
        lines that end close together; the legend is beside them
    """
    down = math.ceil(len(panels) / BESIDE_EACH_OTHER)
    beside = math.ceil(len(panels) / down)
    plot = canvas.new_plot((6.8 if close_up else 4.6) * beside, 3.2 * down)
    colours = [canvas.TRUTH, canvas.PREDICTION, canvas.ACCENT, canvas.GREY, canvas.LEFT, "#6d4c9f"]
    for i, (title, series) in enumerate(panels.items()):
        axes = plot.add_subplot(down, beside, i + 1)
        for (label, (epochs, values)), colour in zip(series.items(), colours * 3, strict=False):
            # Last values stand in the legend, where they never collide; 0.910 keeps its last 0.
            last = f"{label}: {values[-1]:#.3g}".rstrip(".")
            axes.plot(epochs, values, label=last, color=colour, linewidth=1.8, marker=".")
        axes.set_title(title, loc="left")
        axes.set_xlabel(across)
        if close_up:
            axes.set_ylim(*_later_range(series))
        else:
            axes.set_ylim(bottom=0)
        ends = [epochs[-1] for epochs, _ in series.values()]
        if max(ends) > MUCH_LONGER * min(ends):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.minorticks_off()
        else:
            axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        if best is not None:
            axes.axvline(best, color=canvas.GREY, linewidth=0.8, linestyle=":", zorder=0)
            axes.set_xlabel(f"{across} (the best, dotted: {best:g})")
        axes.legend(**(BESIDE if close_up else {}))
    return canvas.save(plot, path)


def _later_range(series: Series) -> tuple[float, float]:
    """Of all values behind the first quarter of each line, with a margin."""
    later = [value for _, values in series.values() for value in values[len(values) // 4 :]]
    margin = 0.06 * (max(later) - min(later)) or 0.01
    return min(later) - margin, max(later) + margin


def spread_curves(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float | str], Sequence[Sequence[float]]]]],
    path: str | os.PathLike,
    across: str,
    logarithmic: bool = False,
) -> Path:
    """One panel per entry: a line through the means, and a dot for each value.

    A place without values is a gap in its line.

    Parameters
    ----------
    panels : {title: {label: (places, the values at each place)}}; words are evenly spaced
    across : what the horizontal axis shows
    logarithmic : whether it is so
    """
    plot = canvas.new_plot(4.6 * len(panels), 3.2)
    colours = [canvas.TRUTH, canvas.PREDICTION, canvas.ACCENT, canvas.GREY]
    for i, (title, series) in enumerate(panels.items()):
        axes = plot.add_subplot(1, len(panels), i + 1)
        for (label, (places, values)), colour in zip(series.items(), colours, strict=False):
            means = [sum(here) / len(here) if here else math.nan for here in values]
            axes.plot(places, means, color=colour, linewidth=1.8, label=label)
            for place, here in zip(places, values, strict=True):
                axes.plot([place] * len(here), here, ".", color=colour, markersize=5)
        axes.set_title(title, loc="left")
        axes.set_xlabel(across)
        if logarithmic:
            axes.set_xscale("log")
            axes.set_xticks(places, [f"{place:g}" for place in places])
            axes.minorticks_off()
        if any(series):
            axes.legend()
    return canvas.save(plot, path)
