"""Write synthetic pictures of single people, with the files that the people builder reads.

images/NAME.jpg
keypoints/NAME_keypoints.json   OpenPose BODY_25, version 1.3
masks/NAME.png                  0 and 255
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.processes import pool
from data_tools.twin.body.body25 import body_25, detect, hidden
from data_tools.twin.body.clothes import Cloth, Outfit, Parts, draw_outfit, dress
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.kinematics import Bones
from data_tools.twin.body.stances import draw_stance
from data_tools.twin.camera.photo import take_picture
from data_tools.twin.camera.placement import frame
from data_tools.twin.camera.render_scene import look
from data_tools.twin.claim import claim
from data_tools.twin.scene.paints import any_colour, plain
from data_tools.twin.scene.places import draw_place
from data_tools.twin.scene.world import Box, Lamp
from minipose.storage import remove_abandoned, write_bytes, write_text

FOLDERS = ("images", "keypoints", "masks")


@dataclass(frozen=True)
class Sample:
    """One picture: uint8 (H, W, 3), bool (H, W), (25, 3)."""

    image: np.ndarray
    mask: np.ndarray
    keypoints: np.ndarray


def make_sample(seed: int, number: int) -> Sample:
    """Picture ``number`` of the collection ``seed``: the same for the same two numbers."""
    rng = np.random.default_rng([57, seed, number])
    bones, outfit, stance = draw_bones(rng), draw_clothes(rng), draw_stance(rng)
    posed = stand_up(bones, stance, heading=float(rng.normal(0, 25)))
    parts = dress(posed, bones, outfit)
    size = draw_size(rng, posed.joints[0])
    camera = frame(outline(parts), size, rng)
    scene = draw_place(rng, camera.centre)
    if stance.seat:
        scene.boxes.append(_seat(posed.joints[0], rng))
    image, mask = take_picture(look(scene, camera, size), parts, camera, _soft(scene.lamp), rng)
    points = body_25(posed)
    unseen = hidden(points, posed, parts, camera)
    pixels = camera.project(camera.to_camera(points))
    return Sample(image, mask, detect(pixels, unseen, size, rng))


def outline(parts: Parts) -> np.ndarray:
    """Points (M, 3), mm, all around a body's first frame: what a picture has to hold."""
    ends = np.concatenate([parts.a[0], parts.b[0]])
    radius = np.tile(np.maximum(parts.radius_a, parts.radius_b), 2)[:, None]
    return np.concatenate([ends + sign * radius * axis for sign in (-1, 1) for axis in np.eye(3)])


def draw_bones(rng: np.random.Generator) -> Bones:
    """Somebody's size and build."""
    size = float(np.clip(rng.normal(1.0, 0.07), 0.75, 1.15))
    legs, arms, wide = rng.normal(1.0, (0.03, 0.035, 0.06))
    lengths = {
        "hip": 130 * wide, "thigh": 443 * legs, "shin": 446 * legs, "spine": 236.0,
        "chest": 254.0, "shoulder": 154 * wide, "upper_arm": 279 * arms, "forearm": 250 * arms,
    }  # fmt: skip
    build = float(np.clip(rng.normal(1.03, 0.1), 0.82, 1.4))
    return Bones(**{k: float(size * v) for k, v in lengths.items()}, build=build)


def draw_clothes(rng: np.random.Generator) -> Outfit:
    """An outfit in any colours, more often with a skirt or short trousers than the walkers'."""
    outfit = draw_outfit(rng)

    def dyed(cloth: Cloth, dark: float) -> Cloth:
        sober = rng.random() < dark
        vivid = any_colour(rng, (0.05, 0.8), (0.12, 0.88))
        colour = any_colour(rng, (0, 0.3), (0.05, 0.55)) if sober else vivid
        # Patterns are mostly of kindred colours.
        other = any_colour(rng, (0, 0.5), (0.1, 0.92))
        second = tuple(0.4 * c + 0.6 * o for c, o in zip(colour, other, strict=True))
        second = second if cloth.second else None
        return replace(cloth, colour=colour, second=second)

    tone = rng.uniform(0, 1)
    light, deep = np.array((0.93, 0.74, 0.64)), np.array((0.36, 0.23, 0.17))
    skin = light + tone * (deep - light) + rng.normal(0, 0.015, 3)
    shirt = dyed(outfit.shirt, 0.3)
    return replace(
        outfit,
        skin=tuple(float(c) for c in np.clip(skin, 0.1, 0.97)),
        hair_colour=any_colour(rng, (0.1, 0.65), (0.04, 0.7), (0.02, 0.12)),
        shirt=shirt,
        trousers=shirt if rng.random() < 0.08 else dyed(outfit.trousers, 0.55),
        shoes=any_colour(rng, (0, 0.6), (0.05, 0.95)),
        sleeves=int(rng.choice(3, p=(0.25, 0.4, 0.35))),
        legs=int(rng.choice(3, p=(0.1, 0.25, 0.65))),
        skirt=bool(rng.random() < 0.18),
    )


