"""What every lesson shares: a place for plots, a stopwatch, a guard for what a reader changes.

A lesson runs as a script, as a notebook and as a page of the book; each function here does what
suits the place where it is called.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minipose.plots import canvas
from minipose.plots.in_words import describe

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent


def plot_folder() -> Path:
    """Where plots go: LESSONS_OUT, or runs/lessons beside the package."""
    return Path(os.environ.get("LESSONS_OUT") or ROOT / "runs" / "lessons")


def new_plot(width: float, height: float) -> Figure:
    """An empty plot of that many inches, in minipose's style, without a window."""
    return canvas.new_plot(width, height)


def save_plot(plot: Figure, name: str, alt: str = "") -> None:
    """Save ``name.png`` (the name starts with the lesson's) and show it where that is possible.

    ``alt`` says what there is to see; by default the plot's own titles and legends do.
    """
    show_plot(canvas.save(plot, plot_folder() / f"{name}.png"), alt or describe(plot))


def show_plot(path: Path, alt: str = "") -> None:
    """Show a plot that is already saved; on a terminal, print where it is."""
    if in_notebook():
        from IPython.display import Image, display

        display(Image(filename=str(path), alt=alt))
    else:
        print(f"plot: {path}")


def draw_numbers(axes: Axes, numbers: np.ndarray, marked: np.ndarray) -> None:
    """Draw a table of whole numbers (rows, columns) in boxes; those ``marked`` are coloured."""
    axes.set(xlim=(-0.6, 2.6), ylim=(2.6, -0.6), aspect="equal")
    axes.set_axis_off()
    for (row, column), number in np.ndenumerate(numbers):
        box = {"boxstyle": "square,pad=0.35", "edgecolor": canvas.GREY}
        box["facecolor"] = "#f9e3b4" if marked[row, column] else "white"
        words = {"ha": "center", "va": "center", "fontsize": 12}
        axes.text(column, row, f"{number:.0f}", bbox=box, **words)


def draw_arrows(axes: Axes, picture: np.ndarray, across: np.ndarray, down: np.ndarray) -> None:
    """Draw an arrow at each pixel of a picture (H, W) where it is at least a quarter as long."""
    lengths = np.hypot(across, down)
    rows, columns = np.nonzero(lengths > 0.25 * lengths.max())
    size = {"units": "inches", "width": 0.018, "scale": 5 * lengths.max()}
    axes.imshow(picture, cmap="gray")
    arrows = across[rows, columns], down[rows, columns]
    axes.quiver(columns, rows, *arrows, color=canvas.ACCENT, **size)
    axes.set_axis_off()


def fast(name: str) -> ModuleType | None:
    """The module ``minipose.fast.<name>``, or None, and a line that says so, where it is not used.

    The folder ``minipose/fast`` can be deleted, and ``MINIPOSE_PLAIN=1`` switches it off. A lesson
    therefore derives and tests its idea by itself, and compares it with minipose's fast form only
    where there is one.
    """
    if not _fast_is_used():
        _say_that_it_is_left_out()
        return None
    return importlib.import_module(f"minipose.fast.{name}")


@functools.cache  # once in a lesson is enough
def _say_that_it_is_left_out() -> None:
    print("(minipose runs without its folder fast: what needs it in this lesson is left out)")


def _fast_is_used() -> bool:
    return "minipose.fast" in sys.modules  # minipose itself imports it, unless told not to


def seconds(
    function: Callable[[], object],
    repeats: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The shortest of some timed calls, in s, after one call to warm up.

    The shortest, since whatever else the machine does can only make a call longer.
    """
    function()
    times = []
    for _ in range(repeats):
        start = clock()
        function()
        times.append(clock() - start)
    return min(times)


def processor_seconds(function: Callable[[], object], repeats: int = 5) -> float:
    """As ``seconds``, on one thread and without the time that it waited: to compare algorithms.

    Without minipose's fast layer the time of all threads is added up.
    """
    return on_one_thread(seconds, function, repeats, time.process_time)


def on_one_thread(function: Callable[..., T], *arguments: object) -> T:
    """``function(*arguments)``, with kernels and matrix products on one thread meanwhile.

    Small products gain nothing from more threads, which only wait for each other. Without
    minipose's fast layer there is nothing that sets the number of threads: it is left as it is.
    """
    if not _fast_is_used():
        return function(*arguments)
    with importlib.import_module("minipose.fast.workers").alone():
        return function(*arguments)


@contextmanager
def experiment(value: object, as_given: object) -> Iterator[None]:
    """What a reader is meant to change: say what was changed, and let no error end the lesson."""
    if value == as_given:
        print(f"As given, with {value!r}:")
    else:
        print(f"You changed {as_given!r} into {value!r}. Here is what happens:")
    try:
        yield
    except Exception as error:
        print(f"It stops with {type(error).__name__}: {error}")
        print("That is a result, too: read the message, and say why.")


def answer(text: str) -> None:
    """Show an answer; the files in ``answers/`` call this."""
    if in_notebook():
        from IPython.display import Markdown, display

        display(Markdown(text))
    else:
        print(f"ANSWER\n{text.strip()}\n")


def explain(kind: type, error: BaseException, trace: TracebackType | None) -> None:
    """What a script shows when it stops: for a claim that does not hold, what that means."""
    sys.__excepthook__(kind, error, trace)
    if issubclass(kind, AssertionError):
        print(
            "The last line above is something that this lesson claims, and here it does not hold.\n"
            "If you changed something, you have found what the change does: ask why. To go on,\n"
            "take the change back, or the claim out.",
            file=sys.stderr,
        )


sys.excepthook = explain


def in_notebook() -> bool:
    """Whether a notebook or the book runs this lesson."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
