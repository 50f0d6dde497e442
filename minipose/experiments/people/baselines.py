"""What constant answers reach: the numbers that stand beside every result."""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.datasets.people import PeopleStore
from minipose.experiments.job import Split
from minipose.experiments.people.augmentation import as_seen
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.joint_errors import measure_joints
from minipose.experiments.people.recipe import Outputs, Recipe
from minipose.metrics import dice_coefficient, visible_joints

GRID = 64  # cells along either side, of the mean mask
LEVELS = np.linspace(0.1, 0.9, 17)  # at which it may be cut
LOOKED_AT = 400  # training pictures


def baselines(store: PeopleStore, split: Split, recipe: Recipe) -> dict[str, Any]:
    """What constant answers, taken from the first part, reach on the pictures of the last.

    Where a whole store is measured both are the same: no constant answer can do better there.

    ``dice_of_background``: nothing is person; ``dice_of_everything``: all is person;
    ``dice_of_mean_mask``: in every picture the mean of the training pictures' masks, as fractions
    of height and width, cut at the level that is best for those.
    ``mse_of_zero``, ``cross_entropy_of_frequencies``, in the size that the network sees: a heatmap
    of zeros, and in every pixel the same class probabilities, those of the training pictures.
    ``mean_places_*``: in every picture each joint is at its mean place in the training pictures, as
    fractions of height and width.
    """
    sums = {name: 0.0 for name in ("background", "everything", "mean_mask")}
    training, *_, validation = [*split.values()] if len(split) > 1 else [*split.values()] * 2
    frequencies = _class_weights(store, training, recipe)
    mean_mask = _mean_mask(store, training[:LOOKED_AT])
    mass, squares = np.zeros(len(frequencies)), 0.0
    for i in validation:
        person = store[int(i)]
        nothing = np.zeros(person.mask.shape)
        answers = {"background": nothing, "everything": nothing + 1}
        answers["mean_mask"] = _resampled(mean_mask, person.mask.shape)
        for name, answer in answers.items():
            sums[name] += dice_coefficient(answer, person.mask)
        outputs = Outputs(recipe.outputs.joints or "classes", regression=True)
        batch = make_batch([as_seen(person, recipe)], outputs, recipe.peak, patch=recipe.patch)
        squares += float((batch.regression.astype(np.float64) ** 2).mean())
        mass += batch.joints.mean(axis=(0, 2, 3), dtype=np.float64)
    result: dict[str, Any] = {f"dice_of_{n}": value / len(validation) for n, value in sums.items()}
    result["mse_of_zero"] = squares / len(validation)
    frequencies = frequencies / frequencies.sum()
    entropy = 0.0 - (mass * np.log(np.maximum(frequencies, 1e-12))).sum()  # 0, never −0
    result["cross_entropy_of_frequencies"] = float(entropy / len(validation))
    places = _mean_places(store, training) * store.sizes[validation][:, None, ::-1]
    joints = measure_joints(places, store.keypoints[validation], store.sizes[validation])
    result |= {f"mean_places_{k}": v for k, v in joints.items() if k != "per_joint"}
    return result


def _mean_mask(store: PeopleStore, samples: np.ndarray) -> np.ndarray:
    """Where the mean mask of these pictures, cut at its best level, is 1: float (GRID, GRID)."""
    masks = [_resampled(store[int(i)].mask != 0, (GRID, GRID)) for i in samples]
    mean = np.mean(masks, axis=0)

    def dice(level: float) -> float:
        return float(np.mean([dice_coefficient((mean >= level) * 1.0, mask) for mask in masks]))

    return (mean >= max(LEVELS, key=dice)) * 1.0


def _resampled(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Stretched to another size: each pixel takes the value that lies at its centre."""
    rows, columns = (
        ((np.arange(n) + 0.5) / n * old).astype(int)
        for n, old in zip(size, plane.shape, strict=True)
    )
    return plane[rows[:, None], columns] * 1.0


def _class_weights(store: PeopleStore, samples: np.ndarray, recipe: Recipe) -> np.ndarray:
    """How much each of the 26 channels' targets hold, over at most 200 pictures."""
    outputs = Outputs(recipe.outputs.joints or "classes")
    total = 0.0
    for i in samples[:200]:
        batch = make_batch([as_seen(store[int(i)], recipe)], outputs, patch=recipe.patch)
        total = total + batch.joints.sum((0, 2, 3), np.float64)
    return total


def _mean_places(store: PeopleStore, samples: np.ndarray) -> np.ndarray:
    """(25, 2): x over width and y over height, averaged where the joint is visible."""
    keypoints, sizes = store.keypoints[samples], store.sizes[samples]
    visible = visible_joints(keypoints, sizes)
    relative = keypoints[:, :, :2] / sizes[:, None, ::-1]
    count = np.maximum(visible.sum(axis=0), 1)[:, None]
    return (relative * visible[..., None]).sum(axis=0) / count
