"""What the lessons on poses and pictures share: small collections of drawn people.

A collection is drawn once and kept beside the figures, as the same store that ``make`` trains on;
the first lesson that asks for it waits some seconds, the others do not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np

import kit
from data_tools.twin import figures as drawn_figures
from data_tools.twin.body import Posed
from data_tools.twin.figure import dress
from data_tools.twin.h36m import SUBJECTS, Plan
from data_tools.twin.render import Lamp, draw
from data_tools.twin.room import background, cameras_for, frame_size
from minipose.datasets.cameras import CAMERA_NAMES, Camera
from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.figures import Figure, FiguresStore, FiguresWriter
from minipose.datasets.h36m import H36MStore, H36MWriter
from minipose.datasets.resize import factor_for, resize_bicubic, resize_mask, scale_points
from minipose.skeletons import H36M_17_OF_32

SHARED = kit.ROOT.parent / "shared"  # where the tests, too, look for real samples
GREY = np.array([0.299, 0.587, 0.114])  # luma of ITU-R 601


def real_sample(*parts: str) -> Path | None:
    """A file of real samples beside the checkout, or None where there is none."""
    path = SHARED.joinpath(*parts)
    return path if path.exists() else None


def show(path: Path) -> None:
    """A figure that minipose's own plots have saved, shown as ``kit.save`` shows its."""
    if kit.in_notebook():
        from IPython.display import Image, display

        display(Image(filename=str(path)))
    else:
        print(f"figure: {path}")


def walk(subject: int, take: int, frames: int, step: int = 7) -> tuple[Posed, Plan]:
    """A walk of the twin: poses of every ``step``-th frame at 50 Hz, and who walked."""
    plan = Plan(subject, take, frames, step, hold=1, seed=0)
    return plan.walk()[0], plan


def photograph(
    plan: Plan, i: int, name: str = CAMERA_NAMES[0], room: bool = True
) -> tuple[np.ndarray, np.ndarray, Camera]:
    """Frame ``i`` of a walk: uint8 (H, W, 3), the silhouette bool (H, W), and the camera."""
    camera, (posed, bones) = cameras_for(plan.subject)[name], plan.walk()
    size = frame_size(name)
    image = background(camera, size, 0) if room else np.zeros((*size, 3), np.uint8)
    silhouette = draw(image, dress(posed, bones, plan.outfit()).at(i), camera, Lamp())
    return image, silhouette, camera


def walkers(
    frames: int = 24,
    step: int = 7,
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
    if not path.exists():
        views = [(s, t, c) for s in subjects for t in takes for c in cameras]
        writer = H36MWriter(_beside(path), ["Walking"])
        for view in _drawn(_view, views, repeat(frames), repeat(step), repeat(hold)):
            writer.append(**view)
        writer.close()
        os.replace(writer.path, path)
    return H36MStore(path)


def figures(count: int = 120, side: int = 64, seed: int = 0) -> FiguresStore:
    """A store of single people in places of all kinds; the shorter side has ``side`` px."""
    path = _place("figures", (count, side, seed))
    if not path.exists():
        writer = FiguresWriter(_beside(path))
        for figure in _drawn(small_figure, range(count), repeat(side), repeat(seed)):
            writer.append(figure)
        writer.close()
        os.replace(writer.path, path)
    return FiguresStore(path)


def small_figure(number: int, side: int = 64, seed: int = 0) -> Figure:
    """One picture of a person with mask and joints, scaled as the store's builder does."""
    sample = drawn_figures.make_sample(seed, number)
    factor = factor_for(sample.image.shape[:2], side)
    places = scale_points(sample.keypoints[:, :2], factor)
    joints = np.concatenate([places, sample.keypoints[:, 2:]], axis=1)
    joints[sample.keypoints[:, 2] == 0] = 0
    image, mask = resize_bicubic(sample.image, factor), resize_mask(sample.mask, factor)
    return Figure(image, mask, joints.astype(np.float32), f"twin{number:04d}", "twin")


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


def _drawn(function: object, *arguments: object) -> Iterator:
    """``map`` on two threads: most of the work is inside NumPy, where they do not wait."""
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        yield from pool.map(function, *arguments)


def _beside(path: Path) -> Path:
    """A name of this process's own, so that two lessons may draw the same people at once."""
    return path.with_name(f"{path.stem}.{os.getpid()}.h5")


def _place(kind: str, settings: object) -> Path:
    """A file name that changes with the settings and with the code that draws."""
    sources = sorted((kit.ROOT / "data_tools" / "twin").glob("*.py")) + [Path(__file__)]
    text = repr(settings) + "".join(path.read_text(encoding="utf-8") for path in sources)
    return (
        kit.figure_folder() / "data" / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.h5"
    )
