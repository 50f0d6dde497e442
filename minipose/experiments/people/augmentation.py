"""Training pictures seen anew: mirrored, turned, larger or smaller, in another light; and halved.

Joints follow the pixels: whole numbers are pixel centres, and an undetected joint (confidence 0)
stays 0, 0, 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import affine_transform

from minipose.datasets.people import Person
from minipose.experiments.people.recipe import Recipe
from minipose.skeletons import BODY_25, mirrored

_MIRRORED = mirrored(BODY_25)


def augmented(person: Person, recipe: Recipe, rng: np.random.Generator) -> Person:
    """The picture as the recipe's ``flip``, ``turn``, ``zoom`` and ``jitter`` may change it."""
    if recipe.flip and rng.random() < 0.5:
        person = mirror(person)
    if recipe.turn or recipe.zoom:
        degrees = recipe.turn * rng.uniform(-1, 1)
        person = warp(person, degrees, (1 + recipe.zoom) ** rng.uniform(-1, 1))
    if recipe.jitter:
        gain = 1 + recipe.jitter * rng.uniform(-1, 1)
        gains = gain * (1 + 0.3 * recipe.jitter * rng.uniform(-1, 1, 3))
        image = np.clip(person.image * gains.astype(np.float32), 0, 255).astype(np.uint8)
        person = replace(person, image=image)
    return person


def mirror(person: Person) -> Person:
    """The picture in a mirror: what was a left joint is a right one."""
    keypoints = person.keypoints[_MIRRORED].copy()
    present = keypoints[:, 2] > 0
    keypoints[present, 0] = person.mask.shape[1] - 1 - keypoints[present, 0]
    image, mask = person.image[:, ::-1], person.mask[:, ::-1]
    return replace(person, image=image, mask=mask, keypoints=keypoints)


def warp(person: Person, degrees: float, zoom: float) -> Person:
    """The picture turned clockwise and enlarged about its centre; its size stays.

    What comes in from outside is the picture mirrored at its border, where nobody is on the mask.
    Joints that leave the picture keep their places outside it: no target is drawn there.
    """
    height, width = person.mask.shape
    angle = np.deg2rad(degrees)
    # (row, column) in the new picture -> in the old one
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    offset = middle - turn @ middle

    def sampled(plane: np.ndarray, mode: str) -> np.ndarray:
        return affine_transform(plane.astype(np.float32), turn, offset, order=1, mode=mode)

    image = np.stack([sampled(person.image[..., c], "mirror") for c in range(3)], axis=-1)
    mask = sampled(person.mask != 0, "constant") > 0.5
    keypoints = person.keypoints.copy()
    present = keypoints[:, 2] > 0
    moved = (keypoints[present, 1::-1] - offset) @ np.linalg.inv(turn).T
    keypoints[present, :2] = moved[:, ::-1]
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return replace(person, image=image, mask=mask.astype(np.uint8), keypoints=keypoints)


def halved(person: Person) -> Person:
    """The picture at half its size: means of 2 × 2 pixels; an odd last row or column is dropped."""
    height, width = (size // 2 for size in person.mask.shape)

    def means(pixels: np.ndarray) -> np.ndarray:
        even = pixels[: 2 * height, : 2 * width].astype(np.float32)
        rows = even[::2] + even[1::2]
        return (rows[:, ::2] + rows[:, 1::2]) / 4  # (height, width[, channels])

    image = np.rint(means(person.image)).astype(np.uint8)
    mask = (means(person.mask != 0) >= 0.5).astype(np.uint8)
    keypoints = person.keypoints.copy()
    present = keypoints[:, 2] > 0
    # A pixel's centre lies half a pixel from its edge, in both pictures.
    keypoints[present, :2] = (keypoints[present, :2] - 0.5) / 2
    return replace(person, image=image, mask=mask, keypoints=keypoints)
