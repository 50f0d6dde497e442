"""One view -> a part file: crops, joints, labels. Reads frame by frame, so memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_tools.h36m.frames import DroppedFrame, Picture
from data_tools.h36m.readers import Folder, Masks, open_pictures, read_poses
from data_tools.h36m.tree import ACTIONS, View
from data_tools.h36m.video import Video
from data_tools.patience import still_working
from data_tools.source_disk import expect_disk
from minipose.datasets.cameras import Camera
from minipose.datasets.crop import SIDE, Crop, box_of, crop_person
from minipose.datasets.guard import storable
from minipose.datasets.h36m import CHUNK, FIELDS, H36MWriter
from minipose.skeletons import H36M_17_OF_32

# (subject, take, camera) that cannot be used, and (subject, action, take number) to be wary of.
DAMAGED = {(11, "Directions", "54138969"): "its video is known to be corrupt"}
DRIFTING = {(9, "Greeting", 2), (9, "SittingDown", 2), (9, "Waiting", 1)}
AROUND = 0.05  # of the longer side of the joints' box: how far a body reaches beyond its joints
MARGIN = 0.1  # of the crop's side: a joint further outside than that is not on this person
ASTRAY = 0.1  # of the frames: where more have most joints outside, files may not match


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
        _convert(_Source(view, camera, options, outcome), part)
    except ValueError as error:
        expect_disk(
            error
        )  # a disk that is full or gone is no fault of the view, and ends the import
        outcome.failure, outcome.kept = str(error), 0
        part.unlink(missing_ok=True)
    return outcome


class _Source:
    """The open files of a view, and how many frames they have in common."""

    def __init__(
        self, view: View, camera: Camera | None, options: Options, outcome: Outcome
    ) -> None:
        damage = DAMAGED.get((view.subject, view.take, view.camera))
        if damage:
            raise ValueError(damage)
        needed = {"2D poses": view.pose_2d, "3D poses": view.pose_3d, "pictures": view.pictures}
        if not options.keep_background:
            needed["silhouettes"] = view.silhouette
        missing = [what for what, path in needed.items() if path is None]
        if missing:
            raise ValueError(f"there are no {' and no '.join(missing)} for it")
        if (view.subject, view.action, view.subaction) in DRIFTING:
            outcome.remarks.append("the 3D poses of this take are known to drift")
        self.view, self.options, self.outcome = view, options, outcome
        self.flat, self.space = read_poses(view.pose_2d, 2), read_poses(view.pose_3d, 3)
        if camera is not None:
            self.space = camera.to_camera(self.space)
        still_working()
        self.pictures: Folder | Video = open_pictures(view.pictures)
        still_working()
        self.silhouettes = Masks(view.silhouette) if view.silhouette else None
        self.boxes = self._open_boxes()
        self.shortest = self._common_length()
        self.misplaced = 0  # boxes that hold no pixel of the silhouette

    def _open_boxes(self) -> Masks | None:
        """Box files are sometimes missing or damaged: then silhouettes give the boxes."""
        try:
            return Masks(self.view.box) if self.view.box else None
        except ValueError as error:
            expect_disk(error)
            if self.silhouettes is None:
                raise
            self.outcome.remarks.append(f"{error}: boxes are taken from the silhouettes")
            return None

    def _common_length(self) -> int:
        """Frames that all files have; a difference is remarked."""
        counts = {
            "pictures" if isinstance(self.pictures, Folder) else "video frames": self.pictures
        }
        counts.update({"2D poses": self.flat, "3D poses": self.space})
        if self.silhouettes is not None:
            counts["silhouettes"] = self.silhouettes
        lengths = {what: len(n) for what, n in counts.items() if isinstance(n, Masks) or len(n)}
        shortest = min(lengths.values())
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{n} {what}" for what, n in lengths.items())
            self.outcome.remarks.append(f"{listed}: trimmed to {shortest}")
        if self.boxes is not None and len(self.boxes) < shortest:
            others = "silhouettes" if self.silhouettes is not None else "2D joints"
            self.outcome.remarks.append(f"{len(self.boxes)} boxes, then from the {others}")
        return shortest

    def frames(self) -> Iterator[tuple[int, Picture]]:
        """The wanted frames and their pictures, as far as these go."""
        wanted, seen = range(0, self.shortest, self.options.step)[: self.options.limit], 0
        for i, picture in self.pictures.read(wanted):
            seen += 1
            yield i, picture
        if seen < len(wanted):
            self.outcome.remarks.append(f"{self.pictures.ended}: {seen} of {len(wanted)} used")

    def person(
        self, i: int, grey: np.ndarray
    ) -> tuple[tuple[int, int, int, int], np.ndarray | None]:
        """Box and silhouette of frame i; no silhouette if the background stays."""
        mask = box = None
        if self.silhouettes is not None:
            mask = self.silhouettes.frame(i, grey.shape)
            if not mask.any():
                if not self.options.keep_background:
                    raise DroppedFrame("empty silhouette")
                mask = None
        if self.boxes is not None and i < len(self.boxes):
            box = box_of(self.boxes.frame(i, grey.shape))
        if box and mask is not None and not mask[box[1] : box[3], box[0] : box[2]].any():
            self.misplaced, box = self.misplaced + 1, None
        box = box or (None if mask is None else box_of(mask))
        box = box or box_around(self.flat[i], grey.shape)
        return box, None if self.options.keep_background else mask

    def close(self) -> None:
        for files in (self.silhouettes, self.boxes, self.pictures):
            if files is not None:
                files.close()


def box_around(joints: np.ndarray, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box (x0, y0, x1, y1), ends excluded, of the person with these joints (32, 2) in px.

    Raises
    ------
    DroppedFrame
        If it has no pixel of the frame (H, W) in it.
    """
    low, high = joints.min(axis=0), joints.max(axis=0)
    margin = AROUND * (high - low).max()
    # Far outside, where a damaged file may put a joint, one place is as good as another.
    low = np.clip(np.floor(low - margin), 0, shape[::-1]).astype(int)
    high = np.clip(np.ceil(high + margin) + 1, 0, shape[::-1]).astype(int)
    if (low >= high).any():
        raise DroppedFrame("2D joints outside the picture")
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _convert(source: _Source, part: Path) -> None:
    outcome = source.outcome
    with closing(source), H36MWriter(part, list(ACTIONS)) as writer:
        rows = _Rows(source.view, writer)
        for i, picture in source.frames():
            still_working()
            try:
                if isinstance(picture, DroppedFrame):
                    raise picture
                flat, space = source.flat[i], source.space[i]
                if not (storable(flat).all() and storable(space).all()):
                    raise DroppedFrame("NaN in the pose")
                image, crop = crop_person(picture, *source.person(i, picture))
                rows.add(i, image, crop, flat, space)
            except DroppedFrame as reason:
                outcome.drop(str(reason))
        rows.flush()
        if writer.count == 0:
            reasons = ", ".join(f"{n} × {why}" for why, n in outcome.dropped.items())
            raise ValueError(f"no usable frame ({reasons or 'the pictures hold none'})")
        outcome.kept = writer.count
        if source.misplaced:
            outcome.remarks.append(
                f"{source.misplaced} boxes beside the silhouette: taken from the silhouette"
            )
        if rows.astray > ASTRAY * writer.count:
            outcome.remarks.append(
                f"most joints lie outside the person's box in {rows.astray} of {writer.count} "
                "frames: poses and pictures may not belong together"
            )


