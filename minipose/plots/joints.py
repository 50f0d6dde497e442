"""The 32 joints that Human3.6M has, with the 17 that report 1 uses (its eq. 1 and figure 1e)."""

from __future__ import annotations

import os
from pathlib import Path

from minipose.plots import canvas
from minipose.skeletons import (
    H36M_17,
    H36M_17_OF_32,
    H36M_17_SIDES,
    H36M_32,
    H36M_32_PARENTS,
)

# Somebody who stands and faces us, mm from the hips: to our right, up. Hands and feet are drawn
# larger than they are; several joints of the neck and of the wrists lie in one place.
STANDING = (
    (0, 0), (-133, 0), (-195, -439), (-238, -889), (-330, -960), (-420, -985),
    (133, 0), (195, -439), (238, -889), (330, -960), (420, -985),
    (0, 0), (0, 234), (0, 491), (0, 596), (0, 711),
    (0, 491), (149, 466), (309, 238), (453, 33), (453, 33), (420, -60), (540, -40), (585, -120),
    (0, 491), (-149, 466), (-309, 238), (-453, 33), (-453, 33), (-420, -60), (-540, -40),
    (-585, -120),
)  # fmt: skip
CROWDED = {(0, 0): ("center", 0, -13), (0, 491): ("left", 9, 11)}  # where words have other places


def joints_of_32(path: str | os.PathLike) -> Path:
    """Draw all 32 joints with their numbers, counted from 1, and name the 17 that are used."""
    plot = canvas.new_plot(7.4, 5.6)
    axes = plot.add_subplot()
    for joint, parent in enumerate(H36M_32_PARENTS):
        if parent >= 0:
            axes.plot(*zip(STANDING[parent], STANDING[joint], strict=True), color="#c9ccd1", lw=2)
    used = dict(zip(H36M_17_OF_32, zip(H36M_17, H36M_17_SIDES, strict=True), strict=True))
    numbers: dict[tuple[int, int], list[int]] = {}
    for joint, place in enumerate(STANDING):
        numbers.setdefault(place, []).append(joint + 1)
        if joint not in used:
            axes.plot(*place, "o", color="white", markeredgecolor=canvas.GREY, markersize=6)
    for joint, (_, side) in used.items():
        axes.plot(*STANDING[joint], "o", color=canvas.SIDE_COLOURS[side], markersize=8, zorder=3)
    for place, here in numbers.items():
        names = [used[n - 1][0] for n in here if n - 1 in used]
        words = ", ".join(map(str, here)) + (f" {names[0]}" if names else "")
        across = "right" if place[0] < 0 else "left"
        shift, up = (-9 if place[0] < 0 else 9), 0
        if place in CROWDED:
            across, shift, up = CROWDED[place]
        axes.annotate(
            words, place, (shift, up), textcoords="offset points",
            ha=across, va="center", fontsize=7.5,
            color="#30343b" if names else canvas.GREY, weight="bold" if names else "normal",
        )  # fmt: skip
    axes.set_title(f"{len(used)} of {len(H36M_32)} joints, numbered from 1 as in eq. 1", loc="left")
    axes.set_aspect("equal")
    axes.margins(0.22, 0.05)
    axes.set_axis_off()
    return canvas.save(plot, path)
