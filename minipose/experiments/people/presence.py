"""Is a joint in the picture at all? How far the confidences can be trusted.

People in the store are whole. So each picture is cut down to a part about one joint
(``part_of``), and the network is asked about all joints that were annotated in the whole picture:
some are still there, the others are not.
"""

from __future__ import annotations

import numpy as np

from minipose.datasets.people import PeopleStore, Person
from minipose.experiments.people.augmentation import part_of
from minipose.experiments.people.confidence import (
    SURE,
    UNTOLD,
    Calibration,
    calibrate,
    calibration_of,
)
from minipose.experiments.people.outputs import Group, map_groups
from minipose.experiments.people.recipe import Outputs, Recipe
from minipose.metrics import visible_joints
from minipose.nn import Module
from minipose.training.communicator import ALONE, Communicator

FITTED = 200  # training pictures from which confidences are calibrated


def in_parts_of_pictures(
    model: Module,
    store: PeopleStore,
    samples: np.ndarray,
    recipe: Recipe,
    communicator: Communicator = ALONE,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each joint that is annotated in the whole picture: what is found in a part of it.

    Returns
    -------
    evidence : (K,), how much of the joint is in its channel
    present : bool (K,), whether the joint lies in the part
    joint : (K,), its number in BODY_25
    """

    def part(person: Person, sample: int) -> Person:
        return part_of(person, np.random.default_rng([sample, 25]))

    def of_group(group: Group) -> list[tuple[np.ndarray, ...]]:
        found = []
        for sample, person, prediction in zip(
            group.samples, group.people, group.predictions, strict=True
        ):
            size = store.sizes[sample : sample + 1]
            asked = visible_joints(store.keypoints[sample : sample + 1], size)[0]
            there = visible_joints(person.keypoints[None], size)[0]
            found.append((prediction.evidence[asked], there[asked], np.flatnonzero(asked)))
        return found

    given = {"change": part, "communicator": communicator}
    found = map_groups(of_group, model, store, samples, recipe, Outputs(), **given)
    pictures = [picture for group in found for picture in group]
    return tuple(np.concatenate(each) for each in zip(*pictures, strict=True))


def fitted(
    model: Module,
    store: PeopleStore,
    samples: np.ndarray,
    recipe: Recipe,
    communicator: Communicator = ALONE,
) -> Calibration:
    """The calibration of a network's confidences by parts of some training pictures.

    If no joint is annotated in them, it is the one that nothing was fitted to.
    """
    few = samples[:: max(1, len(samples) // FITTED)][:FITTED]
    evidence, present, _ = in_parts_of_pictures(model, store, few, recipe, communicator)
    return calibrate(evidence, present) if len(present) else UNTOLD


def measure_presence(
    model: Module,
    store: PeopleStore,
    samples: np.ndarray,
    recipe: Recipe,
    communicator: Communicator = ALONE,
) -> dict[str, float | None]:
    """Precision and recall of the joints that are found in parts of these pictures.

    Returns
    -------
    ``joints`` that were asked about, the fraction of them that is ``present`` (also the precision
    of saying that all are), ``precision`` and ``recall`` at a confidence of one half, and
    ``ranked``, the probability that a joint that is there has a higher confidence than one that is
    not (None where one kind is missing). Nothing, if no joint is annotated.
    """
    evidence, present, _ = in_parts_of_pictures(model, store, samples, recipe, communicator)
    if not len(present):
        return {}
    found = calibration_of(model)(evidence) >= SURE
    right = int((found & present).sum())
    return {
        "joints": len(present),
        "present": float(present.mean()),
        "precision": right / max(int(found.sum()), 1),
        "recall": right / max(int(present.sum()), 1),
        "ranked": ranked(evidence, present),
    }


def ranked(values: np.ndarray, present: np.ndarray) -> float | None:
    """P(value of a present one > value of an absent one), equal ones counted half.

    None where one kind is missing.
    """
    low, high = np.sort(values[~present]), values[present]
    if not len(low) or not len(high):
        return None
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.mean() / 2 / len(low))
