"""One view -> a part file: crops, joints, labels. Reads frame by frame, so memory stays flat."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from data_tools.h36m.readers import Masks, count_pictures, read_pictures, read_poses
from data_tools.h36m.tree import ACTIONS, View
from minipose.datasets.cameras import Camera
from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.h36m import CHUNK, H36MWriter
from minipose.skeletons import H36M_17_OF_32

KNOWN_DAMAGE = {(11, "Directions", "54138969"): "the video is known to be corrupt"}


@dataclass
class Outcome:
    """What became of a view: frames kept, frames dropped and why, remarks; or why none was kept."""

    view: str
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    failure: str = ""

    def drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


@dataclass(frozen=True)
class Options:
    """How to convert: every ``step``-th frame, at most ``limit`` a view, background kept or not."""

    step: int = 1
    limit: int | None = None
    keep_background: bool = False


def convert_view(view: View, camera: Camera | None, options: Options, part: Path) -> Outcome:
    """Write the part file of one view; a view that cannot be used leaves none, and says why.

    Parameters
    ----------
    camera : with world poses, the camera that brings them into its frame; else None
    """
    outcome = Outcome(view.name)
    try:
        if (view.subject, view.action, view.camera) in KNOWN_DAMAGE and view.subaction == 1:
            raise ValueError(KNOWN_DAMAGE[view.subject, view.action, view.camera])
        _convert(view, camera, options, part, outcome)
    except ValueError as error:
        outcome.failure, outcome.kept = str(error), 0
    return outcome


def _convert(
    view: View, camera: Camera | None, options: Options, part: Path, outcome: Outcome
) -> None:
    for what in ("pose_3d", "pictures") + (() if options.keep_background else ("silhouette",)):
        if getattr(view, what) is None:
            raise ValueError(f"there is no {what.replace('_', ' ')} for this view")
    flat, space = read_poses(view.pose_2d, 2), read_poses(view.pose_3d, 3)
    if camera is not None:
        space = camera.to_camera(space)
    silhouettes = Masks(view.silhouette) if view.silhouette else None
    boxes = Masks(view.box) if view.box else None
    writer = H36MWriter(part, list(ACTIONS))
    try:
        frames = _common_length(view, flat, space, silhouettes, boxes, outcome)
        wanted = range(0, frames, options.step)[: options.limit]
        pictures = islice(read_pictures(view.pictures, options.step), len(wanted))
        rows = _Rows(view, writer)
        seen = 0
        for i, grey in zip(wanted, pictures, strict=False):
            seen += 1
            mask = silhouettes.frame(i, grey.shape) if silhouettes else None
            box = box_of(boxes.frame(i, grey.shape)) if boxes else None
            box = box or (box_of(mask) if mask is not None else None)
            if box is None or (mask is not None and not mask.any()):
                outcome.drop("empty silhouette")
            elif not (np.isfinite(flat[i]).all() and np.isfinite(space[i]).all()):
                outcome.drop("NaN in the pose")
            else:
                image, crop = crop_person(grey, box, None if options.keep_background else mask)
                rows.add(i, image, crop, flat[i], space[i])
        if seen < len(wanted):
            outcome.remarks.append(f"pictures end after {seen} of {len(wanted)} frames")
        rows.flush()
        if writer.count == 0:
            raise ValueError("no usable frame")
        outcome.kept = writer.count
        writer.close()
    except BaseException:
        writer.abandon()
        raise
    finally:
        for masks in (silhouettes, boxes):
            if masks is not None:
                masks.close()


def _common_length(
    view: View, flat: np.ndarray, space: np.ndarray, silhouettes, boxes, outcome: Outcome
) -> int:
    """Frames that all files have; a difference is remarked. Boxes that stop early are ignored."""
    counts = {"video frames": count_pictures(view.pictures), "3D poses": len(space)}
    counts["2D poses"] = len(flat)
    if silhouettes is not None:
        counts["silhouettes"] = len(silhouettes)
    if boxes is not None:
        counts["boxes"] = len(boxes)
    counts = {what: n for what, n in counts.items() if n > 0}
    shortest = min(counts.values())
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{n} {what}" for what, n in counts.items())
        outcome.remarks.append(f"{listed}: trimmed to {shortest}")
    return shortest


class _Rows:
    """Collects frames and appends them chunk by chunk."""

    def __init__(self, view: View, writer: H36MWriter) -> None:
        self.writer = writer
        self.labels = {
            "subject": view.subject,
            "action": ACTIONS.index(view.action),
            "subaction": view.subaction,
            "camera": int(view.camera),
        }
        self.rows: list[tuple] = []

    def add(self, i: int, image, crop, flat: np.ndarray, space: np.ndarray) -> None:
        joints = space[list(H36M_17_OF_32)]
        keypoints = crop.to_crop(flat[list(H36M_17_OF_32)])
        where = (crop.x0, crop.y0, crop.scale)
        self.rows.append((image, joints - joints[0], keypoints, i, where))
        if len(self.rows) == CHUNK:
            self.flush()

    def flush(self) -> None:
        if not self.rows:
            return
        images, joints, keypoints, frames, crops = map(np.array, zip(*self.rows, strict=True))
        count = len(frames)
        labels = {name: np.full(count, value) for name, value in self.labels.items()}
        self.writer.append(
            images=images,
            joints_3d=joints,
            keypoints_2d=keypoints,
            frame=frames,
            crop=crops,
            **labels,
        )
        self.rows = []


def merge(parts: list[Path], out: Path) -> int:
    """Join part files, in order, into the store; returns its frames. Chunk by chunk, atomically."""
    import h5py

    from minipose.datasets.h36m import FIELDS

    writer = H36MWriter(out, list(ACTIONS))
    try:
        for part in parts:
            with h5py.File(part, "r") as file:
                rows = file["images"].shape[0]
                for start in range(0, rows, 16 * CHUNK):
                    piece = slice(start, min(rows, start + 16 * CHUNK))
                    writer.append(**{name: file[name][piece] for name in FIELDS})
        count = writer.count
        writer.close()
    except BaseException:
        writer.abandon()
        raise
    return count


def read_outcome(path: Path) -> Outcome | None:
    """The outcome that an earlier, interrupted import left beside a part; None if there is none."""
    import json

    try:
        return Outcome(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_outcome(path: Path, outcome: Outcome) -> None:
    """Note the outcome beside the part: from now on this view is done."""
    import json

    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(vars(outcome)))
    os.replace(partial, path)
