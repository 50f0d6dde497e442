"""How good a model is on a part of the store, and what constant answers reach."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minipose.datasets.people import PeopleStore
from minipose.experiments.job import Split
from minipose.experiments.people.baselines import baselines
from minipose.experiments.people.joint_errors import measure_joints
from minipose.experiments.people.objective import loss_parts, total_loss
from minipose.experiments.people.outputs import predicted_groups
from minipose.experiments.people.presence import measure_presence
from minipose.experiments.people.recipe import Outputs, Recipe
from minipose.metrics import dice_coefficient
from minipose.nn import Module

MEASURED_TRAINING = 400  # training pictures that are measured after training


def measure(model: Module, store: PeopleStore, split: Split, recipe: Recipe) -> dict[str, Any]:
    """Every number of the report: of each part, and of constant answers for the last of them."""
    parts = {name: s[:MEASURED_TRAINING] if name == "train" else s for name, s in split.items()}
    *_, last = parts.values()
    asked = {} if not recipe.outputs.joints else measure_presence(model, store, last, recipe)
    return {
        "model": recipe.model,
        "network": recipe.network,
        "splits": {n: measure_part(model, store, part, recipe) for n, part in parts.items()},
        "mirrored": measure_part(model, store, last, recipe, mirror_too=True),
        "presence": asked,
        "baselines": baselines(store, split, recipe),
    }


def measure_part(
    model: Module,
    store: PeopleStore,
    samples: np.ndarray,
    recipe: Recipe,
    mirror_too: bool = False,
) -> dict[str, Any]:
    """Every number of the report for these samples.

    With ``mirror_too`` masks and joints are the mean of what is found in the picture and in its
    mirror image; ``dice_of_mask`` and the joints' numbers then are of that mean.

    Returns
    -------
    ``pictures``, ``seconds``; ``loss`` (as in training); ``dice`` (eq. 1, of probabilities, in the
    whole picture), ``dice_of_mask`` (of the mask at one half); where the model has them ``mse``,
    ``regression_highest`` (mean of the highest value in each picture) and ``cross_entropy``, as
    the network sees the picture; and for joints ``joint_error_px`` (mean),
    ``joint_error_median_px``, ``within_5_px``, ``pck_half_head``, ``per_joint`` {name: {pck, px}}.
    """
    start = time.perf_counter()
    sums: dict[str, float] = {}
    places, order = [], []
    for group in predicted_groups(model, store, samples, recipe, mirror_too=mirror_too):
        parts = loss_parts(group.scores, group.batch)
        parts["loss"] = total_loss(group.scores, group.batch, recipe)
        for name, part in parts.items():
            sums[name] = sums.get(name, 0.0) + part.item() * len(group.samples)
        for person, found in zip(group.people, group.predictions, strict=True):
            for name, mask in (("dice", found.mask), ("dice_of_mask", (found.mask > 0.5) * 1.0)):
                sums[name] = sums.get(name, 0.0) + dice_coefficient(mask, person.mask)
            if found.regression is not None:
                highest = float(found.regression.max())
                sums["regression_highest"] = sums.get("regression_highest", 0.0) + highest
            if found.joints is not None:
                places.append(found.joint_places()[0])
        order.append(group.samples)
    result: dict[str, Any] = {name: value / len(samples) for name, value in sums.items()}
    del result["dice_loss"]  # of the pictures as the network sees them
    result |= {"pictures": len(samples), "seconds": time.perf_counter() - start}
    if places:
        which = np.concatenate(order)
        result |= measure_joints(np.stack(places), store.keypoints[which], store.sizes[which])
    return result


def predictions(
    model: Module, store: PeopleStore, samples: np.ndarray, recipe: Recipe
) -> dict[str, np.ndarray]:
    """What the model finds in these samples.

    Returns
    -------
    ``name`` and ``source`` of the pictures; ``dice`` (N,) of the mask at one half; for models with
    joints ``keypoints`` (N, 25, 3): x, y in px of the store's picture, confidence.
    """
    joints = "joints" in dict(model.heads)
    dice, keypoints = np.zeros(len(samples)), np.zeros((len(samples), 25, 3), np.float32)
    place = {int(sample): n for n, sample in enumerate(samples)}
    for group in predicted_groups(model, store, samples, recipe, Outputs()):
        for sample, person, found in zip(
            group.samples, group.people, group.predictions, strict=True
        ):
            n = place[int(sample)]
            dice[n] = dice_coefficient((found.mask > 0.5) * 1.0, person.mask)
            if joints:
                places, _ = found.joint_places()
                keypoints[n] = np.concatenate([places, found.confidence[:, None]], axis=1)
    found = {"name": np.array([store.names[i] for i in samples])}
    found |= {"source": np.array([store.sources[i] for i in samples]), "dice": dice}
    return found | ({"keypoints": keypoints} if joints else {})
