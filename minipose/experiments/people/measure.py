"""How good a model is on a part of the store, and what constant answers reach."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minipose.datasets.people import PeopleStore
from minipose.experiments.job import Split
from minipose.experiments.people.baselines import baselines
from minipose.experiments.people.joint_errors import measure_joints
from minipose.experiments.people.objective import loss_parts, total_loss
from minipose.experiments.people.outputs import Group, map_groups
from minipose.experiments.people.presence import measure_presence
from minipose.experiments.people.recipe import Outputs, Recipe
from minipose.metrics import dice_coefficient
from minipose.nn import Module
from minipose.training.communicator import ALONE, Communicator

MEASURED_TRAINING = 400  # training pictures that are measured after training


def measure(
    model: Module,
    store: PeopleStore,
    split: Split,
    recipe: Recipe,
    communicator: Communicator = ALONE,
) -> dict[str, Any]:
    """Every number of the report: of each part, and of constant answers for the last of them."""
    parts = {name: s[:MEASURED_TRAINING] if name == "train" else s for name, s in split.items()}
    *_, last = parts.values()
    given = {"recipe": recipe, "communicator": communicator}
    asked = measure_presence(model, store, last, **given) if recipe.outputs.joints else {}
    return {
        "model": recipe.model,
        "network": recipe.network,
        "splits": {n: measure_part(model, store, part, **given) for n, part in parts.items()},
        "mirrored": measure_part(model, store, last, **given, mirror_too=True),
        "presence": asked,
        "baselines": baselines(store, split, recipe),
    }


def measure_part(
    model: Module,
    store: PeopleStore,
    samples: np.ndarray,
    recipe: Recipe,
    communicator: Communicator = ALONE,
    mirror_too: bool = False,
) -> dict[str, Any]:
    """Every number of the report for these samples; each rank looks at its share of them.

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
    look = partial(_measure_group, recipe=recipe)
    measured = map_groups(
        look, model, store, samples, recipe, mirror_too=mirror_too, communicator=communicator
    )
    sums: dict[str, float] = {}
    for group in measured:
        for name, term in group.terms:
            sums[name] = sums.get(name, 0.0) + term
    result: dict[str, Any] = {name: value / len(samples) for name, value in sums.items()}
    del result["dice_loss"]  # of the pictures as the network sees them
    result |= {"pictures": len(samples), "seconds": time.perf_counter() - start}
    places = [place for group in measured for place in group.places]
    if places:
        which = np.concatenate([group.samples for group in measured])
        result |= measure_joints(np.stack(places), store.keypoints[which], store.sizes[which])
    return result


class _Measured(NamedTuple):
    """Of one group: which samples, terms of the sums by name, and where the joints were found."""

    samples: np.ndarray
    terms: list[tuple[str, float]]
    places: list[np.ndarray]


def _measure_group(group: Group, recipe: Recipe) -> _Measured:
    parts = loss_parts(group.scores, group.batch)
    parts["loss"] = total_loss(group.scores, group.batch, recipe)
    terms = [(name, part.item() * len(group.samples)) for name, part in parts.items()]
    places = []
    for person, found in zip(group.people, group.predictions, strict=True):
        for name, mask in (("dice", found.mask), ("dice_of_mask", (found.mask > 0.5) * 1.0)):
            terms.append((name, dice_coefficient(mask, person.mask)))
        if found.regression is not None:
            terms.append(("regression_highest", float(found.regression.max())))
        if found.joints is not None:
            places.append(found.joint_places()[0])
    return _Measured(group.samples, terms, places)


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

    def look(group: Group) -> None:
        for sample, person, found in zip(
            group.samples, group.people, group.predictions, strict=True
        ):
            n = place[int(sample)]
            dice[n] = dice_coefficient((found.mask > 0.5) * 1.0, person.mask)
            if joints:
                places, _ = found.joint_places()
                keypoints[n] = np.concatenate([places, found.confidence[:, None]], axis=1)

    map_groups(look, model, store, samples, recipe, Outputs())
    found = {"name": np.array([store.names[i] for i in samples])}
    found |= {"source": np.array([store.sources[i] for i in samples]), "dice": dice}
    return found | ({"keypoints": keypoints} if joints else {})
