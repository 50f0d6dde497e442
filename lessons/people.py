"""What the lessons on poses and pictures share: small collections of drawn people.

A collection is drawn once and kept in runs/lessons/data, as the same store that ``make`` trains on;
the first lesson that asks for it waits some seconds, the others do not.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image

import kit
from data_tools.twin import people as drawn_people
from data_tools.twin.body.body25 import body_25
from data_tools.twin.body.clothes import draw_outfit, dress
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.kinematics import Posed
from data_tools.twin.body.stances import draw_stance
from data_tools.twin.camera.placement import cameras_for, frame_size
from data_tools.twin.camera.render_body import draw
from data_tools.twin.h36m import SUBJECTS, Plan
from data_tools.twin.scene.capture_room import background
from data_tools.twin.scene.world import Lamp
from minipose.datasets.cameras import CAMERA_NAMES, Camera
from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.h36m import H36MStore, H36MWriter
from minipose.datasets.people import PeopleStore, PeopleWriter, Person
from minipose.datasets.resize import factor_for, resize_bicubic, resize_mask, scale_points
from minipose.locks import Taken
from minipose.metrics import dice_coefficient
from minipose.skeletons import H36M_17_OF_32

GREY = np.array([0.299, 0.587, 0.114])  # luma of ITU-R 601


def real_sample(*parts: str) -> Path | None:
    """A file of the folder of real samples that LESSONS_SAMPLES names; None if there is none."""
    folder = os.environ.get("LESSONS_SAMPLES")
    path = Path(folder).joinpath(*parts) if folder else None
    return path if path and path.exists() else None


def walk(subject: int, take: int, frames: int, step: int = 7) -> tuple[Posed, Plan]:
    """A synthetic walk: poses of every ``step``-th frame at 50 Hz, and who walked."""
    plan = Plan(subject, take, frames, step, hold=1, seed=0)
    return plan.walk()[0], plan


def photograph(
    plan: Plan, i: int, name: str = CAMERA_NAMES[0]
) -> tuple[np.ndarray, np.ndarray, Camera]:
    """Frame ``i`` of a walk: uint8 (H, W, 3), the silhouette bool (H, W), and the camera."""
    camera, (posed, bones) = cameras_for(plan.subject)[name], plan.walk()
    image = background(camera, frame_size(name), 0)
    silhouette = draw(image, dress(posed, bones, plan.outfit()).at(i), camera, Lamp())
    return image, silhouette, camera


def stranger(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Somebody who does not walk, on black: a picture, the silhouette, and 17 joints (17, 3) mm."""
    rng = np.random.default_rng([12, number])
    bones = drawn_people.draw_bones(rng)
    posed = stand_up(bones, draw_stance(rng), heading=float(rng.uniform(0, 360)))
    name = CAMERA_NAMES[number % 4]
    camera, image = cameras_for(11)[name], np.zeros((*frame_size(name), 3), np.uint8)
    silhouette = draw(image, dress(posed, bones, draw_outfit(rng)).at(0), camera, Lamp())
    space = camera.to_camera(posed.joints[0])[list(H36M_17_OF_32)]
    return image, silhouette, space - space[0]


def walkers(
    frames: int = 16,
    step: int = 11,
    hold: int = 1,
    subjects: tuple[int, ...] = SUBJECTS,
    cameras: tuple[str, ...] = CAMERA_NAMES,
    takes: tuple[int, ...] = (1, 2),
) -> H36MStore:
    """A store of people who walk, ``frames`` for each subject, take and camera.

    Parameters
    ----------
    step : every how many frames at 50 Hz one is drawn
    hold : how many of them show the same picture while the pose moves on
    """
    settings = (frames, step, hold, subjects, cameras, takes)
    path = _place("walkers", settings)
    views = [(s, t, c) for s in subjects for t in takes for c in cameras]

    def write() -> None:
        with H36MWriter(path, ["Walking"]) as writer:
            for view in _drawn(_view, views, repeat(frames), repeat(step), repeat(hold)):
                writer.append(**view)

    _make_once(path, write)
    return H36MStore(path)


def anywhere(count: int = 120, side: int = 48, seed: int = 0) -> PeopleStore:
    """A store of single people in places of all kinds; the shorter side has ``side`` px."""
    path = _place("anywhere", (count, side, seed))

    def write() -> None:
        with PeopleWriter(path) as writer:
            for person in _drawn(small_person, range(count), repeat(side), repeat(seed)):
                writer.append(person)

    _make_once(path, write)
    return PeopleStore(path)


def room(frames: int = 20, size: tuple[int, int] = (64, 48)) -> PeopleStore:
    """A store of people who walk in the room, all upright and of one size (H, W)."""
    path = _place("room", (frames, size))
    views = [(s, name) for s in (1, 5, 7, 8, 9, 11) for name in CAMERA_NAMES[1:3]]

    def write() -> None:
        with PeopleWriter(path) as writer:
            for view in _drawn(_room_view, views, repeat(frames), repeat(size)):
                for person in view:
                    writer.append(person)

    _make_once(path, write)
    return PeopleStore(path)


def in_room(
    frames: int = 20, size: tuple[int, int] = (64, 48)
) -> tuple[list[Person], list[Person]]:
    """The people of ``room``: pictures to train on, and those of somebody else, subject 11.

    All are upright and of one size, so they are learned faster than people of all kinds.
    """
    with room(frames, size) as store:
        everybody = [store[i] for i in range(len(store))]
    return everybody[: -2 * frames], everybody[-2 * frames :]


