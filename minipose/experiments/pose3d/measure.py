"""How good the regressor is: per split, joint, subject, action and camera, beside the mean pose."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.experiments.job import Split
from minipose.experiments.pose3d.about import lines_of
from minipose.experiments.pose3d.height import (
    height,
    height_errors,
    height_table,
    mean_height,
    people,
)
from minipose.experiments.pose3d.motion import motion, motion_table, steps_of
from minipose.experiments.pose3d.outputs import predict
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.pose3d.reported import MPJPE_MM
from minipose.experiments.pose3d.smoothing import effect_table
from minipose.metrics import joint_errors, mpjpe, pa_mpjpe, repeats
from minipose.models import PoseNet
from minipose.skeletons import H36M_17
from minipose.training.communicator import ALONE, Communicator

TABLES = ("subject", "action", "camera")
PIECE = 1024  # frames in memory at once, however many a split has


def measure(
    net: PoseNet,
    store: H36MStore,
    split: Split,
    recipe: Recipe,
    communicator: Communicator = ALONE,
) -> dict[str, Any]:
    """Every number of the report; errors in mm (eq. 9 and Procrustes-aligned).

    The mean-pose baseline predicts, for every image, the mean of the training poses, and where a
    whole store is measured, of its own; so does that of the heights.
    """
    seen = next(iter(split.values()))
    constant, tall = mean_pose(store, seen), mean_height(store, seen)
    result: dict[str, Any] = {"splits": {}}
    last = list(split)[-1]
    for name, frames in split.items():
        measured = _measure_part(net, store, frames, constant, tall, communicator)
        errors, result["splits"][name] = measured
        if name == last:
            result["per_joint_mm"] = dict(
                zip(H36M_17, map(float, errors.mean(axis=0)), strict=True)
            )
        for label in TABLES:
            values = store.labels[label][frames]
            table = result.setdefault(f"per_{label}_mm", {})
            for value in np.unique(values):
                row = table.setdefault(_called(store, label, int(value)), {})
                row[name] = float(errors[values == value].mean())
    return result


def _measure_part(
    net: PoseNet,
    store: H36MStore,
    frames: np.ndarray,
    constant: np.ndarray,
    tall: float,
    communicator: Communicator,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Errors (N, 17), mm, and the numbers of one split, piece by piece."""
    errors, aligned, baseline, seconds = [], 0.0, 0.0, 0.0
    last_pose = last_image = None
    same_pose, same_image, heights, poses = [], [], [], []
    for start in range(0, len(frames), PIECE):
        piece = frames[start : start + PIECE]
        begin = time.perf_counter()
        predicted = predict(net, store, piece, communicator).reshape(-1, 17, 3)
        seconds += time.perf_counter() - begin
        target, images = store.read("joints_3d", piece), store.read("images", piece)
        errors.append(joint_errors(predicted, target))
        aligned += pa_mpjpe(predicted, target) * len(piece)
        baseline += mpjpe(np.broadcast_to(constant, target.shape), target) * len(piece)
        heights.append((height(predicted), height(target)))
        poses.append((predicted, target))
        same_pose.append(repeats(predicted, last_pose))
        same_image.append(repeats(images, last_image))
        last_pose, last_image = predicted[-1], images[-1]
    takes = store.takes()[frames]
    within = np.append(False, takes[1:] == takes[:-1])  # not across the seam of two takes
    joined = np.concatenate(errors)
    measured = height_errors(*np.concatenate(heights, axis=1), people(store, frames), tall)
    numbers = {
        "frames": len(frames),
        "mpjpe_mm": float(joined.mean()),
        "pa_mpjpe_mm": aligned / len(frames),
        "mean_pose_mpjpe_mm": baseline / len(frames),
        "share_of_mean_pose": float(joined.mean()) * len(frames) / baseline if baseline else None,
        "identical_consecutive_predictions": _fraction(np.concatenate(same_pose), within),
        "identical_consecutive_images": _fraction(np.concatenate(same_image), within),
        **motion(*np.concatenate(poses, axis=1), steps_of(store, frames)),
        "height": measured,
        "images_per_s": len(frames) / seconds,
    }
    return joined, numbers