def draw_size(rng: np.random.Generator, joints: np.ndarray) -> tuple[int, int]:
    """(H, W), px: upright for a body that stands, wider for one that spreads."""
    short = int(rng.integers(128, 201))
    wide, tall = np.ptp(joints[:, :2]), np.ptp(joints[:, 2])
    if wide > 0.95 * tall or rng.random() < 0.15:
        return short, int(short * rng.uniform(1.0, 1.5))
    return int(short * rng.uniform(1.2, 1.6)), short


def write(
    root: Path, count: int, seed: int = 0, workers: int = 2, report: Callable | None = None
) -> int:
    """Write pictures 0 ... count − 1 that are not there yet; returns how many were written.

    Raises
    ------
    UserError
        If the folder holds something else: real data, or pictures of another seed.
    Taken
        If another process is writing into it.
    """
    with claim(root, {"seed": seed}, adopted=_drawn_before(root, seed)):
        for name in FOLDERS:
            (root / name).mkdir(parents=True, exist_ok=True)
            remove_abandoned(root / name)
        missing = [n for n in range(count) if not _paths(root, seed, n)[0].exists()]
        if workers == 1 or len(missing) < 8:
            _report(map(_write_sample, repeat(root), repeat(seed), missing), missing, report)
        else:
            with pool(workers) as processes:
                jobs = processes.map(
                    _write_sample, repeat(root), repeat(seed), missing, chunksize=8
                )
                _report(jobs, missing, report)
    return len(missing)


def _report(results: Iterable[None], missing: list[int], report: Callable | None) -> None:
    for _ in results:
        if report:
            report(len(missing))


def _drawn_before(root: Path, seed: int) -> bool:
    """Whether the folder holds only this seed's pictures, from before folders were marked."""
    if not all((root / name).is_dir() for name in FOLDERS):
        return False
    begins = f"twin{seed}_"
    return all(path.name.startswith((begins, ".")) for path in (root / "images").iterdir())


def _paths(root: Path, seed: int, number: int) -> tuple[Path, Path, Path]:
    name = f"twin{seed}_{number:06d}"
    return (
        root / "images" / f"{name}.jpg",
        root / "keypoints" / f"{name}_keypoints.json",
        root / "masks" / f"{name}.png",
    )


def _write_sample(root: Path, seed: int, number: int) -> None:
    """The picture comes last: where it is, its labels are too."""
    sample = make_sample(seed, number)
    image, keypoints, mask = _paths(root, seed, number)
    numbers = [round(float(v), 4) for v in sample.keypoints.ravel()]
    person = {
        "person_id": [-1],
        "pose_keypoints_2d": numbers,
        "face_keypoints_2d": [],
        "hand_left_keypoints_2d": [],
        "hand_right_keypoints_2d": [],
    }
    write_text(keypoints, json.dumps({"version": 1.3, "people": [person]}), durable=False)
    _write_picture(mask, sample.mask.astype(np.uint8) * 255)
    quality = int(np.random.default_rng([58, seed, number]).integers(70, 96))
    _write_picture(image, sample.image, quality=quality)


def _write_picture(path: Path, pixels: np.ndarray, **options: int) -> None:
    """Made in memory first, so that a full disk can be told how much it lacks."""
    made = BytesIO()
    Image.fromarray(pixels).save(made, Image.registered_extensions()[path.suffix], **options)
    write_bytes(path, made.getvalue(), durable=False)


def _seat(joints: np.ndarray, rng: np.random.Generator) -> Box:
    """A block under somebody who sits."""
    top = max(float(joints[0, 2]) - 125, 60.0)
    half = rng.uniform(180, 330)
    back = -rng.uniform(150, 350)
    colour = any_colour(rng, (0, 0.7), (0.1, 0.9))
    return Box((back, -half, 0.0), (120.0, half, top), plain(colour, 0.06))


def _soft(lamp: Lamp) -> Lamp:
    """The scene's light on the person: skin and cloth are brighter than the lamp's bare sum."""
    return replace(lamp, ambient=lamp.ambient + 0.04)
