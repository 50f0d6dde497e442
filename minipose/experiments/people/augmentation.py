"""Pictures changed: mirrored, rotated, larger or smaller, cut off, in another light; and halved.

Joints follow the pixels: whole numbers are pixel centres, and an undetected joint (confidence 0)
stays 0, 0, 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.ndimage import affine_transform

from minipose.datasets.people import Person
from minipose.experiments.people.recipe import MULTIPLE, Recipe
from minipose.skeletons import BODY_25, mirrored
from minipose.targets.heatmaps import joint_pixels

MIRRORED = mirrored(BODY_25)  # the joint on the other side, for each joint
CUT = (1.25, 2.5)  # how much larger a window becomes, from and to


class Change(NamedTuple):
    """What happens to one picture: each None where it does not.

    Attributes
    ----------
    mirrored : whether it is
    window : zoom and shift, see ``part_of``
    warped : degrees and zoom, see ``warp``
    gains : of the three colours
    """

    mirrored: bool = False
    window: tuple[float, np.ndarray] | None = None
    warped: tuple[float, float] | None = None
    gains: np.ndarray | None = None


def augmented(person: Person, recipe: Recipe, rng: np.random.Generator) -> Person:
    """The picture as the recipe's ``flip``, ``turn``, ``zoom``, ``cut``, ``jitter`` change it."""
    return changed(person, drawn(person.keypoints, person.mask.shape, recipe, rng))


def drawn(
    keypoints: np.ndarray, size: tuple[int, int], recipe: Recipe, rng: np.random.Generator
) -> Change:
    """Draw what the recipe may do to a picture. The pixels are not needed: who computes only some
    pictures of a batch still draws for all.
    """
    mirrored = bool(recipe.flip and rng.random() < 0.5)
    window = warped = gains = None
    if recipe.cut and rng.random() < recipe.cut:
        window = _window(_mirrored(keypoints, size[1]) if mirrored else keypoints, size, rng)
    if recipe.turn or recipe.zoom:
        degrees = recipe.turn * rng.uniform(-1, 1)
        warped = degrees, (1 + recipe.zoom) ** rng.uniform(-1, 1)
    if recipe.jitter:
        gain = 1 + recipe.jitter * rng.uniform(-1, 1)
        gains = gain * (1 + 0.3 * recipe.jitter * rng.uniform(-1, 1, 3))
    return Change(mirrored, window, warped, gains)


def changed(person: Person, change: Change, halvings: int = 0) -> Person:
    """The picture after the change, halved so many times.

    It is halved before it is rotated, which costs a quarter then, and after a window of it is
    enlarged, which would show its pixels.
    """
    if change.mirrored:
        person = mirror(person)
    if change.window is not None:
        person = warp(person, 0.0, *change.window)
    if change.gains is not None:
        image = person.image * change.gains.astype(np.float32)
        person = replace(person, image=np.clip(image, 0, 255).astype(np.uint8))
    for _ in range(halvings):
        person = halved(person)
    if change.warped is not None:
        person = warp(person, *change.warped)
    return person


def mirror(person: Person) -> Person:
    """The picture in a mirror: what was a left joint is a right one."""
    keypoints = _mirrored(person.keypoints, person.mask.shape[1])
    image, mask = person.image[:, ::-1], person.mask[:, ::-1]
    return replace(person, image=image, mask=mask, keypoints=keypoints)


def _mirrored(keypoints: np.ndarray, width: int) -> np.ndarray:
    keypoints = keypoints[MIRRORED].copy()
    present = keypoints[:, 2] > 0
    keypoints[present, 0] = width - 1 - keypoints[present, 0]
    return keypoints


def part_of(person: Person, rng: np.random.Generator) -> Person:
    """A window about one of the joints, enlarged to the picture's size: others lie outside.

    The window has 1/2.5 to 1/1.25 of the picture's height and width, and lies inside it.
    """
    window = _window(person.keypoints, person.mask.shape, rng)
    return person if window is None else warp(person, 0.0, *window)


