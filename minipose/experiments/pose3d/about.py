"""What a report says beside the errors: of the detector, and of the data beside report 1's."""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.experiments.job import Run
from minipose.experiments.pose3d.reported import ACTIONS, CROSS_ENTROPY, FRAMES
from minipose.experiments.pose3d.train import detection_numbers, load_detector, spread
from minipose.training.log import read_log


def about(run: Run) -> dict[str, Any]:
    """``dataset``, the number of frames of each subject and action; ``detector``, if there is one.

    The detector is measured on as many training and test images as are validated.
    """
    found: dict[str, Any] = {"dataset": counts(run.store)}
    if not run.recipe.pretrain:
        return found
    own = run.folder / "detection-last.npz"
    net = load_detector(run.detector or own, run.recipe).to(run.device)
    parts = {name: spread(f, len(run.split["validation"])) for name, f in run.split.items()}
    found["detector"] = {
        "splits": {n: detection_numbers(net, run.store, frames) for n, frames in parts.items()}
    }
    if run.detector is None:
        found["detector"]["epochs"] = int(read_log(run.folder / "detection-log.csv")[-1]["epoch"])
    return found


def counts(store: H36MStore) -> dict[str, dict[str, int]]:
    """The number of frames of each subject and action that are there: {"S1": {"Walking": 9}}."""
    subjects, actions = store.labels["subject"], store.labels["action"]
    there = {store.actions[a]: actions == a for a in np.unique(actions)}
    return {
        f"S{s}": {name: int((subjects == s)[of].sum()) for name, of in there.items()}
        for s in np.unique(subjects)
    }


def lines_of(result: dict[str, Any]) -> list[str]:
    """Both as Markdown, where a run has noted them."""
    lines = []
    if "detector" in result:
        lines += ["", *_detector(result["detector"])]
    if "dataset" in result:
        lines += ["", *_dataset(result["dataset"])]
    return lines


def _detector(numbers: dict[str, Any]) -> list[str]:
    epochs = f" after {numbers['epochs']} epochs" if "epochs" in numbers else ""
    lines = [
        f"| detector{epochs} | cross entropy per window | report 1 | average precision |",
        "|---|---|---|---|",
    ]
    for name, r in numbers["splits"].items():
        theirs = f"{CROSS_ENTROPY:g}" if name == "train" else "–"
        lines.append(
            f"| {name} | {r['cross_entropy_per_window']:.4f} | {theirs} | "
            f"{r['average_precision']:.3f} |"
        )
    return lines


def _dataset(found: dict[str, dict[str, int]]) -> list[str]:
    """Frames of each subject and action, with those of figure 1(a) in brackets."""
    here = list(next(iter(found.values())))
    actions = [*[a for a in ACTIONS if a in here], *[a for a in here if a not in ACTIONS]]
    lines = [
        "| frames (report 1, figure 1a) | " + " | ".join(actions) + " |",
        "|---" * (1 + len(actions)) + "|",
    ]
    theirs = {name: dict(zip(ACTIONS, row, strict=True)) for name, row in FRAMES.items()}
    for name, row in found.items():
        cells = [
            f"{row[a]}" + (f" ({theirs[name][a]})" if a in theirs.get(name, {}) else "")
            for a in actions
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    sums = []
    for action in actions:
        total = sum(row.get(action, 0) for row in theirs.values())
        sums.append(f"{sum(row[action] for row in found.values())}" + (f" ({total})" * bool(total)))
    return [*lines, "| all | " + " | ".join(sums) + " |"]
