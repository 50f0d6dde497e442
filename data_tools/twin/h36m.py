"""Write a synthetic Human3.6M in the real one's raw layout, take by take and camera by camera.

S1/MyPoseFeatures/D2_Positions/Walking 1.54138969.cdf        px of the frame
S1/MyPoseFeatures/D3_Positions/Walking 1.cdf                 mm, world
S1/MyPoseFeatures/D3_Positions_mono/Walking 1.54138969.cdf   mm, camera
S1/MySegmentsMat/ground_truth_bs/Walking 1.54138969.mat      silhouettes
S1/MySegmentsMat/ground_truth_bb/Walking 1.54138969.mat      boxes
S1/Images/Walking 1.54138969/Walking 1.54138969_000001.jpg   frames, counted from 1
metadata.xml                                                 take names and cameras
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.processes import pool
from data_tools.twin.body.bodies import BONES
from data_tools.twin.body.kinematics import Posed
from data_tools.twin.camera.placement import cameras_for, frame_size
from data_tools.twin.camera.render_body import draw, soft_shadow
from data_tools.twin.claim import claim
from data_tools.twin.raw_files import write_cdf, write_masks, write_metadata
from data_tools.twin.scene.capture_room import background
from data_tools.twin.scene.world import Lamp
from data_tools.twin.takes import SUBJECTS, WALKING, Plan, plans
from minipose.datasets.cameras import CAMERA_NAMES, Camera
from minipose.storage import atomic_folder, remove_abandoned

__all__ = ["BONES", "SUBJECTS", "Plan", "write"]


def write(
    root: Path,
    subjects: tuple[int, ...] = SUBJECTS,
    frames: int = 240,
    step: int = 5,
    hold: int = 1,
    seed: int = 0,
    workers: int = 2,
    report: Callable = print,
    takes: int = 2,
    train_frames: int | None = None,
    actions: tuple[str, ...] = (WALKING,),
) -> int:
    """Write the whole stand-in below ``root``; finished takes are kept. Returns the frames written.

    Each take appears at once: its files are written beside and moved into place, the frame folder
    last, which marks it as done.

    Parameters
    ----------
    frames, step, hold : see ``Plan``
    takes, train_frames : see ``plans``
    actions : of ``takes.DRAWN``

    Raises
    ------
    UserError
        If the folder holds something else: real data, or a stand-in with other settings.
    Taken
        If another process is writing into it.
    """
    settings = {"frames": frames, "step": step, "frame-hold": hold, "seed": seed}
    if takes != 2:  # so that what was drawn before there were more is gone on with
        settings |= {"takes": takes, "train-frames": train_frames or frames}
    if actions != (WALKING,):
        settings["actions"] = " ".join(actions)
    with claim(root, settings):
        for folder in (root, *root.glob("S*/Images"), *root.glob("S*/My*/*")):
            remove_abandoned(folder)
        write_metadata(root / "metadata.xml", step, takes, actions)
        jobs = [
            (root, plan, camera)
            for subject in subjects
            for action in actions
            for plan in plans(subject, frames, step, hold, seed, takes, train_frames, action)
            for camera in CAMERA_NAMES
            if not _frame_folder(root, subject, plan.name, camera).exists()
        ]
        if workers == 1 or not jobs:
            _report(map(_write_view, jobs), jobs, report)
        else:
            with pool(workers) as processes:
                _report(processes.map(_write_view, jobs), jobs, report)
    return sum(plan.frames for _, plan, _ in jobs)


def _report(results: Iterable[None], jobs: list[tuple[Path, Plan, str]], report: Callable) -> None:
    for done, ((_, plan, camera), _) in enumerate(zip(jobs, results, strict=True), start=1):
        report(plan, camera, done, len(jobs))


def _frame_folder(root: Path, subject: int, name: str, camera: str) -> Path:
    return root / f"S{subject}" / "Images" / f"{name}.{camera}"


def _write_view(job: tuple[Path, Plan, str]) -> None:
    """All files of one take as one camera saw it."""
    root, plan, name = job
    camera = cameras_for(plan.subject)[name]
    posed, _ = plan.walk()
    base = root / f"S{plan.subject}"
    poses, masks = base / "MyPoseFeatures", base / "MySegmentsMat"
    in_camera = camera.to_camera(posed.joints)
    view = f"{plan.name}.{name}"
    if name == CAMERA_NAMES[0]:
        write_cdf(poses / "D3_Positions" / f"{plan.name}.cdf", posed.joints)
    write_cdf(poses / "D3_Positions_mono" / f"{view}.cdf", in_camera)
    write_cdf(poses / "D2_Positions" / f"{view}.cdf", camera.project(in_camera))

    folder = _frame_folder(root, plan.subject, plan.name, name)
    with atomic_folder(folder) as partial:
        silhouettes = _draw_frames(partial, view, plan, posed, camera, name)
        write_masks(masks / "ground_truth_bs" / f"{view}.mat", silhouettes)
        write_masks(masks / "ground_truth_bb" / f"{view}.mat", [_box(s) for s in silhouettes])


@lru_cache(maxsize=2 * len(CAMERA_NAMES))
def _empty_room(subject: int, camera: str) -> np.ndarray:
    """What a subject's takes have in common."""
    seed = CAMERA_NAMES.index(camera)
    return background(cameras_for(subject)[camera], frame_size(camera), seed)


