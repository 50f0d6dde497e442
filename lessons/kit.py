"""What every lesson shares: a place for figures, a stopwatch, an answer kept out of sight.

A lesson runs as a script, as a notebook and as a page of the book; each function here does what
suits the place where it is called.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from matplotlib.figure import Figure

from minipose.fast import workers
from minipose.plots import canvas

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent


def figure_folder() -> Path:
    """Where figures go: LESSONS_OUT, or runs/lessons beside the package."""
    return Path(os.environ.get("LESSONS_OUT") or ROOT / "runs" / "lessons")


def figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches, in the house style, without a window."""
    return canvas.new_plot(width, height)


def save(figure: Figure, name: str) -> None:
    """Save ``name.png`` (the name starts with the lesson's) and show it where that is possible."""
    path = canvas.save(figure, figure_folder() / f"{name}.png")
    if in_notebook():
        from IPython.display import Image, display

        display(Image(filename=str(path)))
    else:
        print(f"figure: {path}")


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
    """The same on one thread and without the time that it waited: for comparing ways."""
    return on_one_thread(seconds, function, repeats, time.process_time)


def on_one_thread(function: Callable[..., T], *arguments: object) -> T:
    """``function(*arguments)``, with kernels and matrix products on one thread meanwhile.

    Small products gain nothing from more threads, which only wait for each other.
    """
    with workers.alone():
        return function(*arguments)


def answer(text: str) -> None:
    """The answer to the closing question: shown in a notebook, and on a terminal if asked for."""
    if in_notebook():
        from IPython.display import Markdown, display

        display(Markdown(text))
    elif os.environ.get("LESSONS_ANSWERS"):
        print(f"ANSWER\n{text}")
    else:
        print("The answer: make lesson N=… ANSWERS=1, once you have predicted it.")


def in_notebook() -> bool:
    """Whether a notebook or the book runs this lesson."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
