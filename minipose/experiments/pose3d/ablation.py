"""What helped? The report's claims, each against its opposite, at one budget."""

from __future__ import annotations

from minipose.errors import Diverged
from minipose.experiments.job import Job, Run
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.report import publish

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


def ablate(job: Job, run: Run) -> dict[str, dict | None]:
    """Train each variant and write one table; one whose loss blows up gets a row that says so.

    Equal budgets: a variant without pre-training gets the detector's epochs for its regression, so
    that every row has seen the same number of images. With ``run.resume``, variants that are
    finished are only measured again, and one that was stopped goes on.
    """
    base = run.recipe.changed(
        optimizer="sgd", lr=0.001, detection_lr=0.001, loss="squared", dropout=0.0
    )
    recipes = {
        name: (f"{number:02d}", _equal_budget(base.changed(**choices)))
        for number, (name, choices) in enumerate(VARIANTS.items(), start=1)
    }
    rows: dict[str, dict | None] = {}
    for name, variant in run.variants(recipes):
        try:
            rows[name] = job.train_and_measure(variant)[0]["splits"]
        except Diverged as error:
            print(error)
            rows[name] = None
    result = {"seed": run.seed, "variants": rows}
    publish(run.folder, "What helped? (report 1)", _table(rows, base), {}, result)
    return rows


def _equal_budget(recipe: Recipe) -> Recipe:
    if recipe.pretrain:
        return recipe
    return recipe.changed(epochs=recipe.epochs + recipe.detection_epochs)


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
