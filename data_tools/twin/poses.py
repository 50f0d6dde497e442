"""Draw a store of poses: report 2's people, cut out and cropped as report 1's network sees them.

Its own twin walks in one room. Here everybody is somebody else, in any pose and clothes, seen from
anywhere, and cut out along a silhouette as wrong as one that a network finds in a photograph.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, label, zoom

from data_tools.h36m.tree import ACTIONS
from data_tools.processes import pool
from data_tools.twin.body.clothes import dress
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.reclining import recline
from data_tools.twin.body.stances import draw_stance
from data_tools.twin.camera.placement import frame
from data_tools.twin.camera.render_body import draw
from data_tools.twin.people import draw_bones, draw_clothes, outline
from data_tools.twin.scene.world import Lamp
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.h36m import CHUNK, TEST_SUBJECTS, TRAIN_SUBJECTS, H36MWriter
from minipose.datasets.texts import set_text
from minipose.skeletons import H36M_17_OF_32

CANVAS = 176  # px, the side of the square that somebody is drawn in
TAKES = [(subject, take) for subject in (*TRAIN_SUBJECTS, *TEST_SUBJECTS) for take in (1, 2)]
SOURCE = "drawn people"
LUMA = np.array([0.299, 0.587, 0.114])


def make_sample(seed: int, number: int, reclining: float = 0.0) -> dict[str, np.ndarray]:
    """Person ``number`` of the collection ``seed``: image, joints_3d, keypoints_2d, crop.

    Parameters
    ----------
    reclining : fraction of people who sit or lie on the floor
    """
    rng = np.random.default_rng([61, seed, number])
    bones, outfit = draw_bones(rng), draw_clothes(rng)
    floor = reclining > 0 and rng.random() < reclining
    stance = recline(rng, bones) if floor else draw_stance(rng)
    # Photographs mostly show people from the front, Human3.6M from all sides.
    heading = rng.normal(0, 30) if rng.random() < 0.4 else rng.uniform(-180, 180)
    posed = stand_up(bones, stance, heading=float(heading))
    parts = dress(posed, bones, outfit)
    camera = frame(outline(parts), (CANVAS, CANVAS), rng)
    image = behind(rng)
    silhouette = draw(image, parts, camera, draw_lamp(rng))
    grey = developed(image @ LUMA, rng)
    mask = spoiled(silhouette, rng)
    crop, where = crop_person(grey, box_of(mask), mask)
    joints = camera.to_camera(posed.joints[0])[list(H36M_17_OF_32)]
    return {
        "images": crop,
        "joints_3d": joints - joints[0],
        "keypoints_2d": where.to_crop(camera.project(joints)),
        "crop": np.array([where.x0, where.y0, where.scale]),
    }


def behind(rng: np.random.Generator) -> np.ndarray:
    """Soft colours, uint8 (H, W, 3): what shows where the silhouette is too large."""
    coarse = rng.integers(2, 9)
    field = zoom(
        rng.uniform(0, 255, (coarse, coarse, 3)), (CANVAS / coarse, CANVAS / coarse, 1), order=1
    )
    return np.clip(field, 0, 255).astype(np.uint8)


def draw_lamp(rng: np.random.Generator) -> Lamp:
    """Light from anywhere above: hard sun or an even sky."""
    towards = rng.normal(0, 1, (2, 3))
    towards[:, 2] = np.abs(towards[:, 2]) + 0.3
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    hard = rng.uniform(0.15, 0.75)
    return Lamp(
        tuple(tuple(float(v) for v in one) for one in towards),
        (float(hard), float(0.4 * hard * rng.random())),
        float(rng.uniform(0.8, 1.1) - hard),
    )


def developed(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, contrast, blur and grain of a photograph: float (H, W) 0-255 -> uint8."""
    soft = gaussian_filter(grey, rng.uniform(0.2, 1.2))
    level = rng.uniform(0.6, 1.5) * (soft - 110) + 110 + rng.normal(0, 25)
    return np.clip(level + rng.normal(0, rng.uniform(0.5, 5), grey.shape), 0, 255).astype(np.uint8)


def spoiled(silhouette: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A silhouette bool (H, W) as a network finds it, in one piece, and never empty.

    Its outline wavers, is too wide or too narrow, sometimes a hand, a foot or the head is missing,
    or something else sticks to it. Every fifth is left as it is.
    """
    if rng.random() < 0.2:
        return silhouette
    y, x = np.nonzero(silhouette)
    height = y.max() - y.min() + 1
    soft = gaussian_filter(silhouette.astype(np.float32), rng.uniform(0.004, 0.018) * height)
    waves = gaussian_filter(rng.standard_normal(silhouette.shape), rng.uniform(0.01, 0.04) * height)
    soft += rng.uniform(0, 0.3) * (waves / waves.std()).astype(np.float32)
    found = soft > 0.5 + rng.uniform(-0.18, 0.18)
    rows, columns = np.indices(silhouette.shape)
    for chance, sign in ((0.25, False), (0.15, True)):
        if rng.random() < chance:
            at = rng.integers(len(y))
            radii = rng.uniform(0.03, 0.1 if sign else 0.13, 2) * height
            blob = ((rows - y[at]) / radii[0]) ** 2 + ((columns - x[at]) / radii[1]) ** 2 < 1
            found = np.where(blob, sign, found)
    pieces, count = label(found)
    if count == 0:
        return silhouette
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    largest = pieces == sizes.argmax()
    return largest if largest.sum() > 0.4 * silhouette.sum() else silhouette


def write(
    path: Path,
    count: int,
    seed: int = 0,
    workers: int = 2,
    report: Callable | None = None,
    reclining: float = 0.0,
) -> None:
    """Write a store of ``count`` people, divided among the takes of Human3.6M's subjects.

    So the job's own split holds: S11's people are the test, and nobody is in two parts.
    """
    takes = np.array_split(np.arange(count), len(TAKES))
    numbers = [int(n) for take in takes for n in take]
    labels = [one for one, take in zip(TAKES, takes, strict=True) for _ in take]
    with H36MWriter(path, list(ACTIONS)) as writer, pool(workers) as processes:
        set_text(writer.file, "source", SOURCE)
        rows: list[dict[str, np.ndarray]] = []
        tasks = (repeat(seed), numbers, repeat(reclining))
        samples = processes.map(make_sample, *tasks, chunksize=16)
        for number, (subject, take), sample in zip(numbers, labels, samples, strict=True):
            action, camera = ACTIONS.index("Posing"), int(CAMERA_NAMES[0])
            names = ("subject", "action", "subaction", "camera", "frame")
            values = (subject, action, take, camera, number)
            rows.append(sample | {n: np.array(v) for n, v in zip(names, values, strict=True)})
            if len(rows) == CHUNK or number == numbers[-1]:
                writer.append(**{name: np.stack([row[name] for row in rows]) for name in rows[0]})
                rows.clear()
            if report:
                report()
