"""Batches of pictures with masks and joint targets, read from the store one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minipose.backend import Array, to_device
from minipose.datasets.people import PeopleStore, Person
from minipose.experiments.people.augmentation import (
    changed,
    drawn,
    reduced_keypoints,
)
from minipose.experiments.people.recipe import MULTIPLE, Outputs, Recipe
from minipose.targets.heatmaps import expand, joint_targets
from minipose.training.batches import Batches
from minipose.training.ranks import WHOLE, Division, Share


class Batch(NamedTuple):
    """Pictures of one padded size and what the network should predict for them.

    Attributes
    ----------
    images : float32 (B, 3, H, W) in [0, 1], zero beyond the right and bottom border of a picture
    mask : float32 (B, H, W), 1 on the person
    joints : float32 (B, 26, H, W), or of blocks of pixels (B, 26, H / patch, W / patch), or None
        for models without them
    regression : float32 (B, 1, H, W), 0 to the peak, of blocks as the joints are, or None
    """

    images: Array
    mask: Array
    joints: Array | None
    regression: Array | None


def padded_sizes(sizes: np.ndarray) -> np.ndarray:
    """Heights and widths rounded up to what the network works on."""
    return -(-sizes // MULTIPLE) * MULTIPLE


def grouped(
    sizes: np.ndarray, samples: np.ndarray, batch: int, rng: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Samples in groups of at most ``batch`` with one padded size, in random order with ``rng``.

    The number of groups does not depend on the order.
    """
    order = samples if rng is None else samples[rng.permutation(len(samples))]
    padded = padded_sizes(sizes[order])
    groups = []
    for size in np.unique(padded, axis=0):
        same = order[(padded == size).all(axis=1)]
        groups += [same[start : start + batch] for start in range(0, len(same), batch)]
    if rng is not None:
        groups = [groups[i] for i in rng.permutation(len(groups))]
    return groups


def training_batches(
    store: PeopleStore,
    samples: np.ndarray,
    recipe: Recipe,
    seed: int,
    device: str,
    division: Division = WHOLE,
) -> Batches:
    """epoch -> its batches: the same for the same epoch, whatever was trained before.

    The recipe's ``quarter_epochs`` and then its ``half_epochs`` see smaller pictures. Of several
    ranks each makes its own rows (``Share``), in the size that all have.
    """

    def draw(rng: np.random.Generator, epoch: int) -> Iterator[Batch | Share]:
        halvings = recipe.halvings(epoch)
        for group in grouped(store.sizes, samples, recipe.batch, rng):
            rows = division.rows(len(group))
            changes = [drawn(store.keypoints[i], store.sizes[i], recipe, rng) for i in group]
            chosen = zip(group[rows], changes[rows], strict=True)
            people = [changed(store[int(i)], change, halvings) for i, change in chosen]
            size = store.sizes[group].max(axis=0) >> halvings
            made = make_batch(people, recipe.outputs, recipe.peak, device, recipe.patch, size)
            yield division.labelled(made, len(group))

    return Batches(draw, len(grouped(store.sizes, samples, recipe.batch)), seed)


def make_batch(
    people: Sequence[Person],
    outputs: Outputs,
    peak: float = 100.0,
    device: str = "cpu",
    patch: int = 1,
    size: Sequence[int] | None = None,
) -> Batch:
    """Scale to [0, 1], pad right and bottom with zeros, draw the targets of these outputs.

    Joints and heatmap are of blocks of ``patch`` × ``patch`` pixels.

    Parameters
    ----------
    size : height and width, px, of the largest picture, where that is not one of these people's
    """
    sizes = np.array([f.mask.shape for f in people] if size is None else [size])
    height, width = (int(n) for n in padded_sizes(sizes).max(axis=0))
    count = len(people)
    images = np.zeros((count, 3, height, width), np.float32)
    mask = np.zeros((count, height, width), np.float32)
    blocks = (count, height // patch, width // patch)
    classes, values = np.zeros(blocks, np.uint8), np.zeros(blocks, np.float32)
    for n, person in enumerate(people):
        h, w = person.mask.shape
        images[n, :, :h, :w] = person.image.transpose(2, 0, 1)
        mask[n, :h, :w] = person.mask != 0
        if outputs.joints or outputs.regression:
            keypoints, (h, w) = reduced_keypoints(person.keypoints, patch), (h // patch, w // patch)
            classes[n, :h, :w], values[n, :h, :w] = joint_targets(keypoints, (h, w))
    images *= np.float32(1 / 255)
    joints = regression = None
    if outputs.joints:
        joints = expand(classes, values if outputs.joints == "confidences" else None)
    if outputs.regression:
        regression = values[:, None] * np.float32(peak)
    on = [None if a is None else to_device(a, device) for a in (images, mask, joints, regression)]
    return Batch(*on)
