"""Batches of report 1's two networks, read from the store pool by pool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minipose.backend import Array, to_device
from minipose.datasets.h36m import H36MStore, shuffled_pools
from minipose.experiments.pose3d.recipe import Recipe
from minipose.skeletons import H36M_17, mirrored
from minipose.targets.windows import window_labels
from minipose.training.batches import Batches
from minipose.training.ranks import WHOLE, Division, Share

_MIRRORED = mirrored(H36M_17)

ALL = slice(None)  # rows of a batch


class Batch(NamedTuple):
    """Images (B, 1, 128, 128) in [0, 1]; window labels (B, 1700) or joints (B, 51) in mm."""

    images: Array
    target: Array


def as_input(images: np.ndarray, gain: np.ndarray | float = 1.0) -> np.ndarray:
    """uint8 (B, 128, 128) -> float32 (B, 1, 128, 128) in [0, 1], times a gain per image."""
    factor = np.reshape(np.float32(gain) / np.float32(255), (-1, 1, 1, 1))
    return np.multiply(images[:, None], factor, dtype=np.float32)


def training_batches(
    store: H36MStore,
    frames: np.ndarray,
    head: str,
    recipe: Recipe,
    seed: int,
    device: str,
    division: Division = WHOLE,
) -> Batches:
    """epoch -> its batches: the same for the same epoch, whatever was trained before.

    Of several ranks each makes its own rows (``Share``).
    """
    rows = division.rows(recipe.batch)

    def draw(rng: np.random.Generator, epoch: int) -> Iterator[Batch | Share]:
        field = "keypoints_2d" if head == "detection" else "joints_3d"
        for pool in shuffled_pools(frames, recipe.batch, rng):
            images, joints = store.read("images", pool), store.read(field, pool)
            for start in range(0, len(pool), recipe.batch):
                piece = slice(start, start + recipe.batch)
                made = make_batch(images[piece], joints[piece], head, recipe, rng, device, rows)
                yield division.labelled(made, recipe.batch)

    return Batches(draw, len(frames) // recipe.batch, seed)


def make_batch(
    images: np.ndarray,
    joints: np.ndarray,
    head: str,
    recipe: Recipe,
    rng: np.random.Generator,
    device: str = "cpu",
    rows: slice = ALL,
) -> Batch:
    """Vary images as the recipe says, scale them, make targets: of all of them, or these rows.

    What is random is drawn for all, so that rows are the same with and without the others.
    """
    gain = np.ones(len(images))
    if recipe.jitter:
        gain = rng.uniform(1 - recipe.jitter, 1 + recipe.jitter, len(images))
    chosen = rng.random(len(images)) < 0.5 if recipe.flip else None
    images, joints, gain = images[rows], joints[rows], gain[rows]
    if chosen is not None:
        chosen = chosen[rows]
        images = np.where(chosen[:, None, None], images[:, :, ::-1], images)
        joints = np.where(chosen[:, None, None], mirror(joints), joints)
    if head == "detection":
        target = window_labels(joints)
    else:
        target = joints.reshape(len(joints), -1)
    return Batch(to_device(as_input(images, gain), device), to_device(target, device))


def mirror(joints: np.ndarray) -> np.ndarray:
    """Joints as in the mirrored picture: left and right change names, x changes its sign.

    Takes (B, 17, 3) in mm about the pelvis, or (B, 17, 2) in px of the 128 × 128 crop.
    """
    swapped = joints[:, _MIRRORED].copy()
    swapped[..., 0] = -swapped[..., 0] if joints.shape[-1] == 3 else 127.0 - swapped[..., 0]
    return swapped
