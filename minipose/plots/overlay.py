"""Mask, skeleton and pose drawn on a photograph, fast enough for every frame of a video.

Drawn with Pillow at twice the size and reduced, which smooths all lines; the house's other plots
take 50 times as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from minipose.skeletons import BODY_25, BODY_25_LIMBS, H36M_17, H36M_17_EDGES

SMOOTH = 2  # the drawing is this many times as large before it is reduced
LEFT, MIDDLE, RIGHT = "#2a9d8f", "#edae49", "#e76f51"
INK, PALE, PAPER, WARNING = "#30343b", "#8a8f98", "#ffffff", "#b3261e"
TINT, RIM = (209, 73, 91), (255, 150, 165)  # of the mask, and the line round it
REACH = 1000.0  # mm, from the middle of a view to its edge
TILT = np.deg2rad(10)  # the views look down by this much


def side_colour(joint: str) -> str:
    """Left green, right orange, the middle of the body yellow."""
    return {"left": LEFT, "right": RIGHT}.get(joint.split(" ")[0], MIDDLE)


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The typeface of all labels."""
    return ImageFont.load_default(size)


def tinted(image: Image.Image, mask: Image.Image) -> Image.Image:
    """The picture, darker where nobody is, reddish where the mask (grey, 0-255) is bright.

    A line goes round the mask, cut at one half: on red clothes, too, one sees where it ends.
    """
    inside = Image.blend(image, Image.new("RGB", image.size, TINT), 0.28)
    both = Image.composite(inside, image.point(lambda value: int(0.6 * value)), mask)
    cut = mask.point(lambda value: 255 * (value > 127))
    rim = ImageChops.subtract(cut.filter(ImageFilter.MaxFilter(3)), cut)
    both.paste(RIM, mask=rim)
    return both


class Drawing:
    """A picture that lines are drawn on; ``pixels`` gives it back, uint8 (H, W, 3)."""

    def __init__(self, image: Image.Image) -> None:
        large = tuple(SMOOTH * side for side in image.size)
        self.canvas = image.resize(large, Image.Resampling.NEAREST)
        self.draw = ImageDraw.Draw(self.canvas)

    def line(self, a: np.ndarray, b: np.ndarray, colour: str, width: float) -> None:
        """From pixel a to pixel b (x, y), with round ends."""
        a, b = self._at(a), self._at(b)
        w = max(1, round(width * SMOOTH))
        self.draw.line([*a, *b], fill=colour, width=w)
        for end in (a, b):
            self._disc(end, w / 2, colour)

    def dot(self, place: np.ndarray, radius: float, colour: str, rim: str = PAPER) -> None:
        """A disc with a rim."""
        at = self._at(place)
        self._disc(at, (radius + 0.8) * SMOOTH, rim)
        self._disc(at, radius * SMOOTH, colour)

    def pixels(self) -> np.ndarray:
        """uint8 (H, W, 3)"""
        return np.asarray(self.canvas.reduce(SMOOTH))

    def _at(self, place: np.ndarray) -> tuple[float, float]:
        """Pixel centres are whole numbers outside, and halves for Pillow's lines."""
        limit = 1e6  # what lies far outside may stay there
        x, y = np.clip((np.asarray(place, float) + 0.5) * SMOOTH, -limit, limit)
        return float(x), float(y)

    def _disc(self, at: tuple[float, float], radius: float, colour: str) -> None:
        x, y = at
        self.draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def draw_joints(
    drawing: Drawing, places: np.ndarray, present: np.ndarray, width: float = 3.0
) -> None:
    """BODY_25's joints (25, 2) px that are present, bool (25,), and the limbs between them."""
    for a, b in BODY_25_LIMBS:
        if present[a] and present[b]:
            drawing.line(places[a], places[b], side_colour(BODY_25[b]), width)
    for joint in np.flatnonzero(present):
        drawing.dot(places[joint], 0.75 * width, side_colour(BODY_25[joint]))


def draw_laid_on(drawing: Drawing, places: np.ndarray, width: float = 2.0) -> None:
    """The pose in space laid on the picture (17, 2) px: white on dark lines."""
    for colour, extra in ((INK, 1.6), (PAPER, 0.0)):
        for a, b in H36M_17_EDGES:
            drawing.line(places[a], places[b], colour, width + extra)


def pose_view(joints: np.ndarray, side: int, degrees: float) -> np.ndarray:
    """A pose in space, seen from the camera, or from further round to its left.

    Parameters
    ----------
    joints : (17, 3), mm, camera frame (x right, y down, z away), pelvis at 0
    side : px, of the square
    degrees : by which the camera has gone round the person: 90 shows the person from the left of
        the picture

    Returns
    -------
    uint8 (side, side, 3)
    """
    drawing = Drawing(Image.new("RGB", (side, side), "#fafafa"))
    low, high = joints[:, 1].min(), joints[:, 1].max()
    middle = np.array([0.0, (low + high) / 2, 0.0])
    reach = max(REACH, 0.62 * (high - low))
    scale = side / 2 / reach

    def project(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y, z = np.moveaxis(points - middle, -1, 0)
        angle = np.deg2rad(degrees)
        across, away = np.cos(angle) * x - np.sin(angle) * z, np.sin(angle) * x + np.cos(angle) * z
        down = np.cos(TILT) * y - np.sin(TILT) * away
        flat = np.stack([across, down], axis=-1) * scale + side / 2
        return flat, away

    steps = np.linspace(-750, 750, 7)
    for step in steps:
        for ends in (
            [(step, high, -750), (step, high, 750)],
            [(-750, high, step), (750, high, step)],
        ):
            a, b = project(np.array(ends, float))[0]
            drawing.line(a, b, "#dfe2e6", 0.8)
    flat, away = project(joints)
    thick = max(2.0, side / 75)
    edges = sorted(H36M_17_EDGES, key=lambda edge: -away[list(edge)].sum())  # far ones first
    for a, b in edges:
        drawing.line(flat[a], flat[b], INK, thick + 1.2)
        drawing.line(flat[a], flat[b], side_colour(H36M_17[b]), thick)
    return drawing.pixels()


def written(
    image: np.ndarray, words: Iterable[tuple[tuple[float, float], str, int, str]]
) -> np.ndarray:
    """The picture with words on it: ((x, y), text, size, colour)."""
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    for place, text, size, colour in words:
        draw.text(place, text, fill=colour, font=font(size))
    return np.asarray(canvas)


def width_of(text: str, size: int) -> float:
    """How wide a text is, px."""
    return font(size).getlength(text)


def wrapped(text: str, size: int, width: float) -> list[str]:
    """The text in lines of at most that width, px."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