def _draw_frames(
    folder: Path, view: str, plan: Plan, posed: Posed, camera: Camera, name: str
) -> list[np.ndarray]:
    """Draw and save every frame; returns the silhouettes, bool (H, W) each."""
    empty = _empty_room(plan.subject, name)
    parts, counted = plan.parts()
    noise = plan.random(CAMERA_NAMES.index(name))
    grain = noise.integers(-4, 5, (*empty.shape[:2], 1), dtype=np.int16)
    # A sensor's noise differs from frame to frame: a few copies of the empty room take turns.
    rooms = [_grainy(empty, np.roll(grain, 37 * k)) for k in range(8)]
    silhouettes: list[np.ndarray] = []
    jpeg = b""
    for i in range(plan.frames):
        if i % plan.hold == 0:
            image = rooms[noise.integers(len(rooms))].copy()
            for foot in (3, 8):
                _shadow(image, posed.joints[i, foot], camera)
            silhouette = draw(image, parts.at(i), camera, Lamp(), counted)
            box = _bounds(silhouette)
            image[box] = _grainy(image[box], grain[: box[0].stop - box[0].start, box[1]])
            path = folder / f"{view}_{i + 1:06d}.jpg"
            Image.fromarray(image).save(path, quality=92)
            jpeg = path.read_bytes() if plan.hold > 1 else b""
        else:
            (folder / f"{view}_{i + 1:06d}.jpg").write_bytes(jpeg)
        silhouettes.append(silhouette)
    return silhouettes


def _shadow(image: np.ndarray, foot: np.ndarray, camera: Camera) -> None:
    on_floor = camera.to_camera(np.array([foot[0], foot[1], 0.0]))
    scale = camera.focal[0] / on_floor[2]
    size = 190.0 - 0.3 * min(foot[2], 400.0)  # a raised foot's shadow is fainter and smaller
    soft_shadow(image, camera.project(on_floor), (size * scale, 0.42 * size * scale))


def _grainy(image: np.ndarray, grain: np.ndarray) -> np.ndarray:
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def _bounds(silhouette: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the silhouette's box; empty slices where there is nobody."""
    sides = (np.flatnonzero(silhouette.any(axis=1)), np.flatnonzero(silhouette.any(axis=0)))
    return tuple(slice(int(s[0]), int(s[-1]) + 1) if len(s) else slice(0, 0) for s in sides)


def _box(silhouette: np.ndarray) -> np.ndarray:
    """The silhouette's box as a filled full-frame mask, which is how the real boxes come."""
    box = np.zeros_like(silhouette)
    box[_bounds(silhouette)] = True
    return box
