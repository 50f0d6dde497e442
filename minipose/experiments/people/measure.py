"""How good a model is on a part of the store, and what constant answers reach."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minipose.datasets.people import PeopleStore
from minipose.experiments.job import Split
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.objective import loss_parts, total_loss
from minipose.experiments.people.outputs import predicted_groups
from minipose.experiments.people.recipe import Outputs, Recipe
from minipose.metrics import (
    correct_fraction,
    dice_coefficient,
    head_sizes,
    pixel_errors,
    visible_joints,
)
from minipose.nn import Module
from minipose.skeletons import BODY_25

NEAR = 5.0  # px, where the shorter side has 128
MEASURED_TRAINING = 400  # training pictures that are measured after training


def measure(model: Module, store: PeopleStore, split: Split, recipe: Recipe) -> dict[str, Any]:
    """Every number of the report: of both parts, and of constant answers."""
    parts = {"train": split["train"][:MEASURED_TRAINING], "validation": split["validation"]}
    return {
        "model": recipe.model,
        "network": recipe.network,
        "splits": {n: measure_part(model, store, part, recipe) for n, part in parts.items()},
        "baselines": baselines(store, split, recipe),
    }


def measure_part(
    model: Module, store: PeopleStore, samples: np.ndarray, recipe: Recipe
) -> dict[str, Any]:
    """Every number of the report for these samples.

    Returns
    -------
    ``pictures``, ``seconds``; ``loss`` (as in training); ``dice`` (eq. 1, of probabilities),
    ``dice_of_mask`` (of the mask at one half); where the model has them ``mse``,
    ``regression_highest`` (mean of the highest value in each picture) and ``cross_entropy``; and
    for joints ``joint_error_px`` (mean), ``joint_error_median_px``, ``within_5_px``,
    ``pck_half_head``, ``per_joint`` {name: {pck, px}}.
    """
    start = time.perf_counter()
    sums: dict[str, float] = {}
    places, order = [], []
    for group in predicted_groups(model, store, samples, recipe.outputs, recipe.peak):
        parts = loss_parts(group.scores, group.batch)
        parts["loss"] = total_loss(group.scores, group.batch, recipe)
        for name, part in parts.items():
            sums[name] = sums.get(name, 0.0) + part.item() * len(group.samples)
        for person, found in zip(group.people, group.predictions, strict=True):
            hard = dice_coefficient((found.mask > 0.5) * 1.0, person.mask)
            sums["dice_of_mask"] = sums.get("dice_of_mask", 0.0) + hard
            if found.regression is not None:
                highest = float(found.regression.max())
                sums["regression_highest"] = sums.get("regression_highest", 0.0) + highest
            if found.joints is not None:
                places.append(found.joint_places()[0])
        order.append(group.samples)
    result: dict[str, Any] = {name: value / len(samples) for name, value in sums.items()}
    result["dice"] = 1 - result.pop("dice_loss")
    result |= {"pictures": len(samples), "seconds": time.perf_counter() - start}
    if places:
        which = np.concatenate(order)
        result |= measure_joints(np.stack(places), store.keypoints[which], store.sizes[which])
    return result


def measure_joints(places: np.ndarray, keypoints: np.ndarray, sizes: np.ndarray) -> dict[str, Any]:
    """Errors of predicted joints (N, 25, 2) against keypoints (N, 25, 3) in pictures (N, 2)."""
    errors = pixel_errors(places, keypoints[:, :, :2], visible_joints(keypoints, sizes))
    if np.isnan(errors).all():
        return {}
    half_head = head_sizes(keypoints) / 2
    per_joint = {}
    for j, name in enumerate(BODY_25):
        column = errors[:, j : j + 1]
        if not np.isnan(column).all():
            pck = correct_fraction(column, half_head)
            per_joint[name] = {
                "pck_half_head": None if np.isnan(pck) else pck,
                "joint_error_px": float(np.nanmean(column)),
                "within_5_px": correct_fraction(column, NEAR),
            }
    pck = correct_fraction(errors, half_head)
    return {
        "visible_joints": int((~np.isnan(errors)).sum()),
        "joint_error_px": float(np.nanmean(errors)),
        "joint_error_median_px": float(np.nanmedian(errors)),
        "within_5_px": correct_fraction(errors, NEAR),
        "pck_half_head": None if np.isnan(pck) else pck,
        "head_px": float(np.nanmean(half_head)) * 2 if not np.isnan(half_head).all() else None,
        "per_joint": per_joint,
    }


def baselines(store: PeopleStore, split: Split, recipe: Recipe) -> dict[str, Any]:
    """What constant answers reach on the validation pictures.

    ``dice_of_background``: nothing is person; ``dice_of_everything``: all is person.
    ``mse_of_zero``, ``cross_entropy_of_frequencies``: a heatmap of zeros, and in every pixel the
    same class probabilities, those of the training pictures. ``mean_places_*``: in every picture
    each joint is at its mean place in the training pictures, as fractions of height and width.
    """
    sums = {"dice_of_background": 0.0, "dice_of_everything": 0.0, "mse_of_zero": 0.0}
    frequencies = _class_weights(store, split["train"], recipe)
    validation = split["validation"]
    mass = np.zeros(len(frequencies))
    for i in validation:
        person = store[int(i)]
        nothing = np.zeros(person.mask.shape)
        sums["dice_of_background"] += dice_coefficient(nothing, person.mask)
        sums["dice_of_everything"] += dice_coefficient(nothing + 1, person.mask)
        batch = make_batch([person], Outputs(recipe.outputs.joints or "classes", True), recipe.peak)
        sums["mse_of_zero"] += float((batch.regression.astype(np.float64) ** 2).mean())
        mass += batch.joints.mean(axis=(0, 2, 3), dtype=np.float64)
    result: dict[str, Any] = {name: value / len(validation) for name, value in sums.items()}
    frequencies = frequencies / frequencies.sum()
    entropy = -(mass * np.log(np.maximum(frequencies, 1e-12))).sum() / len(validation)
    result["cross_entropy_of_frequencies"] = float(entropy)
    places = _mean_places(store, split["train"]) * store.sizes[validation][:, None, ::-1]
    joints = measure_joints(places, store.keypoints[validation], store.sizes[validation])
    result |= {f"mean_places_{k}": v for k, v in joints.items() if k != "per_joint"}
    return result


def _class_weights(store: PeopleStore, samples: np.ndarray, recipe: Recipe) -> np.ndarray:
    """How much each of the 26 channels' targets hold, over at most 200 pictures."""
    outputs = Outputs(recipe.outputs.joints or "classes")
    total = 0.0
    for i in samples[:200]:
        total = total + make_batch([store[int(i)]], outputs).joints.sum((0, 2, 3), np.float64)
    return total


def _mean_places(store: PeopleStore, samples: np.ndarray) -> np.ndarray:
    """(25, 2): x over width and y over height, averaged where the joint is visible."""
    keypoints, sizes = store.keypoints[samples], store.sizes[samples]
    visible = visible_joints(keypoints, sizes)
    relative = keypoints[:, :, :2] / sizes[:, None, ::-1]
    count = np.maximum(visible.sum(axis=0), 1)[:, None]
    return (relative * visible[..., None]).sum(axis=0) / count
