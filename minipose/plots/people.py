"""Masks, joints and skeletons of single people (report 2, figures 6, 9-12, 14, 16, 18-20)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minipose.plots import canvas
from minipose.skeletons import BODY_25, BODY_25_LIMBS

Column = tuple[str, Sequence[np.ndarray | None]]  # heading, a picture per row


def side_colour(joint: int) -> str:
    """Left green, right orange, the middle of the body yellow."""
    return canvas.SIDE_COLOURS.get(BODY_25[joint].split(" ")[0], canvas.ACCENT)


def draw_skeleton(
    axes: object, places: np.ndarray, present: np.ndarray, size: float = 9, width: float = 1.6
) -> None:
    """Draw BODY_25's joints and the limbs between neighbours that are both present.

    Parameters
    ----------
    axes : matplotlib axes with a picture in px
    places : (25, 2), px, x then y
    present : bool (25,)
    """
    for a, b in BODY_25_LIMBS:
        if present[a] and present[b]:
            shade = side_colour(b)
            axes.plot(places[[a, b], 0], places[[a, b], 1], color=shade, linewidth=width)
    shades = [side_colour(j) for j in np.flatnonzero(present)]
    axes.scatter(
        places[present, 0], places[present, 1], s=size, c=shades, edgecolor="white",
        linewidth=0.5, zorder=3,
    )  # fmt: skip


def on_mask(image: np.ndarray, mask: np.ndarray, colour: str = canvas.PREDICTION) -> np.ndarray:
    """The picture, darker where nobody is, tinted where the mask says that somebody is.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    mask : (H, W), 0-1
    """
    tint = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    weight = np.clip(mask, 0, 1)[..., None]
    inside = 0.6 * image + 0.4 * tint
    return (weight * inside + (1 - weight) * 0.55 * image).astype(np.uint8)


def class_picture(classes: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
    """A colour for each joint on black: classes (H, W) of 0-25 -> uint8 (H, W, 3).

    With ``values`` (H, W) between 0 and 1 each pixel is as bright as its value.
    """
    import matplotlib

    wheel = matplotlib.colormaps["hsv"](np.linspace(0, 1, 26)[:25])[:, :3]
    palette = np.concatenate([np.zeros((1, 3)), wheel])
    brightness = 1.0 if values is None else values[..., None]
    return (255 * brightness * palette[classes]).astype(np.uint8)


def picture_table(
    columns: Sequence[Column],
    path: str | os.PathLike,
    skeletons: dict[str, Sequence[tuple[np.ndarray, np.ndarray]]] | None = None,
    row_titles: Sequence[str] | None = None,
) -> Path:
    """Pictures in rows and columns, each column with a heading.

    Parameters
    ----------
    columns : (heading, pictures); grey (H, W) between 0 and 1, or uint8 (H, W, 3)
    skeletons : {heading: per row (places, present)}, drawn over the pictures of that column
    row_titles : what to write above the first picture of each row
    """
    rows = len(columns[0][1])
    first = columns[0][1][0]
    height = 1.75 * first.shape[0] / first.shape[1]
    plot = canvas.new_plot(1.75 * len(columns), (height + 0.25) * rows)
    for c, (heading, pictures) in enumerate(columns):
        for r, picture in enumerate(pictures):
            axes = plot.add_subplot(rows, len(columns), r * len(columns) + c + 1)
            show_picture(axes, picture)
            if skeletons and heading in skeletons:
                draw_skeleton(axes, *skeletons[heading][r])
            title = heading if r == 0 else ""
            if c == 0 and row_titles is not None:
                title = f"{title}\n{row_titles[r]}".strip()
            axes.set_title(title, fontsize=8, loc="left")
    return canvas.save(plot, path)


def show_picture(axes: object, picture: np.ndarray) -> None:
    """A picture whose pixels have their centres at whole numbers, without a frame around it."""
    if picture.ndim == 2:
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1)
    else:
        axes.imshow(picture)
    axes.set_xlim(-0.5, picture.shape[1] - 0.5)
    axes.set_ylim(picture.shape[0] - 0.5, -0.5)
    axes.set_axis_off()


def channel_grid(image: np.ndarray, probabilities: np.ndarray, path: str | os.PathLike) -> Path:
    """The picture and the softmax output of each of the 26 channels (report 2, figure 19).

    Parameters
    ----------
    image : uint8 (H, W, 3)
    probabilities : (26, H, W): background, then the joints of BODY_25
    """
    columns, rows = 9, 3
    height = 1.2 * image.shape[0] / image.shape[1]
    plot = canvas.new_plot(1.2 * columns, (height + 0.25) * rows)
    for k in range(columns * rows):
        axes = plot.add_subplot(rows, columns, k + 1)
        show_picture(axes, image if k == 0 else probabilities[k - 1])
        title = "picture" if k == 0 else "background" if k == 1 else BODY_25[k - 2]
        if k > 1:
            title += f" {probabilities[k - 1].max():.2f}"
        axes.set_title(title, fontsize=6.5, loc="left")
    return canvas.save(plot, path)


def heatmap_pair(
    image: np.ndarray, heatmap: np.ndarray, classes: np.ndarray, path: str | os.PathLike
) -> Path:
    """A picture, its heatmap and its joint classes: the targets (report 2, figures 9 and 12)."""
    top = max(float(heatmap.max()), 1e-6)
    columns: list[Column] = [
        ("picture", [image]),
        ("heatmap", [heatmap / top]),
        ("nearest joint", [class_picture(classes)]),
    ]
    return picture_table(columns, path)
