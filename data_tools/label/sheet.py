"""The contact sheet: every picture with what was found in it, to be checked by eye."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.label.labeller import Found
from minipose.plots import canvas
from minipose.plots.people import draw_skeleton, on_mask, show_picture

COLUMNS, ROWS = 6, 4
SIDE = 360  # px of a picture's longer side on the sheet
INCHES = 3.0  # of a picture's place


@dataclass
class Sheet:
    """Pages ``contact_sheet_1.png``, ...; a page is drawn as soon as it is full.

    Parameters
    ----------
    folder : where pages go
    heading : what the labellers are, and what joints they do not give
    """

    folder: Path
    heading: str
    pages: int = 0
    waiting: list[tuple] = field(default_factory=list)

    def add(self, name: str, image: np.ndarray, found: Found | None, words: str) -> None:
        """A picture; ``found`` is None where it was dropped, and ``words`` say why."""
        factor = min(1.0, SIDE / max(image.shape[:2]))
        size = tuple(max(1, round(factor * n)) for n in image.shape[1::-1])
        small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
        joints = None
        if found is not None:
            mask = Image.fromarray(found.mask.astype(np.uint8)).resize(size)
            small = on_mask(small, np.asarray(mask))
            joints = found.joints.copy()
            joints[:, :2] = (joints[:, :2] + 0.5) * factor - 0.5
        self.waiting.append((name, small, joints, words))
        if len(self.waiting) == COLUMNS * ROWS:
            self.finish()

    def finish(self) -> None:
        """Draw what waits."""
        if not self.waiting:
            return
        columns = min(COLUMNS, len(self.waiting))
        rows = -(-len(self.waiting) // columns)
        lines = textwrap.wrap(self.heading, 34 * columns)
        plot = canvas.new_plot(INCHES * columns, (INCHES + 0.3) * rows + 0.2 * len(lines))
        plot.suptitle("\n".join(lines), fontsize=10, ha="left", x=0.01)
        for place, (name, picture, joints, words) in enumerate(self.waiting, 1):
            axes = plot.add_subplot(rows, columns, place)
            show_picture(axes, picture)
            if joints is not None:
                draw_skeleton(axes, joints[:, :2], joints[:, 2] > 0, size=12)
            shown = name if len(name) <= 36 else "…" + name[-35:]
            colour = canvas.RIGHT if joints is None else "black"
            title = "\n".join([shown, *textwrap.wrap(words, 40)[:2]])
            axes.set_title(title, fontsize=9, loc="left", color=colour)
        self.pages += 1
        canvas.save(plot, self.folder / f"contact_sheet_{self.pages}.png")
        self.waiting = []
