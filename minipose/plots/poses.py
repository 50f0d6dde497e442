"""Poses in space: predicted beside true (report 1, figure 6), and a take as an animation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minipose.metrics import joint_errors
from minipose.plots import canvas
from minipose.skeletons import H36M_17_EDGES, H36M_17_SIDES
from minipose.storage import atomic


def draw_pose(
    axes: object, joints: np.ndarray, colour: str | None = None, alpha: float = 1
) -> None:
    """Draw one skeleton into 3D axes: left limbs green, right limbs orange, or all one colour.

    Parameters
    ----------
    axes : matplotlib 3D axes
    joints : array (17, 3), mm, camera frame (x right, y down, z away), pelvis at 0
    """
    x, depth, up = joints[:, 0], joints[:, 2], -joints[:, 1]
    for a, b in H36M_17_EDGES:
        shade = colour or canvas.SIDE_COLOURS[H36M_17_SIDES[b]]
        axes.plot(x[[a, b]], depth[[a, b]], up[[a, b]], color=shade, linewidth=2.2, alpha=alpha)
    axes.scatter(x, depth, up, s=7, color=colour or "#30343b", alpha=alpha, depthshade=False)


def prepare_axes(axes: object, reach: float = 900.0) -> None:
    """A cube of 2·reach mm around the pelvis, seen as the camera sees it, slightly from above."""
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_zlim(-reach, reach)
    axes.set_box_aspect((1, 1, 1), zoom=1.35)
    axes.view_init(elev=12, azim=-78)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_ticklabels([])
        axis.pane.set_facecolor("#f6f7f9")
        axis.pane.set_edgecolor("#dfe2e6")
    axes.grid(True)


def predictions_beside_truth(
    images: np.ndarray,
    predicted: np.ndarray,
    target: np.ndarray,
    titles: Sequence[str],
    path: str | os.PathLike,
) -> Path:
    """A row per sample: the crop, the true pose, the predicted pose, and both on each other.

    Parameters
    ----------
    images : uint8 (S, 128, 128)
    predicted, target : (S, 17, 3), mm
    titles : what each sample is, e.g. its take and its error in mm
    """
    rows = len(images)
    plot = canvas.new_plot(9.2, 2.35 * rows)
    for r in range(rows):
        axes = plot.add_subplot(rows, 4, 4 * r + 1)
        axes.imshow(images[r], cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(titles[r], loc="left", fontsize=8)
        parts = ("true", [(target[r], None)]), ("predicted", [(predicted[r], None)])
        both = [(target[r], canvas.TRUTH), (predicted[r], canvas.PREDICTION)]
        for k, (label, poses) in enumerate((*parts, ("both (predicted in red)", both)), start=2):
            axes = plot.add_subplot(rows, 4, 4 * r + k, projection="3d")
            prepare_axes(axes)
            for joints, colour in poses:
                draw_pose(axes, joints, colour)
            if r == 0:
                axes.set_title(label, fontsize=9, y=0.98)
    return canvas.save(plot, path)


def animate_take(
    images: np.ndarray,
    predicted: np.ndarray,
    target: np.ndarray,
    path: str | os.PathLike,
    frames_per_second: float,
    title: str,
) -> Path:
    """A GIF: the crop, the true pose and the predicted one, frame after frame.

    Parameters
    ----------
    images : uint8 (T, 128, 128), consecutive frames
    predicted, target : (T, 17, 3), mm; how far they are apart is that of their joints about the
        pelvis, as in the tables (eq. 9)
    frames_per_second : of the animation; a GIF's frame lasts a whole number of 1/100 s
    """
    from PIL import Image

    frames = []
    errors = joint_errors(predicted, target).mean(axis=1)
    for image, guess, truth, error in zip(images, predicted, target, errors, strict=True):
        plot = canvas.new_plot(6.6, 2.5)
        axes = plot.add_subplot(1, 3, 1)
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(title, loc="left", fontsize=8)
        for k, (label, joints) in enumerate((("true", truth), ("predicted", guess)), start=2):
            axes = plot.add_subplot(1, 3, k, projection="3d")
            prepare_axes(axes)
            draw_pose(axes, joints)
            if k == 3:
                label += f"   {error:5.1f} mm off"
            axes.set_title(label, fontsize=9, y=0.98)
        frames.append(Image.fromarray(canvas.to_pixels(plot)))
    # One palette for all frames: with a palette per frame the colours flicker.
    palette = frames[0].quantize(colors=64)
    frames = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
    path = Path(path)
    with atomic(path) as partial:
        frames[0].save(
            partial,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=max(20, round(1000 / frames_per_second / 10) * 10),
            loop=0,
        )
    return path
