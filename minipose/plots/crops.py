"""What the network sees: crops, joints on them, and the detector's windows (report 1, figure 2)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from minipose.plots import canvas
from minipose.skeletons import H36M_17, H36M_17_EDGES, H36M_17_SIDES
from minipose.targets.windows import GRID, SIDE, WINDOW, window_edges


def draw_joints(axes: object, keypoints: np.ndarray, size: float = 14) -> None:
    """Draw the 17 joints and their limbs over an image: left green, right orange.

    Parameters
    ----------
    keypoints : (17, 2), px, x then y
    """
    for a, b in H36M_17_EDGES:
        shade = canvas.SIDE_COLOURS[H36M_17_SIDES[b]]
        axes.plot(keypoints[[a, b], 0], keypoints[[a, b], 1], color=shade, linewidth=1.8)
    axes.scatter(keypoints[:, 0], keypoints[:, 1], s=size, color="white", edgecolor="#30343b",
                 linewidth=0.7, zorder=3)  # fmt: skip


def crops_with_joints(
    images: np.ndarray, keypoints: np.ndarray, titles: list[str], path: str | os.PathLike
) -> Path:
    """Crops in a row, each with its 2D joints.

    Parameters
    ----------
    images : uint8 (S, 128, 128)
    keypoints : (S, 17, 2), px
    """
    plot = canvas.new_plot(2.3 * len(images), 2.5)
    for i, (image, points) in enumerate(zip(images, keypoints, strict=True)):
        axes = _image_axes(plot, 1, len(images), i + 1, image)
        draw_joints(axes, points)
        axes.set_title(titles[i], loc="left", fontsize=8)
    return canvas.save(plot, path)


def window_schematic(
    image: np.ndarray, keypoints: np.ndarray, labels: np.ndarray, path: str | os.PathLike
) -> Path:
    """The grid of windows, four joints with their positive windows, and all joints together.

    Parameters
    ----------
    image : uint8 (128, 128)
    keypoints : (17, 2), px
    labels : (17, 100), the windows' labels, joint-major, rows of the grid first
    """
    plot = canvas.new_plot(10.2, 6.9)
    axes = _image_axes(plot, 2, 3, 1, image)
    for k in range(GRID * GRID):
        axes.add_patch(_window(k, edgecolor=canvas.ACCENT, facecolor="none", alpha=0.55))
    axes.set_title(f"{GRID} × {GRID} windows of {WINDOW} × {WINDOW} px", loc="left")
    for place, joint in enumerate((0, 10, 5, 15), start=2):
        axes = _image_axes(plot, 2, 3, place, image)
        draw_joints(axes, keypoints, size=8)
        _mark(axes, labels[joint] > 0.5)
        axes.set_title(f"joint {joint + 1}: {H36M_17[joint]}", loc="left")
    axes = _image_axes(plot, 2, 3, 6, image)
    _mark(axes, labels.max(axis=0) > 0.5)
    draw_joints(axes, keypoints, size=8)
    axes.set_title("all 17 joints", loc="left")
    return canvas.save(plot, path)


def detected_windows(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, path: str | os.PathLike
) -> Path:
    """For a few crops: the true windows of all joints above, the detector's probabilities below.

    Parameters
    ----------
    images : uint8 (S, 128, 128)
    labels, probabilities : (S, 17, 100)
    """
    plot = canvas.new_plot(2.2 * len(images), 4.7)
    for row, (name, values) in enumerate((("true", labels), ("detected", probabilities))):
        for i, image in enumerate(images):
            axes = _image_axes(plot, 2, len(images), row * len(images) + i + 1, image)
            best = values[i].max(axis=0)
            for k in range(GRID * GRID):
                axes.add_patch(_window(k, facecolor=canvas.PREDICTION, alpha=0.6 * float(best[k])))
            if i == 0:
                axes.set_title(name, loc="left")
    return canvas.save(plot, path)


def _image_axes(plot: object, rows: int, columns: int, place: int, image: np.ndarray) -> object:
    axes = plot.add_subplot(rows, columns, place)
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)  # pixel centres at whole numbers
    axes.set_xlim(-0.5, SIDE - 0.5)
    axes.set_ylim(SIDE - 0.5, -0.5)
    axes.set_axis_off()
    return axes


def _mark(axes: object, positive: np.ndarray) -> None:
    for k in np.flatnonzero(positive):
        axes.add_patch(_window(int(k), facecolor=canvas.ACCENT, edgecolor="white", alpha=0.5))


def _window(k: int, **style: object) -> object:
    from matplotlib.patches import Rectangle

    row, column = divmod(k, GRID)
    low = window_edges()
    return Rectangle((low[column], low[row]), WINDOW, WINDOW, linewidth=0.8, **style)
