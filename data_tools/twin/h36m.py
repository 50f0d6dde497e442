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
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from data_tools.processes import pool
from data_tools.twin.body.clothes import Outfit, draw_outfit, dress
from data_tools.twin.body.gait import FPS, Walker, draw_walker, walk
from data_tools.twin.body.kinematics import Bones, Posed
from data_tools.twin.camera.placement import cameras_for, frame_size
from data_tools.twin.camera.render_body import draw, soft_shadow
from data_tools.twin.claim import claim
from data_tools.twin.scene.capture_room import background
from data_tools.twin.scene.world import Lamp
from minipose.datasets.cameras import CAMERA_NAMES, Camera, pack_cameras
from minipose.datasets.hdf5_file import created
from minipose.storage import atomic, atomic_folder, remove_abandoned, write_text

SUBJECTS = (1, 5, 6, 7, 8, 9, 11)

# walking.md's measured bones; S6 and S11 are not in its table and are made up within its range.
BONES = {
    1: Bones(132.95, 442.89, 454.21, 233.48, 257.08, 121.13, 115, 151.03, 278.88, 251.73, 1.0),
    5: Bones(119.31, 428.29, 442.44, 224.31, 254.06, 117.12, 115, 143.10, 264.58, 248.62, 0.92),
    6: Bones(128.00, 450.00, 448.00, 240.00, 255.00, 119.00, 115, 156.00, 284.00, 250.00, 1.08),
    7: Bones(135.88, 448.61, 438.01, 226.25, 255.41, 107.15, 115, 139.72, 275.56, 247.30, 0.97),
    8: Bones(146.54, 452.15, 438.63, 261.22, 251.02, 120.46, 115, 169.32, 289.91, 244.18, 1.12),
    9: Bones(124.07, 472.19, 468.62, 256.29, 250.36, 120.55, 115, 183.29, 296.32, 249.02, 1.05),
    11: Bones(130.00, 446.00, 446.00, 238.00, 254.00, 116.00, 115, 152.00, 280.00, 248.00, 1.02),
}


def take_name(subject: int, take: int) -> str:
    """The official names of the two walks: ``Walking 1`` and ``Walking``, but 1 and 2 for S7."""
    if subject == 7:
        return f"Walking {take}"
    return "Walking 1" if take == 1 else "Walking"


@dataclass(frozen=True)
class Plan:
    """One take of one subject: everything that its frames depend on.

    Attributes
    ----------
    step : one 50 Hz frame in this many is written
    hold : how many written frames show the same image (the poses move on)
    """

    subject: int
    take: int
    frames: int
    step: int
    hold: int
    seed: int

    @property
    def name(self) -> str:
        return take_name(self.subject, self.take)

    @lru_cache(maxsize=1)  # noqa: B019  (four cameras in turn see one walk)
    def walk(self) -> tuple[Posed, Bones]:
        """The walk at the frames that are written."""
        person = np.random.default_rng([self.seed, self.subject])
        take = np.random.default_rng([self.seed, self.subject, self.take])
        walker: Walker = draw_walker(person, take)
        bones = BONES[self.subject]
        posed = walk(bones, walker, self.frames * self.step, FPS)
        return posed.cut(slice(None, None, self.step)), bones

    def outfit(self) -> Outfit:
        """Clothes belong to the person, not to the take."""
        return draw_outfit(np.random.default_rng([self.seed, self.subject, 77]))


def write(
    root: Path,
    subjects: tuple[int, ...] = SUBJECTS,
    frames: int = 240,
    step: int = 5,
    hold: int = 1,
    seed: int = 0,
    workers: int = 2,
    report: Callable = print,
) -> int:
    """Write the whole stand-in below ``root``; finished takes are kept. Returns the frames written.

    Each take appears at once: its files are written beside and moved into place, the frame folder
    last, which marks it as done.

    Raises
    ------
    UserError
        If the folder holds something else: real data, or a stand-in with other settings.
    Taken
        If another process is writing into it.
    """
    settings = {"frames": frames, "step": step, "frame-hold": hold, "seed": seed}
    with claim(root, settings):
        for folder in (root, *root.glob("S*/Images"), *root.glob("S*/My*/*")):
            remove_abandoned(folder)
        _write_metadata(root / "metadata.xml", step)
        jobs = [
            (root, Plan(subject, take, frames, step, hold, seed), camera)
            for subject in subjects
            for take in (1, 2)
            for camera in CAMERA_NAMES
            if not _frame_folder(root, subject, take_name(subject, take), camera).exists()
        ]
        if workers == 1 or not jobs:
            _report(map(_write_view, jobs), jobs, report)
        else:
            with pool(workers) as processes:
                _report(processes.map(_write_view, jobs), jobs, report)
    return len(jobs) * frames


