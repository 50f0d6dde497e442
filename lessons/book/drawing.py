"""Boxes, numbers and arrows as SVG, in the colours of the page that they stand in."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import numpy as np

# The book's own colours, and what stands for them where there is no book around.
INK = "var(--color-foreground-primary, #1c2126)"
SOFT = "var(--color-foreground-muted, #6b7280)"
ONE, TWO, THREE, VIOLET = "#2f8fb3", "#d1495b", "#c98a1b", "#5b5fc7"
CELL = 34  # side of a number's box


@dataclass
class Drawing:
    """An SVG in the making, of ``width`` × ``height`` units."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 13,
        colour: str = INK,
        anchor: str = "middle",
        bold: bool = False,
    ) -> None:
        """Words whose middle is at that place."""
        weight = ' font-weight="700"' if bold else ""
        self.parts.append(
            f'<text x="{x:g}" y="{y + 0.35 * size:g}" font-size="{size:g}" fill="{colour}" '
            f'text-anchor="{anchor}"{weight}>{escape(words)}</text>'
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        words: str = "",
        fill: str = "",
        size: float = 13,
    ) -> None:
        """A box with its upper left corner there; ``fill`` tints it."""
        tint = f'fill="{fill}" fill-opacity="0.28"' if fill else 'fill="none"'
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3" {tint} '
            f'stroke="{fill or SOFT}" stroke-width="1"/>'
        )
        lines = words.split("\n") if words else []
        for n, line in enumerate(lines):
            down = (n - (len(lines) - 1) / 2) * 1.25 * size
            self.text(x + width / 2, y + height / 2 + down, line, size)

    def numbers(self, x: float, y: float, values: np.ndarray, fills: dict | None = None) -> None:
        """A table of numbers; ``fills`` gives colours to some, {(row, column): colour}."""
        for (row, column), value in np.ndenumerate(values):
            fill = (fills or {}).get((row, column), "")
            place = x + column * CELL, y + row * CELL
            self.box(*place, CELL - 3, CELL - 3, f"{value:g}".replace("-", "−"), fill)

    def frame(self, x: float, y: float, rows: int, columns: int, colour: str = TWO) -> None:
        """A thick border around some cells of a table that begins there."""
        self.parts.append(
            f'<rect x="{x - 2.5:g}" y="{y - 2.5:g}" width="{columns * CELL + 2:g}" '
            f'height="{rows * CELL + 2:g}" rx="5" fill="none" stroke="{colour}" '
            'stroke-width="2.5"/>'
        )

    def arrow(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: str = SOFT,
        bend: float = 0.0,
        dashed: bool = False,
    ) -> None:
        """An arrow; ``bend`` is how far its middle lies to its left, as part of its length."""
        (x0, y0), (x1, y1) = start, end
        middle = (x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        way = np.array([x1 - middle[0], y1 - middle[1]]) if bend else np.array([x1 - x0, y1 - y0])
        along = way / max(float(np.hypot(*way)), 1e-9)
        across = np.array([-along[1], along[0]])
        tip = np.array([x1, y1])
        left, right = tip - 8 * along + 4 * across, tip - 8 * along - 4 * across
        foot = tip - 6 * along
        self.parts.append(
            f'<path d="M{x0:g} {y0:g}Q{middle[0]:g} {middle[1]:g} {foot[0]:.1f} {foot[1]:.1f}" '
            f'fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>'
            f'<path d="M{x1:g} {y1:g}L{left[0]:.1f} {left[1]:.1f}L{right[0]:.1f} {right[1]:.1f}Z" '
            f'fill="{colour}"/>'
        )

    def svg(self, alt: str) -> str:
        """The whole picture in one line, with what it shows in words."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" role="img" aria-label="{escape(alt, quote=True)}" '
            f'font-family="DejaVu Sans, Verdana, sans-serif">{"".join(self.parts)}</svg>'
        )
