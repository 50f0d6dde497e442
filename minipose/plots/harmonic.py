"""Harmonic filters, streams of a rotated picture, and how far a network is equivariant."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from minipose.kernels.circular_harmonics import ring_basis
from minipose.plots import canvas

ARROWS = 16  # across the picture
_COLOURS = (canvas.TRUTH, canvas.PREDICTION, canvas.ACCENT, canvas.GREY)


def draw_filters(path: str | os.PathLike, kernel_sizes: Sequence[int] = (3, 7)) -> Path:
    """The fixed patterns B_ν: real and imaginary part, and the complex numbers as arrows.

    An arrow's length is the magnitude, its direction the phase (anticlockwise from the right).
    """
    numbers = (-1, 0, 1)
    plot = canvas.new_plot(2.1 * 3 * len(kernel_sizes), 2.2 * len(numbers))
    for k, size in enumerate(kernel_sizes):
        for row, number in enumerate(numbers):
            basis = ring_basis(size, number)[-1]  # the outermost ring
            limit = float(np.abs(basis).max())
            for column, (title, part) in enumerate((("Re", basis.real), ("Im", basis.imag))):
                place = row * 3 * len(kernel_sizes) + 3 * k + column + 1
                axes = plot.add_subplot(len(numbers), 3 * len(kernel_sizes), place)
                axes.imshow(part, cmap="RdBu_r", vmin=-limit, vmax=limit)
                _bare(axes, f"{title} B$_{{{number}}}$, {size}×{size}")
            axes = plot.add_subplot(len(numbers), 3 * len(kernel_sizes), place + 1)
            _arrows(axes, basis, 1)
            axes.set(xlim=(-0.7, size - 0.3), ylim=(size - 0.3, -0.7), aspect="equal")
            _bare(axes, "as arrows")
    return canvas.save(plot, path)


def draw_rotated_streams(
    columns: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray]], path: str | os.PathLike
) -> Path:
    """One picture at several angles, and below each a channel of order 0 and one of order 1.

    Parameters
    ----------
    columns : (title, picture (H, W, 3) in [0, 1], order 0 (H, W), order 1 (H, W)), both complex
    path : where the PNG goes
    """
    plot = canvas.new_plot(2.4 * len(columns), 7.2)
    largest = [max(float(np.abs(column[k]).max()) for column in columns) for k in (2, 3)]
    rows = ("picture", "order 0: magnitude", "order 1: arrows")
    for i, (title, picture, zero, one) in enumerate(columns):
        for row, label in enumerate(rows):
            axes = plot.add_subplot(3, len(columns), row * len(columns) + i + 1)
            if row == 0:
                axes.imshow(np.clip(picture, 0, 1))
            elif row == 1:
                axes.imshow(np.abs(zero), cmap="magma", vmin=0, vmax=largest[0])
            else:
                axes.imshow(np.abs(one), cmap="Greys", vmin=0, vmax=1.5 * largest[1])
                _arrows(axes, one, max(1, one.shape[1] // ARROWS))
            _bare(axes, title if row == 0 else "")
            if i == 0:
                axes.set_ylabel(label)
    return canvas.save(plot, path)


def draw_equivariance(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
    path: str | os.PathLike,
) -> Path:
    """Error against the angle, in a logarithmic scale: a panel per entry, a line per series.

    Parameters
    ----------
    panels : {title: {label: (angles in degrees, relative errors)}}
    """
    plot = canvas.new_plot(5.4 * len(panels), 3.4)
    for i, (title, series) in enumerate(panels.items()):
        axes = plot.add_subplot(1, len(panels), i + 1)
        for (label, (angles, errors)), colour in zip(series.items(), _COLOURS, strict=False):
            shown = np.maximum(errors, 1e-16)
            axes.semilogy(angles, shown, label=label, color=colour, linewidth=1.8, marker=".")
        axes.set_title(title, loc="left")
        axes.set_xlabel("angle, degrees")
        axes.set_ylabel("relative error")
        axes.set_xticks(range(0, 181, 45))
        axes.set_ylim(top=10)
        axes.legend(loc="center left", bbox_to_anchor=(0.13, 0.3))
    return canvas.save(plot, path)


def draw_dice_by_angle(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]], path: str | os.PathLike
) -> Path:
    """Dice against the angle, a line per network.

    Parameters
    ----------
    series : {label: (angles in degrees, dice)}
    """
    plot = canvas.new_plot(6.4, 3.4)
    axes = plot.add_subplot(1, 1, 1)
    for (label, (angles, dice)), colour in zip(series.items(), _COLOURS, strict=False):
        axes.plot(angles, dice, label=label, color=colour, linewidth=1.8, marker=".")
    axes.set_title("dice of rotated pictures", loc="left")
    axes.set_xlabel("angle, degrees")
    axes.set_xticks(range(0, 181, 45))
    axes.set_ylim(0, 1)
    plot.legend(loc="outside lower center", ncols=2)  # no line passes there
    return canvas.save(plot, path)


def _arrows(axes: object, values: np.ndarray, step: int) -> None:
    """Complex numbers as arrows, one for each ``step`` × ``step`` block (its mean)."""
    h, w = (n // step * step for n in values.shape)
    blocks = values[:h, :w].reshape(h // step, step, w // step, step).mean(axis=(1, 3))
    rows, across = (np.arange(n) * step + (step - 1) / 2 for n in blocks.shape)
    long = float(np.quantile(np.abs(blocks), 0.97)) or 1.0  # as long as blocks are wide
    blocks = blocks * np.minimum(1, 1.5 * long / np.maximum(np.abs(blocks), 1e-12)) / long
    axes.quiver(
        across, rows, blocks.real, blocks.imag, angles="uv", scale_units="width",
        scale=1.1 * blocks.shape[1], pivot="mid", color=canvas.PREDICTION, width=0.008,
        minlength=0.5,
    )  # fmt: skip


def _bare(axes: object, title: str) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