def _report(results: Iterable[None], jobs: list[tuple[Path, Plan, str]], report: Callable) -> None:
    for done, ((_, plan, camera), _) in enumerate(zip(jobs, results, strict=True), start=1):
        report(plan, camera, done, len(jobs))


def _frame_folder(root: Path, subject: int, name: str, camera: str) -> Path:
    return root / f"S{subject}" / "Images" / f"{name}.{camera}"


def _write_view(job: tuple[Path, Plan, str]) -> None:
    """All files of one take as one camera saw it."""
    root, plan, name = job
    camera = cameras_for(plan.subject)[name]
    posed, bones = plan.walk()
    base = root / f"S{plan.subject}"
    poses, masks = base / "MyPoseFeatures", base / "MySegmentsMat"
    in_camera = camera.to_camera(posed.joints)
    view = f"{plan.name}.{name}"
    if name == CAMERA_NAMES[0]:
        _write_cdf(poses / "D3_Positions" / f"{plan.name}.cdf", posed.joints)
    _write_cdf(poses / "D3_Positions_mono" / f"{view}.cdf", in_camera)
    _write_cdf(poses / "D2_Positions" / f"{view}.cdf", camera.project(in_camera))

    folder = _frame_folder(root, plan.subject, plan.name, name)
    with atomic_folder(folder) as partial:
        silhouettes = _draw_frames(partial, view, plan, posed, bones, camera, name)
        _write_masks(masks / "ground_truth_bs" / f"{view}.mat", silhouettes)
        _write_masks(masks / "ground_truth_bb" / f"{view}.mat", [_box(s) for s in silhouettes])


def _draw_frames(
    folder: Path, view: str, plan: Plan, posed: Posed, bones: Bones, camera: Camera, name: str
) -> list[np.ndarray]:
    """Draw and save every frame; returns the silhouettes, bool (H, W) each."""
    empty = background(camera, frame_size(name), seed=CAMERA_NAMES.index(name))
    parts = dress(posed, bones, plan.outfit())
    noise = np.random.default_rng([plan.seed, plan.subject, plan.take, CAMERA_NAMES.index(name)])
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
            silhouette = draw(image, parts.at(i), camera, Lamp())
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


def _write_cdf(path: Path, joints: np.ndarray) -> None:
    """One variable ``Pose`` that reads back as (1, T, 96) or (1, T, 64), joint after joint."""
    from cdflib.cdfwrite import CDF

    values = joints.reshape(1, len(joints), -1)
    path.parent.mkdir(parents=True, exist_ok=True)
    variable = {
        "Variable": "Pose",
        "Data_Type": CDF.CDF_DOUBLE,
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": list(values.shape[1:]),
        "Var_Type": "zVariable",
        "Compress": 0,  # gzip would note the time
    }
    with atomic(path) as partial:
        spec = {"Encoding": 6, "Majority": "row_major"}
        cdf = CDF(partial, cdf_spec=spec, delete=True)  # the empty file that is there
        cdf.write_var(variable, var_data=values)
        cdf.close()


def _write_masks(path: Path, masks: list[np.ndarray]) -> None:
    """MATLAB 7.3's layout: ``Masks`` holds references to one uint8 (W, H) array a frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as partial, created(partial, path) as file:
        cell = file.create_dataset("Masks", (len(masks), 1), dtype=h5py.ref_dtype)
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
        group = file.create_group("#refs#")
        for i, mask in enumerate(masks):
            data = group.create_dataset(
                f"m{i}",
                data=np.ascontiguousarray(mask.T, dtype=np.uint8),
                chunks=mask.T.shape,
                compression="gzip",
                compression_opts=1,
            )
            cell[i, 0] = data.ref


def _write_metadata(path: Path, step: int) -> None:
    """Take names and cameras in the official file's shape, with the stand-in's own numbers."""
    cameras = {(s, n): c for s in SUBJECTS for n, c in cameras_for(s).items()}
    w0 = " ".join(f"{v:.10g}" for v in pack_cameras(cameras))
    header = "".join(f"<td>S{s}</td>" for s in range(1, 12))
    rows = "".join(
        f"<tr><td>14</td><td>{take}</td>"
        + "".join(f"<td>{take_name(s, take)}</td>" for s in range(1, 12))
        + "</tr>"
        for take in (1, 2)
    )
    names = "".join(f"<item>{name}</item>" for name in CAMERA_NAMES)
    write_text(
        path,
        "<?xml version='1.0'?>\n<metadata>"
        f"<mapping><tr><td>Action</td><td>subaction</td>{header}</tr>{rows}</mapping>"
        f"<frame_rate>{FPS / step:g}</frame_rate><w0>[{w0}]</w0>"
        f"<dbcameras><index2id>{names}</index2id></dbcameras></metadata>\n",
    )
