"""Little pictures of stick people, for tests that need a store but no beauty."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from minipose.datasets.people import PeopleWriter, Person

STANCE = np.array(
    [(0, -52), (0, -40), (-12, -38), (-18, -22), (-22, -6), (12, -38), (18, -22), (22, -6), (0, 0),
     (-8, 0), (-9, 28), (-10, 56), (8, 0), (9, 28), (10, 56), (-3, -55), (3, -55), (-6, -54),
     (6, -54), (14, 62), (16, 61), (8, 59), (-14, 62), (-16, 61), (-8, 59)]
)  # fmt: skip


def stick_person(rng: np.random.Generator, size: tuple[int, int] = (40, 24), name="") -> Person:
    """A bright block of a person on a dark ground; one joint is undetected."""
    height, width = size
    keypoints = np.ones((25, 3), np.float32)
    keypoints[:, :2] = STANCE * (height / 150) + (width / 2, height / 2) + rng.normal(0, 0.3, 2)
    keypoints[rng.integers(25)] = 0
    mask = np.zeros(size, np.uint8)
    mask[height // 10 : -height // 10, width // 3 : -width // 3] = 1
    image = rng.integers(0, 90, (*size, 3)) + mask[..., None] * rng.integers(60, 160, 3)
    return Person(image.astype(np.uint8), mask, keypoints, name, "sticks")


def write_store(path: Path, count: int = 10, joints: bool = True) -> Path:
    """A store of upright and lying pictures of two sizes each, with joints or without."""
    rng = np.random.default_rng(0)
    writer = PeopleWriter(path)
    for i in range(count):
        person = stick_person(rng, [(40, 24), (32, 33)][i % 2], f"person{i}")
        writer.append(person if joints else replace(person, keypoints=0 * person.keypoints))
    writer.close()
    return path
