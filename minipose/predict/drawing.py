"""One picture of a result: the photograph, mask and joints on it, and the pose from two sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from minipose.plots.overlay import (
    INK,
    PALE,
    WARNING,
    Drawing,
    draw_joints,
    draw_laid_on,
    pose_view,
    tinted,
    wrapped,
    written,
)
from minipose.predict.person import Result

HEIGHT, WIDEST = 600, 720  # px, of the photograph in a sheet
LOWEST = 360  # px, of a sheet with a pose: its two views are half as high
MARGIN, HEAD, LINE, TEXT = 14, 26, 19, 14  # px: around all, of headings, of lines, of letters
# From which agreement on a pose is worth how much: see docs/photographs.md.
BAD = "do not rely on it"
AGREEMENT = ((0.75, "fits"), (0.5, "fits roughly"), (0.0, f"does not fit: {BAD}"))
Panel = tuple[str, np.ndarray]  # heading, uint8 (H, W, 3)
VIEWS = ((0.0, "3D, as the camera sees it"), (90.0, "3D, from the picture's left"))


def annotated(result: Result, size: tuple[int, int]) -> np.ndarray:
    """The photograph in that size (H, W) with mask, joints and the pose laid on it."""
    height, width = size
    image = resized(result.image, size)
    if not result.person:
        return np.asarray(image)
    mask = np.where(result.silhouette, np.uint8(255), np.uint8(0))
    drawing = Drawing(tinted(image, resized(mask, size)))
    factor = np.array([width / result.image.shape[1], height / result.image.shape[0]])
    line = float(np.clip(max(height, width) / 200, 1.5, 4))
    if result.keypoints is not None:
        places = (result.keypoints[:, :2] + 0.5) * factor - 0.5
        draw_joints(drawing, places, result.present, line)
    if result.fit is not None:
        draw_laid_on(drawing, (result.fit.places + 0.5) * factor - 0.5, 0.45 * line)
    return drawing.pixels()


def sheet(result: Result, notes: Sequence[str] = ()) -> np.ndarray:
    """Photograph, annotated photograph and two views of the pose in a row, and what it says.

    Parameters
    ----------
    notes : lines below, such as what the networks were trained on

    Returns
    -------
    uint8 (H, W, 3)
    """
    size = _fitting(result.image.shape[:2], enlarge=True)
    picture = ("picture", np.asarray(resized(result.image, size)))
    panels = [picture, (_heading(result.fit is not None), annotated(result, size))]
    views = [] if result.joints_3d is None else _views(result, size[0])
    return _page(panels, views, [*summary(result), *notes])


def movie_frame(result: Result, posed: bool) -> np.ndarray:
    """The annotated frame of a video, and two views of the pose: of one size for all frames.

    Parameters
    ----------
    posed : whether there are poses in this video, also where this frame has none
    """
    size = _fitting(result.image.shape[:2], enlarge=False)
    panels = [(_heading(posed), annotated(result, size))]
    return _page(panels, _views(result, size[0]) if posed else [], summary(result), rows=2)


def _heading(posed: bool) -> str:
    return "mask and joints, 3D pose in white" if posed else "mask and joints"


def _views(result: Result, height: int) -> list[Panel]:
    """The pose from two sides; empty where there is none."""
    side = (max(height, LOWEST) - HEAD) // 2
    nothing = np.full((side, side, 3), 250, np.uint8)
    joints = result.joints_3d
    return [(n, nothing if joints is None else pose_view(joints, side, d)) for d, n in VIEWS]


def summary(result: Result) -> list[str]:
    """What was found, in a line or two."""
    if not result.person:
        return ["Nobody found."]
    lines = []
    if result.present is not None:
        found = int(result.present.sum())
        lines.append(f"{found} of {len(result.present)} joints are in the picture.")
    if result.fit is not None:
        word = next(word for least, word in AGREEMENT if result.fit.confidence >= least)
        on = "joints" if result.fit.on == "joints" else "mask"
        lines.append(f"Laid on the {on}, the 3D pose {word} ({result.fit.confidence:.2f} of 1).")
    return [" ".join(lines)] if lines else []


def resized(pixels: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """A picture or a mask in that size (H, W)."""
    image = Image.fromarray(pixels)
    if pixels.shape[:2] == tuple(size):
        return image
    return image.resize((size[1], size[0]), Image.Resampling.BICUBIC, reducing_gap=2)


def _fitting(size: tuple[int, int], enlarge: bool) -> tuple[int, int]:
    """Height and width of the photograph in a sheet; small pictures are enlarged."""
    factor = min(HEIGHT / size[0], WIDEST / size[1])
    if not enlarge:  # the frames of a video, of which there are many
        factor = min(factor, max(1.0, LOWEST / size[0]))
    return max(1, round(factor * size[0])), max(1, round(factor * size[1]))


def _page(
    panels: Sequence[Panel], views: Sequence[Panel], lines: Sequence[str], rows: int | None = None
) -> np.ndarray:
    """Panels beside each other with a heading each, views one below the other, lines below all.

    Parameters
    ----------
    rows : of text, where all pages shall have as many
    """
    columns = [[panel] for panel in panels] + ([list(views)] if views else [])
    words, places, x, bottom = [], [], MARGIN, 0
    for column in columns:
        y = 0
        for heading, pixels in column:
            words.append(((x, y + 6), heading, TEXT, INK))
            places.append((y + HEAD, x, pixels))
            y += HEAD + pixels.shape[0]
        x, bottom = x + column[0][1].shape[1] + MARGIN, max(bottom, y)
    text = [part for line in lines for part in wrapped(line, TEXT, x - 2 * MARGIN)][:rows]
    for n, part in enumerate(text):
        shade = WARNING if BAD in part else PALE if n else INK
        words.append(((MARGIN, bottom + 8 + n * LINE), part, TEXT, shade))
    height = bottom + MARGIN + LINE * (rows or len(text))
    page = np.full((height, x, 3), 255, np.uint8)
    for top, left, pixels in places:
        page[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return written(page, words)
