"""The pictures that a run of report 2's job leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minipose.datasets.people import PeopleStore, Person
from minipose.experiments.job import Drawn, Run
from minipose.experiments.people.confidence import SURE
from minipose.experiments.people.outputs import Prediction, predict_array
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.reference import report_curve
from minipose.metrics import dice_coefficient, visible_joints
from minipose.nn import Module
from minipose.plots.curves import learning_curves
from minipose.plots.people import channel_grid, class_picture, on_mask, picture_table
from minipose.targets.heatmaps import heatmap, joint_targets
from minipose.training.log import read_log

ROWS = 5
PANELS = {  # column of the log without its part: (title, column of the report's curves)
    "loss": ("Loss", None),
    "dice": ("Dice coefficient", "dice"),
    "cross_entropy": ("Cross entropy", "ce"),
    "mse": ("Mean squared error", "mse"),
    "within_5_px": ("Fraction of joints within 5 px", None),
}
PARTS = {"training": "train", "validation": "val"}  # ours -> the report's curves


def draw_run(run: Run, net: Module) -> Drawn:
    """All pictures of a training: its curves, and predictions beside validation pictures."""
    drawn = draw_curves(run.folder, run.recipe, run.reference)
    samples = run.split["validation"]
    return drawn | draw_predictions(run.folder, net, run.store, samples, run.recipe)


def draw_data(folder: Path, store: PeopleStore, samples: np.ndarray) -> Drawn:
    """Pictures with masks and joint targets (report 2, figures 1, 2, 9 and 12)."""
    people = _spread(store, samples)
    targets = [joint_targets(f.keypoints, f.mask.shape) for f in people]
    picture_table(
        [
            ("picture", [f.image for f in people]),
            ("mask", [f.mask * 1.0 for f in people]),
            ("heatmap", [heatmap(f.keypoints, f.mask.shape, 1.0) for f in people]),
            ("nearest joint", [class_picture(classes) for classes, _ in targets]),
            ("times the blur", [class_picture(*target) for target in targets]),
            ("skeleton", [on_mask(f.image, f.mask) for f in people]),
        ],
        folder / "data.png",
        skeletons={"skeleton": [_truth(f) for f in people]},
        row_titles=[f.name for f in people],
    )
    return {"data.png": "Pictures and targets (report 2, figures 1, 2, 9 and 12)"}


def draw_curves(folder: Path, recipe: Recipe, reference: Path | None) -> Drawn:
    """Learning curves, beside the report's own where its logs are at hand.

    Parameters
    ----------
    reference : the report's curves (CSV), if any
    """
    rows = read_log(folder / "log.csv")
    epochs = [r["epoch"] for r in rows]
    model = "hnet" if recipe.network == "hnet" else recipe.model
    panels: dict[str, dict[str, Any]] = {}
    for column, (title, theirs) in PANELS.items():
        parts = [part for part in PARTS if f"{part}_{column}" in rows[-1]]
        lines = {part: (epochs, [r[f"{part}_{column}"] for r in rows]) for part in parts}
        for part in parts if theirs else []:
            curve = report_curve(reference, model, f"{PARTS[part]}_{theirs}")
            if curve:
                lines[f"report 2: {part}"] = curve
        if lines:
            panels[title] = lines
    best = min(rows, key=lambda row: row["validation_loss"])["epoch"]
    learning_curves(panels, folder / "learning_curve.png", best=best)
    return {"learning_curve.png": "Learning curves (report 2, figures 5, 10, 13, 15 and 17)"}


def draw_predictions(
    folder: Path, net: Module, store: PeopleStore, samples: np.ndarray, recipe: Recipe
) -> Drawn:
    """Predictions beside pictures (figures 6, 11, 14, 16, 18), channels (19), skeletons (20)."""
    people = _spread(store, samples)
    found = [predict_array(net, f.image, recipe) for f in people]
    dices = [dice_coefficient(p.mask, f.mask) for p, f in zip(found, people, strict=True)]
    columns = [
        ("picture", [f.image for f in people]),
        ("mask", [f.mask * 1.0 for f in people]),
        ("predicted mask", [p.mask for p in found]),
    ]
    if found[0].regression is not None:
        columns += [
            ("heatmap", [heatmap(f.keypoints, f.mask.shape, 1.0) for f in people]),
            ("predicted heatmap", [_brightened(p.regression) for p in found]),
        ]
    drawn = {"predictions.png": "Validation pictures: targets and predictions"}
    skeletons = {}
    if found[0].joints is not None:
        classes = [joint_targets(f.keypoints, f.mask.shape)[0] for f in people]
        columns += [
            ("joints", [class_picture(c) for c in classes]),
            ("predicted joints", [class_picture(p.joint_pictures().argmax(axis=0)) for p in found]),
            ("skeleton", [on_mask(f.image, p.mask) for f, p in zip(people, found, strict=True)]),
        ]
        skeletons["skeleton"] = [predicted_skeleton(p) for p in found]
        channel_grid(people[0].image, found[0].joint_pictures(), folder / "channels.png")
        drawn["channels.png"] = "Softmax output of each channel (report 2, figure 19)"
    titles = [f"dice {d:.3f}" for d in dices]
    picture_table(columns, folder / "predictions.png", skeletons, titles)
    return drawn


def predicted_skeleton(prediction: Prediction) -> tuple[np.ndarray, np.ndarray]:
    """Places (25, 2) and which of them the network is sure enough of to draw, bool (25,)."""
    return prediction.joint_places()[0], prediction.confidence >= SURE


def _brightened(values: np.ndarray) -> np.ndarray:
    """A heatmap scaled to its own highest value; one that has collapsed stays dark."""
    return np.clip(values / max(float(values.max()), 1e-3), 0, 1)


def _spread(store: PeopleStore, samples: np.ndarray) -> list[Person]:
    """A few pictures of the most frequent shape (upright or lying), evenly spread."""
    tall = store.sizes[samples, 0] >= store.sizes[samples, 1]
    same = samples[tall] if 2 * tall.sum() >= len(tall) else samples[~tall]
    chosen = same[np.linspace(0, len(same) - 1, min(ROWS, len(same))).astype(int)]
    return [store[int(i)] for i in chosen]


def _truth(person: Person) -> tuple[np.ndarray, np.ndarray]:
    visible = visible_joints(person.keypoints[None], np.array([person.mask.shape]))[0]
    return person.keypoints[:, :2], visible
