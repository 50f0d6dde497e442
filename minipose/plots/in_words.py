"""A plot in words, for readers who do not see it: from its titles, axes and legends.

The book gives these words to every plot of a lesson that does not bring its own.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

LONGEST = 600  # characters
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
KINDS = ("picture", "curve", "bar", "arrows", "points", "area")


def describe(plot: Figure) -> str:
    """What there is to see in a plot, panel by panel; panels of one kind are told together."""
    title = plot.get_suptitle() if hasattr(plot, "get_suptitle") else ""
    groups: dict[tuple[str, str], list[str]] = {}
    for axes in plot.axes:
        content, over, name = _content(axes), _axes_names(axes), _one_line(_title(axes))
        if content or name:
            groups.setdefault((content, over), []).append(name)
    parts = [
        _sentence(content, over, [name for name in names if name], len(names))
        for (content, over), names in groups.items()
    ]
    title = _one_line(title)
    head = f"{title[0].upper()}{title[1:]}." if title else ""
    words = " ".join(filter(None, [head, *parts]))
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + " …"


def _sentence(content: str, over: str, names: list[str], panels: int) -> str:
    what = content or "text"
    head = what if panels == 1 else f"{counted(panels)} panels, each with {what}"
    words = f"{head[0].upper()}{head[1:]}"
    words += f", {over}" if over else ""
    return f"{words}: {'; '.join(dict.fromkeys(names))}." if names else f"{words}."


def _content(axes: Axes) -> str:
    """Its pictures, curves, bars, arrows and points, with the names that a legend gives them."""
    counts = dict.fromkeys(KINDS, 0)
    counts["picture"] = len(axes.images)
    counts["curve"] = sum(len(line.get_xdata()) > 1 for line in axes.get_lines())
    counts["bar"] = sum(len(container) for container in axes.containers)
    counts["arrows"] = sum(isinstance(each, Quiver) for each in axes.collections)
    counts["points"] = sum(type(each) is PathCollection for each in axes.collections)
    counts["area"] = sum(type(each) is PolyCollection for each in axes.collections)
    parts = [_how_many(kind, count) for kind, count in counts.items() if count]
    if not parts and axes.texts:
        texts = [_one_line(text.get_text()) for text in axes.texts if text.get_text().strip()]
        return f"boxes with {', '.join(texts[:30])}"
    names = [_one_line(name) for name in axes.get_legend_handles_labels()[1]]
    named = f" ({', '.join(names)})" if names else ""
    return " and ".join(parts) + named + _named_ticks(axes)


def _named_ticks(axes: Axes) -> str:
    """Rows and columns, or bars, that have names instead of numbers."""
    told = []
    for kind, ticks in (("rows", axes.get_yticklabels()), ("columns", axes.get_xticklabels())):
        names = [_one_line(tick.get_text()) for tick in ticks]
        names = [name for name in names if any(letter.isalpha() for letter in name)]
        if names and axes.axison:
            told.append(f"{kind} {', '.join(names[:20])}")
    return f", {'; '.join(told)}" if told else ""


def _how_many(kind: str, count: int) -> str:
    if kind in ("arrows", "points"):
        return kind
    if count == 1:
        return f"a {kind}" if kind != "area" else "an area"
    return f"{counted(count)} {kind}s" if kind != "curve" or count < 10 else "many curves"


def _axes_names(axes: Axes) -> str:
    down, across = _one_line(axes.get_ylabel()), _one_line(axes.get_xlabel())
    if not axes.axison:
        return ""
    if down and across:
        return f"{down} over {across}"
    return down or (f"over {across}" if across else "")


def _title(axes: Axes) -> str:
    return next(filter(None, (axes.get_title(loc) for loc in ("center", "left", "right"))), "")


def _one_line(text: str) -> str:
    return " ".join(text.replace("$", "").split())


def counted(number: int) -> str:
    """Small numbers as words."""
    return NUMBERS[number] if number < len(NUMBERS) else str(number)
