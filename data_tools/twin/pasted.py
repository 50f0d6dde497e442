"""Paste people of photographs before drawn surroundings: more pictures of the same people.

Photographs of one kind, such as streets, teach a network that people stand in streets. Cut out
along their masks, at other sizes and before other surroundings, the same people teach it what a
person looks like. Source: Dwibedi et al. 2017, *Cut, paste and learn*.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import affine_transform, binary_erosion, gaussian_filter

from data_tools.processes import pool
from data_tools.twin.body.clothes import dress
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.stances import draw_stance
from data_tools.twin.camera.photo import develop
from data_tools.twin.camera.placement import frame
from data_tools.twin.camera.render_scene import look
from data_tools.twin.people import draw_bones, draw_clothes, outline
from data_tools.twin.scene.places import draw_place
from minipose.datasets.crop import box_of
from minipose.datasets.people import PeopleStore, PeopleWriter, Person
from minipose.errors import UserError

WIDE = 0.4  # of the pictures lie, the others keep their photograph's size
WHOLE = 0.5  # of the pictures show all that the photograph shows of somebody; the others a part
LEAST = 0.03  # of a picture is person
TRIES = 20
NAMED = re.compile(r"pasted\d+_\d{6,}_\d+")


class Place(NamedTuple):
    """Where somebody goes: ``zoom`` times as large, (row, column) ``before`` to ``after``."""

    zoom: float
    before: np.ndarray
    after: np.ndarray

    def moved(
        self, plane: np.ndarray, size: tuple[int, int], beyond: str = "constant"
    ) -> np.ndarray:
        """A plane (H, W) of the photograph there, in a picture of ``size``.

        Beyond the photograph it is 0, or ("nearest") goes on as at its edge: colours must, where
        that edge cuts somebody, or the soft outline there would be dark.
        """
        matrix = np.eye(2) / self.zoom
        offset = self.before - matrix @ self.after
        plane = plane.astype(np.float32)
        return affine_transform(plane, matrix, offset, size, order=1, mode=beyond)


def paste(person: Person, rng: np.random.Generator) -> Person | None:
    """The person before drawn surroundings, and what is left of their mask and joints there.

    Joints that leave the picture keep their places outside of it. None if there is too little of
    the person to be seen anywhere.
    """
    size = draw_size(person.mask.shape, rng)
    place = _find_place(person.mask, size, rng)
    if place is None:
        return None
    # An outline a pixel too wide would bring the old surroundings along; one that always is a
    # pixel too narrow would teach that.
    narrow = binary_erosion(person.mask) if rng.random() < 0.5 else person.mask
    cover = gaussian_filter(place.moved(narrow, size), 0.6)[..., None]
    colours = np.stack([place.moved(person.image[..., c], size, "nearest") for c in range(3)], -1)
    light = np.exp(rng.normal(0, 0.1))
    image = light * colours * cover + draw_surroundings(size, rng) * (1 - cover)
    keypoints = person.keypoints.copy()
    found = keypoints[:, 2] > 0
    moved = (keypoints[found, 1::-1] - place.before) * place.zoom + place.after
    keypoints[found, :2] = moved[:, ::-1]
    return replace(
        person,
        image=np.clip(image, 0, 255).astype(np.uint8),
        mask=(place.moved(person.mask, size) > 0.5).astype(np.uint8),
        keypoints=keypoints,
    )


def draw_size(size: tuple[int, ...], rng: np.random.Generator) -> tuple[int, int]:
    """(H, W) px of a picture: that of the photograph, or one that lies."""
    height, width = size
    if rng.random() >= WIDE:
        return height, width
    short = min(height, width)
    return short, int(short * rng.uniform(1.2, 1.6))


def draw_surroundings(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A room, street or park as a photograph, with nobody in it: uint8 (H, W, 3).

    The camera stands as it would for somebody who is drawn (``people.make_sample``).
    """
    bones = draw_bones(rng)
    posed = stand_up(bones, draw_stance(rng), heading=0.0)
    camera = frame(outline(dress(posed, bones, draw_clothes(rng))), size, rng)
    seen = look(draw_place(rng, camera.centre), camera, size)
    focus = rng.gamma(1.2, 0.5)
    return develop(gaussian_filter(seen, (focus, focus, 0)) if focus > 0.2 else seen, rng)


def _find_place(mask: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> Place | None:
    """Somewhere in the picture, large enough to be seen; None if there is no such place."""
    if not mask.any():
        return None
    for _ in range(TRIES):
        place = _draw_place(box_of(mask), size, rng)
        if (place.moved(mask, size) > 0.5).mean() >= LEAST:
            return place
    return None


def _draw_place(
    box: tuple[int, int, int, int], size: tuple[int, int], rng: np.random.Generator
) -> Place:
    """Whole, or larger than the picture: then often from the head down, else any part."""
    x0, y0, x1, y1 = box
    before = np.array([(y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2])
    height, width = size
    column = width * rng.uniform(0.3, 0.7)
    if rng.random() < WHOLE:
        fits = min(height / (y1 - y0), width / (x1 - x0))
        zoom = rng.uniform(0.75, 0.95) * fits
        half = zoom * (x1 - x0) / 2
        return Place(
            zoom, before, np.array([height / 2, np.clip(column, half + 1, width - half - 1)])
        )
    zoom = rng.uniform(1.0, 2.4) * height / (y1 - y0)
    half = zoom * (y1 - y0) / 2
    head = rng.uniform(-0.02, 0.15) * height  # the row of the top of it
    row = half + head if rng.random() < 0.4 else rng.uniform(height - half, half)
    return Place(zoom, before, np.array([row, column]))


def make_sample(store: Path, number: int, seed: int, turn: int) -> Person | None:
    """Picture ``turn`` of the store's person ``number``: the same for the same four."""
    pasted = paste(_opened(store)[number], np.random.default_rng([67, seed, number, turn]))
    name = f"pasted{seed}_{number:06d}_{turn}"
    return pasted and replace(pasted, name=name, split="train")


@lru_cache(maxsize=1)
def _opened(store: Path) -> PeopleStore:
    return PeopleStore(store)


def write(
    store: Path,
    out: Path,
    times: int = 1,
    seed: int = 0,
    workers: int = 2,
    report: Callable | None = None,
) -> tuple[int, int]:
    """A store of all people of ``store`` and, ``times`` each, of those trained on pasted ones.

    Who is trained on and who validates stays as it is, and is written down: nobody who validates
    is pasted. Returns how many people there were, and how many pictures came to them.

    Raises
    ------
    UserError
        If ``store`` is not one, holds pasted pictures already, or cannot be split.
    """
    with PeopleStore(store) as people:
        if any(map(NAMED.fullmatch, people.names)):
            raise UserError(f"{store}: holds pasted pictures, expected a store of photographs")
        parts = people.split()
        part_of = {int(i): part for part, numbers in parts.items() for i in numbers}
        numbers = sorted(map(int, parts["train"])) * times
        turns = np.repeat(np.arange(times), len(parts["train"])).tolist()
        with PeopleWriter(out) as writer, pool(workers) as processes:
            for i in range(len(people)):
                writer.append(replace(people[i], split=part_of[i]))
            tasks = (repeat(store), numbers, repeat(seed), turns)
            for person in processes.map(make_sample, *tasks, chunksize=8):
                if person is not None:
                    writer.append(person)
                if report:
                    report(len(numbers))
            return len(people), writer.count - len(people)
