"""``python -m tests.bench.large_batches``: what does a larger batch cost in accuracy?

One training of report 1's regressor (no detector before it) for each batch, rate and seed, all for
the same number of epochs: a larger batch takes fewer steps. The rate either stays or grows with
the square root of the batch, which is usual for Adam. Each training's result is kept in a folder of
its own, so the command goes on where it was stopped.

Source: Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks" (√k).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.errors import Diverged, Parser
from minipose.experiments.job import Run
from minipose.experiments.pose3d.outputs import predict
from minipose.experiments.pose3d.recipe import RECIPES
from minipose.experiments.pose3d.train import train_regressor
from minipose.metrics import mpjpe
from minipose.storage import write_text
from minipose.training import checkpoint

BASE, BATCHES, SEEDS = 128, (128, 256, 512, 1024), (0, 1, 2)
VALIDATED = 256  # images that choose each training's best epoch
BEGIN, END = "<!-- large-batches:begin -->", "<!-- large-batches:end -->"
RULES = {"rate × √(batch / 128)": 0.5, "the same rate": 0.0}


def main() -> int:
    parser = Parser(prog="python -m tests.bench.large_batches", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="store of frames (.h5)")
    parser.add_argument("--out", type=Path, default=Path("runs/large-batches"))
    parser.add_argument("--limit", type=int, default=3072, help="training images; test images")
    parser.add_argument("--epochs", type=int, default=8, help="of each training")
    parser.add_argument("--kept", action="store_true", help="no new training: show what is there")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into it")
    options = parser.parse_args()
    with H36MStore(options.data) as store:
        split = store.split(limit=options.limit)
        split["validation"] = split["validation"][:VALIDATED]
        rows = {}
        for rule, power in RULES.items():
            for batch in BATCHES:
                if power == 0 and batch == BASE:
                    continue  # the same training
                try:
                    seeds = [_one(options, store, split, batch, power, seed) for seed in SEEDS]
                except FileNotFoundError:
                    continue
                rows[rule, batch] = seeds
                print(f"{rule}, batch {batch}: {seeds}", flush=True)
        test = store.read("joints_3d", split["test"])
        pose = store.read("joints_3d", split["train"]).mean(axis=0)
        constant = mpjpe(np.broadcast_to(pose, test.shape), test)
    text = table(rows, constant, len(split["train"]), len(split["test"]), options.epochs)
    print(text)
    if options.write:
        old = options.write.read_text(encoding="utf-8")
        before, after = old.split(BEGIN)[0], old.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
    return 0


def _one(options, store, split, batch: int, power: float, seed: int) -> float | None:
    """Test error in mm of one training, by its best checkpoint; None if it diverged."""
    factor = (batch / BASE) ** power
    folder = options.out / f"batch-{batch}-rate-{factor:.2f}-seed-{seed}"
    kept = folder / "result.json"
    if kept.exists() or options.kept:
        return json.loads(kept.read_text())["test_mpjpe_mm"]
    folder.mkdir(parents=True, exist_ok=True)
    recipe = RECIPES["quick"].changed(hidden=(1024, 2048), normalise=False, lr=0.001)
    recipe = recipe.changed(
        pretrain=False, batch=batch, epochs=options.epochs, lr=recipe.lr * factor
    )
    error = None
    try:
        net = train_regressor(Run(store, split, recipe, seed, folder, resume=True))
        checkpoint.load(folder / "best.npz", net)
        found = predict(net, store, split["test"]).reshape(-1, 17, 3)
        error = mpjpe(found, store.read("joints_3d", split["test"]))
    except Diverged as diverged:
        print(diverged)
    write_text(kept, json.dumps({"test_mpjpe_mm": error}))
    return error


def table(rows: dict, constant: float, train: int, test: int, epochs: int) -> str:
    """Markdown: mean ± standard deviation over the seeds."""
    lines = [
        f"{train} training images, {epochs} epochs, {len(SEEDS)} seeds: error on {test} test "
        "images, mm.",
        "",
        "| batch | steps | " + " | ".join(RULES) + " |",  # –: not run
        "|---|---|---|---|",
    ]
    for batch in BATCHES:
        cells = []
        for rule in RULES:
            same = (next(iter(RULES)), batch) if batch == BASE else (rule, batch)
            seeds = rows.get(same, [])
            good = [error for error in seeds if error is not None]
            cell = f"{np.mean(good):.1f} ± {np.std(good, ddof=1):.1f}" if len(good) > 1 else "–"
            lost = len(seeds) - len(good)
            cells.append(cell + (f" ({lost} diverged)" if lost else ""))
        lines.append(f"| {batch} | {epochs * (train // batch)} | {' | '.join(cells)} |")
    lines += ["", f"Constant baseline (the mean training pose): {constant:.1f} mm."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
