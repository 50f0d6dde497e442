"""One picture of a result: the photograph, mask and joints on it, and the pose from two sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from minipose.plots.overlay import (
    INK,
    PALE,
    Drawing,
    draw_joints,
    draw_laid_on,
    pose_view,
    tinted,
    wrapped,
    written,
)
from minipose.predict.person import Result

HEIGHT, WIDEST = 600, 800  # px, of the photograph in a sheet
LOWEST = 360  # px, of a sheet with a pose: its two views are half as high
MARGIN, HEAD, LINE, TEXT = 14, 26, 19, 14  # px: around all, of headings, of lines, of letters
VIEWS = ((0.0, "3D, as the camera sees it"), (90.0, "3D, from the picture's left"))


def annotated(result: Result, size: tuple[int, int]) -> np.ndarray:
    """The photograph in that size (H, W) with mask, joints and the pose laid on it."""
    height, width = size
    image = Image.fromarray(result.image).resize((width, height), Image.Resampling.LANCZOS)
    if not result.person:
        return np.asarray(image)
    mask = Image.fromarray(result.mask).resize((width, height), Image.Resampling.BILINEAR)
    drawing = Drawing(tinted(np.asarray(image), np.asarray(mask)))
    factor = np.array([width / result.image.shape[1], height / result.image.shape[0]])
    line = float(np.clip(max(height, width) / 200, 1.5, 4))
    if result.keypoints is not None:
        places = (result.keypoints[:, :2] + 0.5) * factor - 0.5
        draw_joints(drawing, places, result.present, line)
    if result.fit is not None:
        draw_laid_on(drawing, (result.fit.places + 0.5) * factor - 0.5, 0.45 * line)
    return drawing.pixels()


def sheet(result: Result, notes: Sequence[str] = (), original: bool = True) -> np.ndarray:
    """Photograph, annotated photograph and two views of the pose in a row, with what it says.

    Parameters
    ----------
    notes : lines below, such as what the networks were trained on
    original : the photograph itself, too

    Returns
    -------
    uint8 (H, W, 3)
    """
    height, width = _fitting(result.image.shape[:2], result.joints_3d is not None)
    panels = [
        (
            "mask and joints" + (", 3D pose in white" if result.fit else ""),
            annotated(result, (height, width)),
        )
    ]
    if original:
        plain = Image.fromarray(result.image).resize((width, height), Image.Resampling.LANCZOS)
        panels.insert(0, ("picture", np.asarray(plain)))
    if result.joints_3d is not None:
        side = (max(height, LOWEST) - HEAD) // 2
        views = [(name, pose_view(result.joints_3d, side, degrees)) for degrees, name in VIEWS]
    else:
        views = []
    return _page(panels, views, [*summary(result), *notes])


def summary(result: Result) -> list[str]:
    """What was found, in a line or two."""
    if not result.person:
        return ["Nobody found."]
    lines = []
    if result.present is not None:
        found = int(result.present.sum())
        lines.append(f"{found} of {len(result.present)} joints are in the picture.")
    if result.fit is not None:
        where = "its joints" if result.fit.on == "joints" else "the mask's box"
        lines.append(
            f"3D pose: laid on {where}, agreement {result.fit.confidence:.2f} (1 is best)."
        )
    return [" ".join(lines)] if lines else []


def _fitting(size: tuple[int, int], posed: bool) -> tuple[int, int]:
    """Height and width of the photograph in a sheet."""
    factor = min(HEIGHT / size[0], WIDEST / size[1])
    return max(1, round(factor * size[0])), max(1, round(factor * size[1]))


def _page(
    panels: Sequence[tuple[str, np.ndarray]],
    views: Sequence[tuple[str, np.ndarray]],
    lines: Sequence[str],
) -> np.ndarray:
    """Panels beside each other with a heading each, views one below the other, lines below all."""
    row = max(
        [p.shape[0] for _, p in panels] + ([2 * views[0][1].shape[0] + HEAD] if views else [])
    )
    width = MARGIN + sum(p.shape[1] + MARGIN for _, p in panels)
    width += views[0][1].shape[1] + MARGIN if views else 0
    text = [part for line in lines for part in wrapped(line, TEXT, width - 2 * MARGIN)]
    height = HEAD + row + MARGIN + LINE * len(text) + (MARGIN if text else 0)
    page = np.full((height, width, 3), 255, np.uint8)
    words, x = [], MARGIN
    for name, panel in panels:
        page[HEAD : HEAD + panel.shape[0], x : x + panel.shape[1]] = panel
        words.append(((x, 6), name, TEXT, INK))
        x += panel.shape[1] + MARGIN
    for n, (name, view) in enumerate(views):
        y = HEAD + n * (view.shape[0] + HEAD)
        page[y : y + view.shape[0], x : x + view.shape[1]] = view
        words.append(((x, y - HEAD + 6), name, TEXT, INK))
    y = HEAD + row + MARGIN
    words += [
        ((MARGIN, y + n * LINE), part, TEXT, PALE if n else INK) for n, part in enumerate(text)
    ]
    return written(page, words)