def _room_view(view: tuple[int, str], frames: int, size: tuple[int, int]) -> list[Person]:
    """One walker before one camera: the photograph cut out with some of the room around."""
    (subject, name), (height, width) = view, size
    posed, plan = walk(subject, 1, frames, 13)
    bones, camera = plan.walk()[1], cameras_for(subject)[name]
    empty = background(camera, frame_size(name), 0)
    parts = dress(posed, bones, plan.outfit())
    persons = []
    for i in range(frames):
        image = empty.copy()
        mask = draw(image, parts.at(i), camera, Lamp())
        x0, y0, x1, y1 = box_of(mask)
        step = 1.12 * max((y1 - y0) / height, (x1 - x0) / width)  # px of the photograph per px
        left, top = (x0 + x1) / 2 - step * width / 2, (y0 + y1) / 2 - step * height / 2
        box = (left, top, left + step * width, top + step * height)
        small, small_mask = (
            np.asarray(Image.fromarray(a).resize((width, height), Image.Resampling.BOX, box=box))
            for a in (image, mask.astype(np.uint8) * 255)
        )
        places = camera.project(camera.to_camera(body_25(posed.cut(slice(i, i + 1)))))
        places = (places + 0.5 - (left, top)) / step - 0.5
        joints = np.concatenate([places, np.ones((25, 1))], axis=1).astype(np.float32)
        inside = (small_mask > 127).astype(np.uint8)
        persons.append(Person(small, inside, joints, f"S{subject}"))
    return persons


def mean_mask(masks: np.ndarray) -> np.ndarray:
    """The best constant mask for these (N, H, W): their mean, cut where its own dice is highest.

    It looks at no picture: what a network's masks have to beat.
    """
    mean = masks.mean(axis=0)
    cut = [(mean >= level) * 1.0 for level in np.linspace(0.05, 0.95, 19) if (mean >= level).any()]
    return max(cut, key=lambda mask: np.mean([dice_coefficient(mask, other) for other in masks]))


def upright(store: PeopleStore, count: int) -> list[Person]:
    """The first ``count`` people who are upright and of one padded size, so that batches fit."""
    high, wide = store.sizes.T
    fits = np.flatnonzero((high > wide + 10) & (high <= 80) & (wide <= 48))
    return [store[int(i)] for i in fits[:count]]


def small_person(number: int, side: int = 48, seed: int = 0) -> Person:
    """One picture of a person with mask and joints, scaled as the store's builder does."""
    sample = drawn_people.make_sample(seed, number)
    factor = factor_for(sample.image.shape[:2], side)
    places = scale_points(sample.keypoints[:, :2], factor)
    joints = np.concatenate([places, sample.keypoints[:, 2:]], axis=1)
    joints[sample.keypoints[:, 2] == 0] = 0
    image, mask = resize_bicubic(sample.image, factor), resize_mask(sample.mask, factor)
    return Person(image, mask, joints.astype(np.float32), f"synthetic{number:04d}", "synthetic")


def _view(view: tuple[int, int, str], frames: int, step: int, hold: int) -> dict[str, np.ndarray]:
    """One take as one camera saw it: the store's fields."""
    subject, take, name = view
    plan = Plan(subject, take, frames, step, hold, seed=0)
    posed, bones = plan.walk()
    camera, parts = cameras_for(subject)[name], dress(posed, bones, plan.outfit())
    space = camera.to_camera(posed.joints)[:, H36M_17_OF_32]  # (T, 17, 3)
    images, places, crops = [], [], []
    for i in range(frames):
        if i % hold == 0:
            frame = np.zeros((*frame_size(name), 3), np.uint8)
            silhouette = draw(frame, parts.at(i), camera, Lamp())
            grey = (frame @ GREY).astype(np.uint8)
            image, crop = crop_person(grey, box_of(silhouette), silhouette)
        images.append(image)
        places.append(crop.to_crop(camera.project(space[i])))
        crops.append((crop.x0, crop.y0, crop.scale))
    numbers = {"subject": subject, "action": 0, "subaction": take, "camera": int(name)}
    return {
        "images": np.stack(images),
        "joints_3d": space - space[:, :1],
        "keypoints_2d": np.stack(places),
        "crop": np.array(crops),
        "frame": np.arange(frames) * step,
        **{key: np.full(frames, value) for key, value in numbers.items()},
    }


def _make_once(path: Path, write: Callable[[], None]) -> None:
    """Have ``write`` make the store at ``path``, unless it is there, or another lesson makes it."""
    while not path.exists():
        try:
            write()
        except Taken:
            time.sleep(0.2)


def _drawn(function: object, *arguments: object) -> Iterator:
    """``map`` on two threads: most of the work is inside NumPy, where they do not wait."""
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        yield from pool.map(function, *arguments)


def _place(kind: str, settings: object) -> Path:
    """A file name that changes with the settings and with the code that draws."""
    text = repr(settings) + "".join(map(inspect.getsource, (_view, small_person, _room_view)))
    for path in sorted((kit.ROOT / "data_tools" / "twin").rglob("*.py")):
        text += path.read_text(encoding="utf-8")
    name = f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.h5"
    return kit.ROOT / "runs" / "lessons" / "data" / name
