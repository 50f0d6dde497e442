"""How good the regressor is: per split, joint, subject and camera, beside the mean pose."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.experiments.h36m.stages import predict
from minipose.metrics import identical_share, joint_errors, mpjpe, pa_mpjpe
from minipose.models import PoseNet
from minipose.skeletons import H36M_17


def evaluate(net: PoseNet, store: H36MStore, split: dict[str, np.ndarray]) -> dict[str, Any]:
    """Every figure of the report, as plain numbers; errors in mm (eq. 9 and Procrustes-aligned).

    The mean-pose baseline predicts, for every image, the mean of the training poses.
    """
    mean_pose = _mean_pose(store, split["train"])
    takes = store.takes()
    result: dict[str, Any] = {"splits": {}}
    for name, frames in split.items():
        start = time.perf_counter()
        predicted = predict(net, store, frames).reshape(-1, 17, 3)
        seconds = time.perf_counter() - start
        target = store.read("joints_3d", frames)
        errors = joint_errors(predicted, target)
        baseline = mpjpe(np.broadcast_to(mean_pose, target.shape), target)
        seams = np.flatnonzero(np.diff(takes[frames])) + 1
        result["splits"][name] = {
            "frames": len(frames),
            "mpjpe_mm": float(errors.mean()),
            "pa_mpjpe_mm": pa_mpjpe(predicted, target),
            "mean_pose_mpjpe_mm": baseline,
            "share_of_mean_pose": float(errors.mean()) / baseline,
            "identical_consecutive_predictions": identical_share(predicted, seams),
            "identical_consecutive_images": identical_share(store.read("images", frames), seams),
            "images_per_s": len(frames) / seconds,
        }
        if name == "test":
            result["per_joint_mm"] = dict(
                zip(H36M_17, map(float, errors.mean(axis=0)), strict=True)
            )
        for label in ("subject", "camera"):
            values = store.labels[label][frames]
            table = result.setdefault(f"per_{label}_mm", {})
            for value in np.unique(values):
                row = table.setdefault(f"S{value}" if label == "subject" else str(value), {})
                row[name] = float(errors[values == value].mean())
    return result


def _mean_pose(store: H36MStore, frames: np.ndarray) -> np.ndarray:
    total = np.zeros((17, 3))
    for start in range(0, len(frames), 8192):
        total += store.read("joints_3d", frames[start : start + 8192]).sum(0, dtype=np.float64)
    return total / len(frames)


def summary(result: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    lines = [
        "| split | frames | MPJPE, mm | PA-MPJPE, mm | mean pose, mm | ratio | images/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, r in result["splits"].items():
        lines.append(
            f"| {name} | {r['frames']} | {r['mpjpe_mm']:.2f} | {r['pa_mpjpe_mm']:.2f} | "
            f"{r['mean_pose_mpjpe_mm']:.2f} | {r['share_of_mean_pose']:.3f} | "
            f"{r['images_per_s']:.0f} |"
        )
    test = result["splits"]["test"]
    lines += [
        "",
        f"Identical consecutive predictions (test): "
        f"{100 * test['identical_consecutive_predictions']:.1f} %, identical consecutive images: "
        f"{100 * test['identical_consecutive_images']:.1f} %.",
        "",
        "| joint (test) | MPJPE, mm |",
        "|---|---|",
    ]
    lines += [f"| {joint} | {e:.1f} |" for joint, e in result["per_joint_mm"].items()]
    for label in ("subject", "camera"):
        lines += ["", f"| {label} | MPJPE, mm |", "|---|---|"]
        for value, row in result[f"per_{label}_mm"].items():
            shown = ", ".join(f"{name} {e:.1f}" for name, e in row.items())
            lines.append(f"| {value} | {shown} |")
    return "\n".join(lines) + "\n"
