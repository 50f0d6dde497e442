"""How good a model is on a part of the store, and what constant answers reach."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minipose.datasets.people import PeopleStore, Person
from minipose.experiments.job import Split
from minipose.experiments.people.baselines import baselines
from minipose.experiments.people.joint_errors import measure_joints
from minipose.experiments.people.objective import loss_parts, total_loss
from minipose.experiments.people.outputs import Group, Prediction, map_groups
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
    last = list(parts)[-1]
    given = {"recipe": recipe, "communicator": communicator}
    asked = measure_presence(model, store, parts[last], **given) if recipe.outputs.joints else {}
    splits = {
        name: measure_part(model, store, part, **given, mirror_too=name == last)
        for name, part in parts.items()
    }
    return {
        "model": recipe.model,
        "network": recipe.network,
        "splits": splits,
        "mirrored": splits[last].pop("mirrored"),
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

    With ``mirror_too`` the network looks at each picture in a mirror as well.

    Returns
    -------
    ``pictures``, ``seconds``; ``loss`` (as in training); ``dice`` (eq. 1, of probabilities, in the
    whole picture), ``dice_of_mask`` (of the mask at one half); where the model has them ``mse``,
    ``regression_highest`` (mean of the highest value in each picture) and ``cross_entropy``, as
    the network sees the picture; and for joints ``joint_error_px`` (mean),
    ``joint_error_median_px``, ``within_5_px``, ``pck_half_head``, ``per_joint`` {name: {pck, px}}.
    With ``mirror_too`` also ``mirrored``: the numbers of masks, heatmaps and joints, for the mean
    of what is found in the picture and in its mirror image.
    """
    start = time.perf_counter()
    look = partial(_measure_group, recipe=recipe)
    measured = map_groups(
        look, model, store, samples, recipe, mirror_too=mirror_too, communicator=communicator
    )
    result: dict[str, Any] = _means([(group.samples, group.once) for group in measured], store)
    del result["dice_loss"]  # of the pictures as the network sees them
    result |= {"pictures": len(samples), "seconds": time.perf_counter() - start}
    if mirror_too:
        result["mirrored"] = _means([(group.samples, group.twice) for group in measured], store)
    return result


class _Read(NamedTuple):
    """Terms of the sums over all pictures, by name, and where the joints of each were found."""

    terms: list[tuple[str, float]]
    places: list[np.ndarray]


class _Measured(NamedTuple):
    """Of one group: which samples, their predictions read once, and with those of the mirror."""

    samples: np.ndarray
    once: _Read
    twice: _Read | None


def _measure_group(group: Group, recipe: Recipe) -> _Measured:
    parts = loss_parts(group.scores, group.batch)
    parts["loss"] = total_loss(group.scores, group.batch, recipe)
    once = _read(group.people, group.predictions)
    once.terms[:0] = [(name, part.item() * len(group.samples)) for name, part in parts.items()]
    twice = _read(group.people, group.means) if group.means is not None else None
    return _Measured(group.samples, once, twice)


def _read(people: list[Person], predictions: list[Prediction]) -> _Read:
    read = _Read([], [])
    for person, found in zip(people, predictions, strict=True):
        for name, mask in (("dice", found.mask), ("dice_of_mask", (found.mask > 0.5) * 1.0)):
            read.terms.append((name, dice_coefficient(mask, person.mask)))
        if found.regression is not None:
            read.terms.append(("regression_highest", float(found.regression.max())))
        if found.joints is not None:
            read.places.append(found.joint_places()[0])
    return read


def _means(groups: list[tuple[np.ndarray, _Read]], store: PeopleStore) -> dict[str, Any]:
    """The numbers of all pictures from what was read of each group of them."""
    which = np.concatenate([samples for samples, _ in groups])
    sums: dict[str, float] = {}
    for _, read in groups:
        for name, term in read.terms:
            sums[name] = sums.get(name, 0.0) + term
    means: dict[str, Any] = {name: value / len(which) for name, value in sums.items()}
    places = [place for _, read in groups for place in read.places]
    if places:
        means |= measure_joints(np.stack(places), store.keypoints[which], store.sizes[which])
    return means


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