def _window(
    keypoints: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> tuple[float, np.ndarray] | None:
    """Zoom and shift (rows, columns, px) of ``part_of``; None where no joint is in the picture."""
    zoom = CUT[0] * (CUT[1] / CUT[0]) ** rng.random()
    here, _ = joint_pixels(keypoints, tuple(size))
    if not len(here):
        return None
    x, y, _ = keypoints[rng.choice(here) - 1]
    middle = (np.array(size) - 1) / 2
    room = (np.array(size) - np.array(size) / zoom) / 2  # of the window's centre
    return zoom, np.clip(np.array([y, x]) - middle, -room, room)


def warp(
    person: Person, degrees: float, zoom: float, shift: np.ndarray | tuple[float, float] = (0, 0)
) -> Person:
    """The picture rotated clockwise and enlarged about its centre; its size stays.

    With ``shift`` (rows, columns in px) the new centre lies so far from the old one. What comes in
    from outside is the picture mirrored at its border, where nobody is on the mask. Joints that
    leave the picture keep their places outside it: no target is drawn there.
    """
    matrix = rotation(degrees) / zoom
    middle = (np.array(person.mask.shape) - 1) / 2
    offset = middle + shift - matrix @ middle
    image, mask = _resampled(person, matrix, offset, person.mask.shape, "mirror")
    keypoints = person.keypoints.copy()
    present = keypoints[:, 2] > 0
    moved = (keypoints[present, 1::-1] - offset) @ np.linalg.inv(matrix).T
    keypoints[present, :2] = moved[:, ::-1]
    return replace(person, image=image, mask=mask, keypoints=keypoints)


def rotated(person: Person, degrees: float, multiple: int = MULTIPLE) -> Person:
    """The picture on a square, rotated about its centre; beyond its border it is mirrored.

    The square is as large as the longer side, so the person stays whole unless they reach into the
    corners, rounded up to what the networks work on (a ``multiple`` of so many px; of more where
    they see the picture smaller): they would pad it at the right and at the bottom only, which does
    not rotate with the picture. At 0 degrees nothing but the square is added, so that all angles
    are compared on it. Joints are left out.
    """
    side = -(-max(person.mask.shape) // multiple) * multiple
    matrix, middle = rotation(degrees), np.full(2, (side - 1) / 2)
    offset = (np.array(person.mask.shape) - 1) / 2 - matrix @ middle
    image, mask = _resampled(person, matrix, offset, (side, side), "reflect")
    return Person(image, mask, np.zeros((25, 3), np.float32), person.name)


def rotation(degrees: float) -> np.ndarray:
    """Matrix from (row, column) in a picture rotated clockwise to the one before."""
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _resampled(
    person: Person, matrix: np.ndarray, offset: np.ndarray, size: tuple[int, int], beyond: str
) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask at matrix · (row, column) + offset, and what lies beyond the border."""

    def sampled(plane: np.ndarray, mode: str) -> np.ndarray:
        plane = plane.astype(np.float32)
        return affine_transform(plane, matrix, offset, size, order=1, mode=mode)

    image = np.stack([sampled(person.image[..., c], beyond) for c in range(3)], axis=-1)
    mask = sampled(person.mask != 0, "constant") > 0.5
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), mask.astype(np.uint8)


def as_seen(person: Person, recipe: Recipe) -> Person:
    """The picture in the size that the network has it in outside of training."""
    for _ in range(recipe.halved):
        person = halved(person)
    return person


def halved(person: Person) -> Person:
    """The picture at half its size: means of 2 × 2 pixels; an odd last row or column is dropped."""
    height, width = (size // 2 for size in person.mask.shape)

    def means(pixels: np.ndarray) -> np.ndarray:
        even = pixels[: 2 * height, : 2 * width].astype(np.float32)
        rows = even[::2] + even[1::2]
        return (rows[:, ::2] + rows[:, 1::2]) / 4  # (height, width[, channels])

    image = np.rint(means(person.image)).astype(np.uint8)
    mask = (means(person.mask != 0) >= 0.5).astype(np.uint8)
    return replace(person, image=image, mask=mask, keypoints=reduced_keypoints(person.keypoints, 2))


def reduced_keypoints(keypoints: np.ndarray, factor: int) -> np.ndarray:
    """Keypoints (25, 3) in px of a picture of a whole fraction of the size.

    A pixel's centre lies half a pixel from its edge, in both pictures.
    """
    reduced, present = keypoints.copy(), keypoints[:, 2] > 0
    reduced[present, :2] = (reduced[present, :2] - (factor - 1) / 2) / factor
    return reduced
