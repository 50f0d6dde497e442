"""The contact sheet: every picture with what was found in it, to be checked by eye."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from data_tools.label.labeller import Found
from data_tools.people.folders import CONTACT_SHEET
from minipose.plots import canvas
from minipose.plots.people import on_mask, side_colour
from minipose.skeletons import BODY_25_LIMBS

COLUMNS, ROWS = 6, 4
SIDE = 340  # px of a picture's longer side on the sheet
MARGIN, LINE, WIDE = 10, 18, 44  # px around a picture and of a line of text; letters that fit
DOT = 3  # px, radius of a joint


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
    waiting: list[tuple[Image.Image, list[str], str]] = field(default_factory=list)

    def add(self, name: str, image: np.ndarray, people: list[Found], words: str) -> None:
        """A picture; nobody is in ``people`` where it was dropped, and ``words`` say why."""
        factor = min(1.0, SIDE / max(image.shape[:2]))
        size = [max(1, round(factor * n)) for n in image.shape[1::-1]]
        small = Image.fromarray(image).resize(size, Image.Resampling.BOX)
        if people:
            mask = Image.fromarray(people[0].mask.astype(np.uint8)).resize(size)
            small = Image.fromarray(on_mask(np.asarray(small), np.asarray(mask)))
        for person in people:
            _draw_joints(small, person.joints, factor)
        shown = name if len(name) <= WIDE else "…" + name[1 - WIDE :]
        lines = [shown, *textwrap.wrap(words, WIDE)[:2]]
        self.waiting.append((small, lines, "black" if people else canvas.PREDICTION))
        if len(self.waiting) == COLUMNS * ROWS:
            self.finish()

    def finish(self) -> None:
        """Draw what waits."""
        if not self.waiting:
            return
        columns = min(COLUMNS, len(self.waiting))
        wide = SIDE + MARGIN
        heading = textwrap.wrap(self.heading, WIDE * columns)
        top = MARGIN + LINE * len(heading)
        rows = [self.waiting[i : i + columns] for i in range(0, len(self.waiting), columns)]
        heights = [max(p.height + LINE * len(t) for p, t, _ in row) + 2 * MARGIN for row in rows]
        page = Image.new("RGB", (columns * wide + MARGIN, top + sum(heights)), "white")
        pen = ImageDraw.Draw(page)
        pen.text((MARGIN, MARGIN), "\n".join(heading), "black", _font())
        for row, height in zip(rows, heights, strict=True):
            for column, (picture, lines, colour) in enumerate(row):
                x, y = MARGIN + column * wide, top + MARGIN
                pen.multiline_text((x, y), "\n".join(lines), colour, _font())
                page.paste(picture, (x, y + LINE * len(lines)))
            top += height
        self.pages += 1
        page.save(self.folder / f"{CONTACT_SHEET}{self.pages}.png")
        self.waiting = []


def _draw_joints(picture: Image.Image, joints: np.ndarray, factor: float) -> None:
    """BODY_25's joints and limbs on a picture that was multiplied by ``factor``."""
    pen = ImageDraw.Draw(picture)
    places = [tuple(map(float, (joint[:2] + 0.5) * factor - 0.5)) for joint in joints]
    for a, b in BODY_25_LIMBS:
        if joints[a, 2] > 0 and joints[b, 2] > 0:
            pen.line([places[a], places[b]], side_colour(b), 2)
    for number in np.flatnonzero(joints[:, 2] > 0):
        x, y = places[number]
        box = (x - DOT, y - DOT, x + DOT, y + DOT)
        pen.ellipse(box, side_colour(int(number)), "white")


@cache
def _font() -> ImageFont.FreeTypeFont:
    """The font that Matplotlib brings along; it has most alphabets' letters."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", 13)
