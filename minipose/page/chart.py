"""Learning curves as inline SVG, which a page without scripts shows as well."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 460, 250  # of the drawing, in its own units; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 34
STYLES = ("solid", "dashed", "dotted")


@dataclass
class Line:
    """One curve.

    Attributes
    ----------
    label : which part it is of
    points : (x, y); values that are not finite break the line
    colour : number of the colour
    run : whose curve it is, where there are several
    style : "solid", "dashed", "dotted", or "level" for a constant baseline
    """

    label: str
    points: list[tuple[float, float]]
    colour: int = 0
    style: str = "solid"
    run: str = ""

    @property
    def name(self) -> str:
        """What it is called where it stands alone."""
        return f"{self.run}: {self.label}" if self.run and self.label else self.run or self.label


@dataclass
class Panel:
    """The curves of one measure."""

    title: str
    lines: list[Line] = field(default_factory=list)


def drawable(value: float) -> bool:
    """Whether there is a place for a number: it is finite, and so is what is computed of it."""
    return abs(value) < 1e300  # false for nan, too


def draw(panel: Panel) -> str:
    """A panel as a <figure> with its legend, or "" where nothing is finite."""
    seen = [p for line in panel.lines for p in line.points if drawable(p[1])]
    if not seen:
        return ""
    xs = sorted({x for line in panel.lines if line.style != "level" for x, _ in line.points})
    xs = xs or sorted({x for x, _ in seen})
    low, high = min(y for _, y in seen), max(y for _, y in seen)
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    margin = 0.05 * (high - low)
    low, high = (0.0 if 0 <= low < 2 * margin else low - margin), high + margin

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - xs[0]) / ((xs[-1] - xs[0]) or 1) if len(xs) > 1 else 0.5
        up = (y - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (
            HEIGHT - TOP - BOTTOM
        )

    parts = [_axes(xs, low, high, place)]
    for line in panel.lines:
        if line.style == "level":
            _, y = place(xs[0], line.points[0][1])
            ends = f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}"
            parts.append(f'<path class="curve level" d="{ends}"/>')
            continue
        parts.append(f'<path class="curve {_look(line)}" d="{_path(line, place)}"/>')
        finite = [p for p in line.points if drawable(p[1])]
        if len(finite) == 1:
            x, y = place(*finite[0])
            parts.append(f'<circle class="dot c{line.colour}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
    return _figure(panel, xs, "".join(parts))


def _figure(panel: Panel, xs: list[float], drawing: str) -> str:
    data = {
        "x": xs,
        "area": [LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM],
        "lines": [
            {"label": line.name, "y": _by_epoch(line, xs), "level": line.style == "level"}
            for line in panel.lines
        ],
    }
    return (
        f'<figure class="chart" data-curves="{escape(json.dumps(data), quote=True)}">'
        f"<figcaption>{escape(panel.title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" '
        f'aria-label="{escape(_in_words(panel), quote=True)}">{drawing}</svg>'
        f'<ul class="legend">{_legend(panel)}</ul><output class="reading"></output></figure>'
    )


def _legend(panel: Panel) -> str:
    """A key for each line; where there are several runs, for each colour, then for each dash."""
    if not any(line.run for line in panel.lines):
        keys = {line.label: _look(line) for line in panel.lines}
    else:
        keys = {line.run: f"c{line.colour} solid" for line in panel.lines if line.run}
        for line in panel.lines:
            if line.label:
                look = "level" if line.style == "level" else f"any {line.style}"
                keys.setdefault(line.label, look)
    return "".join(
        f'<li><svg width="30" height="8" aria-hidden="true"><path class="curve {look}" '
        f'd="M1 4H29"/></svg>{escape(label)}</li>'
        for label, look in keys.items()
    )


def _look(line: Line) -> str:
    return "level" if line.style == "level" else f"c{line.colour} {line.style}"


def _in_words(panel: Panel) -> str:
    """What the curves show, for those who do not see them."""
    words = []
    for line in panel.lines:
        finite = [y for _, y in line.points if drawable(y)]
        if not finite:
            continue
        if line.style == "level" or len(finite) == 1:
            words.append(f"{line.name} {finite[0]:.4g}")
        else:
            words.append(f"{line.name} from {finite[0]:.4g} to {finite[-1]:.4g}")
    return f"{panel.title}: {'; '.join(words)}. Arrow keys read the values of an epoch."


def _by_epoch(line: Line, xs: list[float]) -> list[float | None]:
    if line.style == "level":
        return [line.points[0][1]] * len(xs)
    known = {x: y for x, y in line.points if drawable(y)}
    return [known.get(x) for x in xs]


def _path(line: Line, place) -> str:
    made, broken = [], True
    for x, y in line.points:
        if not drawable(y):
            broken = True
            continue
        across, down = place(x, y)
        made.append(f"{'M' if broken else 'L'}{across:.1f} {down:.1f}")
        broken = False
    return "".join(made)


def _axes(xs: list[float], low: float, high: float, place) -> str:
    made = []
    for y in ticks(low, high, 5):
        _, down = place(xs[0], y)
        made.append(f'<path class="grid" d="M{LEFT} {down:.1f}H{WIDTH - RIGHT}"/>')
        made.append(f'<text class="tick" x="{LEFT - 6}" y="{down + 4:.1f}">{y:.4g}</text>')
    for x in [x for x in ticks(xs[0], xs[-1], 6) if x == int(x)] or [xs[0]]:
        across, _ = place(x, low)
        down = HEIGHT - BOTTOM + 16
        made.append(f'<text class="tick epoch" x="{across:.1f}" y="{down}">{x:.0f}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    made.append(f'<text class="tick epoch" x="{middle}" y="{HEIGHT - 3}">epoch</text>')
    return "".join(made)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers between two bounds, about ``count`` of them.

    >>> ticks(0.0, 1.0, 5)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]