def _called(store: H36MStore, label: str, value: int) -> str:
    if label == "action":
        return store.actions[value]
    return f"S{value}" if label == "subject" else str(value)


def _fraction(same: np.ndarray, within: np.ndarray) -> float:
    return float(same[within].mean()) if within.any() else 0.0


def mean_pose(store: H36MStore, frames: np.ndarray) -> np.ndarray:
    """The mean of the poses of these frames, (17, 3) in mm: the constant baseline."""
    total = np.zeros((17, 3))
    for start in range(0, len(frames), 8192):
        total += store.read("joints_3d", frames[start : start + 8192]).sum(0, dtype=np.float64)
    return total / len(frames)


def predictions(
    net: PoseNet, store: H36MStore, frames: np.ndarray, recipe: Recipe
) -> dict[str, np.ndarray]:
    """What the network finds in these frames.

    Returns
    -------
    ``joints_3d`` (N, 17, 3) mm, pelvis at 0; ``error_mm`` (N,), the mean over the joints; and
    ``subject``, ``action``, ``subaction``, ``camera`` and ``frame`` of each.
    """
    found = predict(net, store, frames).reshape(-1, 17, 3)
    errors = joint_errors(found, store.read("joints_3d", frames)).mean(axis=1)
    labels = {name: values[frames] for name, values in store.labels.items()}
    return {"joints_3d": found, "error_mm": errors, **labels}


def summary(result: dict[str, Any]) -> str:
    """The numbers as Markdown tables."""
    lines = [
        "| split | frames | MPJPE, mm | report 1, mm | PA-MPJPE, mm | mean pose, mm | ratio | "
        "images/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, r in result["splits"].items():
        ratio = r["share_of_mean_pose"]  # None of a single frame, which is its own mean
        lines.append(
            f"| {name} | {r['frames']} | {r['mpjpe_mm']:.2f} | {MPJPE_MM.get(name, '–')} | "
            f"{r['pa_mpjpe_mm']:.2f} | "
            f"{r['mean_pose_mpjpe_mm']:.2f} | {'–' if ratio is None else f'{ratio:.3f}'} | "
            f"{r['images_per_s']:.0f} |"
        )
    last, numbers = list(result["splits"].items())[-1]
    lines += [
        "",
        f"Identical consecutive predictions ({last}): "
        f"{100 * numbers['identical_consecutive_predictions']:.1f} %, identical consecutive "
        f"images: {100 * numbers['identical_consecutive_images']:.1f} %.",
    ]
    if "epoch" in result:
        # Of a checkpoint alone nobody knows whether it is the best one.
        of = f" of {result['epochs']}, the best one" if "epochs" in result else ""
        lines += ["", f"The weights are those after epoch {result['epoch']}{of}."]
    known = {name: r for name, r in result["splits"].items() if "height" in r}  # not of old reports
    if known:
        lines += ["", *motion_table(known)]
    if "smoothing" in result:
        lines += ["", *effect_table(result["smoothing"])]
    lines += lines_of(result)
    lines += [
        "",
        f"| joint ({last}) | MPJPE, mm |",
        "|---|---|",
    ]
    lines += [f"| {joint} | {e:.1f} |" for joint, e in result["per_joint_mm"].items()]
    if known:
        lines += ["", *height_table(known)]
    for label in (label for label in TABLES if f"per_{label}_mm" in result):
        lines += ["", f"| {label} | MPJPE, mm |", "|---|---|"]
        for value, row in result[f"per_{label}_mm"].items():
            shown = ", ".join(f"{name} {e:.1f}" for name, e in row.items())
            lines.append(f"| {value} | {shown} |")
    return "\n".join(lines) + "\n"
