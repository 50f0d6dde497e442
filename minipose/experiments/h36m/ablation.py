"""What helped? The report's claims, each against its opposite, at one budget."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.experiments.h36m.evaluation import evaluate
from minipose.experiments.h36m.recipe import Recipe
from minipose.experiments.h36m.stages import train_detector, train_regressor
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
    "tanh on the last layer (rate 0.0001)": {"output_tanh": True, "lr": 0.0001},
    "mean distance as loss (rate 0.0003)": {"loss": "distance", "lr": 0.0003},
    "Adam (rate 0.001)": {"optimizer": "adam"},
}


def ablate(
    store: H36MStore,
    split: dict[str, np.ndarray],
    recipe: Recipe,
    seed: int,
    folder: Path,
    device: str,
) -> dict[str, dict]:
    """Train each variant and write one table.

    Equal budgets: a variant without pre-training gets the detector's epochs for its regression, so
    that every row has seen the same number of images.
    """
    base = recipe.changed(
        optimizer="sgd", lr=0.001, detection_lr=0.001, loss="squared", dropout=0.0
    )
    rows: dict[str, dict] = {}
    for number, (name, choices) in enumerate(VARIANTS.items(), start=1):
        variant = base.changed(**choices)
        print(f"[{number}/{len(VARIANTS)}] {name}", flush=True)
        below = folder / f"{number:02d}"
        below.mkdir(parents=True, exist_ok=True)
        detector = None
        if variant.pretrain:
            detector = train_detector(store, split, variant, seed, below, device)
        else:
            variant = variant.changed(epochs=variant.epochs + variant.detection_epochs)
        net = train_regressor(store, split, variant, seed, below, device, detector)
        checkpoint.load(below / "best.npz", net)
        rows[name] = evaluate(net, store, split)["splits"]
    table = _table(rows, base)
    write_report(folder, "What helped? (report 1)", table, {}, {"seed": seed, "variants": rows})
    print(table)
    return rows


def _table(rows: dict[str, dict], base: Recipe) -> str:
    first = next(iter(rows.values()))
    lines = [
        f"{first['train']['frames']} training images; {base.detection_epochs} epochs of detection "
        f"and {base.epochs} of regression, or all of them regression.",
        "",
        "| variant | train, mm | validation, mm | test (S11), mm | change |",
        "|---|---|---|---|---|",
    ]
    for name, r in rows.items():
        change = r["test"]["mpjpe_mm"] - first["test"]["mpjpe_mm"]
        lines.append(
            f"| {name} | {r['train']['mpjpe_mm']:.1f} | {r['validation']['mpjpe_mm']:.1f} | "
            f"{r['test']['mpjpe_mm']:.1f} | {change:+.1f} |"
        )
    lines.append(
        f"| mean pose | {first['train']['mean_pose_mpjpe_mm']:.1f} | "
        f"{first['validation']['mean_pose_mpjpe_mm']:.1f} | "
        f"{first['test']['mean_pose_mpjpe_mm']:.1f} | |"
    )
    return "\n".join(lines) + "\n"