class _Rows:
    """Collects a chunk of frames in arrays that are used again, and appends it."""

    def __init__(self, view: View, writer: H36MWriter) -> None:
        self.writer, self.count, self.astray = writer, 0, 0
        self.fields = {
            name: np.zeros((CHUNK, *shape), dtype) for name, (shape, dtype) in FIELDS.items()
        }
        self.fields["subject"][:] = view.subject
        self.fields["action"][:] = ACTIONS.index(view.action)
        self.fields["subaction"][:] = view.subaction
        self.fields["camera"][:] = int(view.camera)

    def add(
        self, i: int, image: np.ndarray, crop: Crop, flat: np.ndarray, space: np.ndarray
    ) -> None:
        joints, row = space[list(H36M_17_OF_32)], self.count
        keypoints = crop.to_crop(flat[list(H36M_17_OF_32)])
        outside = np.abs(keypoints - SIDE / 2).max(axis=1) > (0.5 + MARGIN) * SIDE
        self.astray += bool(outside.mean() > 0.5)
        self.fields["images"][row] = image
        self.fields["joints_3d"][row] = joints - joints[0]
        self.fields["keypoints_2d"][row] = keypoints
        self.fields["frame"][row] = i
        self.fields["crop"][row] = crop.x0, crop.y0, crop.scale
        self.count += 1
        if self.count == CHUNK:
            self.flush()

    def flush(self) -> None:
        if self.count:
            self.writer.append(**{name: rows[: self.count] for name, rows in self.fields.items()})
        self.count = 0
