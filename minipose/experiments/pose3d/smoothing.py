"""What temporal filters do to the errors of poses that were found frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.experiments.job import Split
from minipose.experiments.pose3d.filters import FILTERS
from minipose.experiments.pose3d.motion import Steps, motion, steps_of
from minipose.experiments.pose3d.outputs import predict
from minipose.metrics import joint_errors, mpjpe
from minipose.models import PoseNet


def smoothed(name: str, poses: np.ndarray, steps: Steps) -> np.ndarray:
    """The poses (N, 17, 3) of several sequences after a filter, which sees each by itself."""
    out = np.array(poses, dtype=np.float64)
    for piece in np.split(np.arange(len(poses)), steps.starts[1:]):
        out[piece] = FILTERS[name](out[piece], steps.seconds)
    return out


def smooth_predictions(
    name: str, found: dict[str, np.ndarray], store: H36MStore, frames: np.ndarray
) -> dict[str, np.ndarray]:
    """What ``measure.predictions`` found in these frames, after a filter."""
    poses = smoothed(name, found["joints_3d"], steps_of(store, frames)).astype(np.float32)
    errors = joint_errors(poses, store.read("joints_3d", frames)).mean(axis=1)
    return {**found, "joints_3d": poses, "error_mm": errors}


def held(count: int, starts: np.ndarray, hold: int) -> np.ndarray:
    """For each of the frames the one whose picture it has, if one stands for ``hold`` frames.

    It is the middle one of each run; the last run of a sequence may be shorter.
    """
    shown = np.arange(count)
    for piece in np.split(shown.copy(), starts[1:]):
        for begin in range(0, len(piece), hold):
            run = piece[begin : begin + hold]
            shown[run] = run[(len(run) - 1) // 2]
    return shown


def effect(
    net: PoseNet, store: H36MStore, split: Split, names: tuple[str, ...], hold: int = 1
) -> dict[str, Any]:
    """What filters do to the errors of each part that was not trained on.

    Parameters
    ----------
    names : of filters
    hold : if above 1, also as if one picture stood for so many frames, as it does in the files of
        report 1's author

    Returns
    -------
    ``{part: {pictures: {filter: numbers}}}``, pictures "as they are" or "one for 12 frames"
    """
    result: dict[str, Any] = {}
    for part, frames in split.items():
        if part == "train":
            continue
        steps = steps_of(store, frames)
        found = predict(net, store, frames).reshape(-1, 17, 3)
        target = store.read("joints_3d", frames)
        shown = {"as they are": np.arange(len(frames))}
        if hold > 1:
            shown[f"one for {hold} frames"] = held(len(frames), steps.starts, hold)
        for pictures, rows in shown.items():
            poses = {"none": found[rows]}
            poses |= {name: smoothed(name, found[rows], steps) for name in names}
            if hold > 1:
                poses["perfect network"] = target[rows]
            result.setdefault(part, {})[pictures] = {
                name: {"mpjpe_mm": mpjpe(each, target), **motion(each, target, steps)}
                for name, each in poses.items()
            }
    return result


def effect_table(result: dict[str, Any]) -> list[str]:
    """The same as lines of Markdown."""
    lines = [
        "| part | pictures | filter | MPJPE, mm | acceleration error, mm/frame² | equal to the "
        "pose before |",
        "|---|---|---|---|---|---|",
    ]
    for part, pictures in result.items():
        for shown, filters in pictures.items():
            for name, r in filters.items():
                error = r["acceleration_error_mm"]
                lines.append(
                    f"| {part} | {shown} | {name} | {r['mpjpe_mm']:.2f} | "
                    f"{'–' if error is None else f'{error:.2f}'} | {r['equal_poses']:.1%} |"
                )
    return lines
