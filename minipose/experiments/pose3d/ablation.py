"""What helped? The report's claims, each against its opposite, at one budget."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.errors import Diverged
from minipose.experiments.pose3d.evaluation import evaluate
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.pose3d.stages import train_detector, train_regressor
from minipose.report import write_report
from minipose.training import checkpoint

# Report 1's own optimizer with what it says about each choice; Adam stands beside them.
VARIANTS: dict[str, dict] = {
    "report: pre-trained, momentum, decay": {},
    "no pre-training": {"pretrain": False},
    "pre-trained, conv1-conv3 frozen": {"shared": "freeze"},
    "no momentum": {"momentum": 0.0},
    "no weight decay": {"weight_decay": 0.0},
    "neither momentum nor decay": {"momentum": 0.0, "weight_decay": 0.0},
    "dropout 0.2": {"dropout": 0.2},
    "tanh on the last layer": {"output_tanh": True},
    "mean distance as loss": {"loss": "distance"},
    "Adam (rate 0.001)": {"optimizer": "adam"},
}


def ablate(
    store: H36MStore,
    split: dict[str, np.ndarray],
    recipe: Recipe,
    seed: int,
    folder: Path,
    device: str,
    resume: bool = False,
) -> dict[str, dict | None]:
    """Train each variant and write one table; one whose loss blows up gets a row that says so.

    Equal budgets: a variant without pre-training gets the detector's epochs for its regression, so
    that every row has seen the same number of images. With ``resume``, variants that are finished
    are only measured again, and one that was stopped goes on.
    """
    base = recipe.changed(
        optimizer="sgd", lr=0.001, detection_lr=0.001, loss="squared", dropout=0.0
    )
    rows: dict[str, dict | None] = {}
    for number, (name, choices) in enumerate(VARIANTS.items(), start=1):
        variant = base.changed(**choices)
        print(f"[{number}/{len(VARIANTS)}] {name}", flush=True)
        below = folder / f"{number:02d}"
        below.mkdir(parents=True, exist_ok=True)
        try:
            rows[name] = _train(store, split, variant, seed, below, device, resume)
        except Diverged as error:
            print(error)
            rows[name] = None
    table = _table(rows, base)
    write_report(folder, "What helped? (report 1)", table, {}, {"seed": seed, "variants": rows})
    print(table)
    return rows


def _train(
    store: H36MStore,
    split: dict[str, np.ndarray],
    variant: Recipe,
    seed: int,
    folder: Path,
    device: str,
    resume: bool,
) -> dict[str, dict]:
    detector = None
    if variant.pretrain:
        detector = train_detector(store, split, variant, seed, folder, device, resume)
    else:
        variant = variant.changed(epochs=variant.epochs + variant.detection_epochs)
    net = train_regressor(store, split, variant, seed, folder, device, detector, resume)
    checkpoint.load(folder / "best.npz", net)
    return evaluate(net, store, split)["splits"]


def _table(rows: dict[str, dict | None], base: Recipe) -> str:
    done = [r for r in rows.values() if r is not None]
    if not done:
        return "Every variant diverged.\n"
    first, report = done[0], next(iter(rows.values()))
    lines = [
        f"{first['train']['frames']} training images; {base.detection_epochs} epochs of detection "
        f"and {base.epochs} of regression, or all of them regression.",
        "",
        "| variant | train, mm | validation, mm | test (S11), mm | change |",
        "|---|---|---|---|---|",
    ]
    for name, r in rows.items():
        if r is None:
            lines.append(f"| {name} | diverged | | | |")
            continue
        change = ""
        if report is not None:
            change = f"{r['test']['mpjpe_mm'] - report['test']['mpjpe_mm']:+.1f}"
        lines.append(
            f"| {name} | {r['train']['mpjpe_mm']:.1f} | {r['validation']['mpjpe_mm']:.1f} | "
            f"{r['test']['mpjpe_mm']:.1f} | {change} |"
        )
    lines.append(
        f"| mean pose | {first['train']['mean_pose_mpjpe_mm']:.1f} | "
        f"{first['validation']['mean_pose_mpjpe_mm']:.1f} | "
        f"{first['test']['mean_pose_mpjpe_mm']:.1f} | |"
    )
    return "\n".join(lines) + "\n"
