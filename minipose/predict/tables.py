"""Found joints as files that other programs read: OpenPose, COCO, CSV, and arrays of a take."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minipose.predict.person import Result
from minipose.skeletons import BODY_25, COCO_17, H36M_17
from minipose.storage import atomic, write_text

FEET = BODY_25[19:]  # in the order of COCO's foot annotation
COLUMNS = (
    "file", "frame", "seconds", "skeleton", "joint", "x_px", "y_px", "confidence", "in_picture",
    "x_mm", "y_mm", "z_mm",
)  # fmt: skip


def openpose(result: Result) -> str:
    """OpenPose's JSON, version 1.3: 75 numbers a person; 0, 0, 0 for joints out of the picture."""
    people = []
    if result.person and result.keypoints is not None and result.present.any():
        rows = result.keypoints * result.present[:, None]
        numbers = [round(float(v), 3) for v in rows.ravel()]
        people = [{"person_id": [-1], "pose_keypoints_2d": numbers}]  # -1: not tracked
    return json.dumps({"version": 1.3, "people": people, "joint_names": list(BODY_25)}) + "\n"


def pose_json(result: Result, image: str, trained_on: str) -> str:
    """The pose in space: mm, and where it lies on the picture."""
    places, fit = result.fit.places, result.fit
    about: dict[str, Any] = {
        "image": image,
        "trained_on": trained_on,
        "unit": "mm",
        "frame": "camera: x right, y down, z away; relative to the pelvis",
        "joints": _by_name(result.joints_3d, 2),
        "in_picture_px": _by_name(places, 2),
        "laid_on": fit.on,
        "confidence": round(fit.confidence, 4),
    }
    return json.dumps(about, indent=2) + "\n"


def _by_name(values: np.ndarray, digits: int) -> dict[str, list[float]]:
    return {
        name: [round(float(v), digits) for v in row]
        for name, row in zip(H36M_17, values, strict=True)
    }


@dataclass
class Row:
    """What a take keeps of a picture: all but its pixels."""

    file: str
    frame: int
    seconds: float
    size: tuple[int, int]
    result: Result
    runs: list[int]


@dataclass
class Take:
    """Pictures that are written into one table: a video's frames, or all pictures of a call."""

    formats: tuple[str, ...]
    video: bool
    rows: list[Row] = field(default_factory=list)

    def add(self, file: str, frame: int, seconds: float, result: Result) -> None:
        """Note a picture's result; its pixels are not kept."""
        runs = run_lengths(result.silhouette) if "coco" in self.formats else []
        nothing = np.zeros((0, 0))
        pixels = dict.fromkeys(("image", "mask", "silhouette"), nothing)
        bare = replace(result, heatmap=None, crop=None, **pixels)
        self.rows.append(Row(file, frame, seconds, result.image.shape[:2], bare, runs))

    def files(self, stem: Path) -> dict[str, Path]:
        """{format: file} of those tables that are wanted."""
        endings = {"coco": "_coco.json", "csv": "_joints.csv", "npz": "_joints.npz"}
        return {f: stem.with_name(stem.name + e) for f, e in endings.items() if f in self.formats}

    def write(self, stem: Path) -> list[Path]:
        """Write the tables beside each other; returns their paths."""
        writers = {"coco": self._coco, "csv": self._csv, "npz": self._npz}
        files = self.files(stem)
        for name, path in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            writers[name](path)
        return list(files.values())

    def _csv(self, path: Path) -> None:
        """A row for each joint: those of BODY_25 in px, those of H36M_17 in px and mm."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            r, start = row.result, [row.file, row.frame, f"{row.seconds:.4f}"]
            if r.keypoints is not None:
                for name, (x, y, c), there in zip(BODY_25, r.keypoints, r.present, strict=True):
                    values = [f"{x:.2f}", f"{y:.2f}", f"{c:.4f}", int(there), "", "", ""]
                    writer.writerow([*start, "BODY_25", name, *values])
            if r.joints_3d is not None:
                for name, (x, y), mm in zip(H36M_17, r.fit.places, r.joints_3d, strict=True):
                    values = [f"{x:.2f}", f"{y:.2f}", f"{r.fit.confidence:.4f}", ""]
                    values += [f"{v:.1f}" for v in mm]
                    writer.writerow([*start, "H36M_17", name, *values])
        # A file's name may be no UTF-8, which a text file has to be.
        write_text(path, text.getvalue().encode(errors="backslashreplace").decode())

    def _npz(self, path: Path) -> None:
        """Arrays with a row for each picture, nan where nothing was found; see docs/photographs."""
        count = len(self.rows)
        arrays: dict[str, np.ndarray] = {
            "picture": np.array([row.file for row in self.rows], dtype=str),
            "frame": np.array([row.frame for row in self.rows], dtype=np.int64),
            "seconds": np.array([row.seconds for row in self.rows], dtype=np.float64),
            "size": np.array([row.size for row in self.rows], dtype=np.int32).reshape(count, 2),
            "box": np.array([row.result.box for row in self.rows], np.int32).reshape(count, 4),
            "person": np.array([row.result.person for row in self.rows], dtype=bool),
            "joint_names": np.array(BODY_25),
            "joint_names_3d": np.array(H36M_17),
        }
        keypoints = np.full((count, len(BODY_25), 3), np.nan, np.float32)
        present = np.zeros((count, len(BODY_25)), bool)
        joints = np.full((count, len(H36M_17), 3), np.nan, np.float32)
        places = np.full((count, len(H36M_17), 2), np.nan, np.float32)
        confidence = np.full(count, np.nan, np.float32)
        for n, r in enumerate(row.result for row in self.rows):
            if r.keypoints is not None:
                keypoints[n], present[n] = r.keypoints, r.present
            if r.joints_3d is not None:
                joints[n], places[n], confidence[n] = r.joints_3d, r.fit.places, r.fit.confidence
        arrays |= {"keypoints": keypoints, "in_picture": present, "joints_3d": joints}
        arrays |= {"joints_3d_px": places, "confidence_3d": confidence}
        with atomic(path) as partial, open(partial, "wb") as file:
            np.savez_compressed(file, **arrays)

    def _coco(self, path: Path) -> None:
        """COCO's annotation form: box, mask as runs, 17 joints, and the feet as COCO-WholeBody."""
        images, annotations = [], []
        for number, row in enumerate(self.rows, start=1):
            name = f"{row.file}#{row.frame:06d}" if self.video else row.file
            height, width = row.size
            images.append({"id": number, "file_name": name, "width": width, "height": height})
            if row.result.person:
                about = {"id": len(annotations) + 1, "image_id": number, "category_id": 1}
                annotations.append(about | _coco_person(row))
        category = {"id": 1, "name": "person", "keypoints": list(COCO_17)}
        text = {"images": images, "annotations": annotations, "categories": [category]}
        write_text(path, json.dumps(text) + "\n")


def _coco_person(row: Row) -> dict[str, Any]:
    """Box, mask and joints of the person in a picture."""
    r, (height, width) = row.result, row.size
    x0, y0, x1, y1 = r.box
    about: dict[str, Any] = {
        "iscrowd": 0,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": sum(row.runs[1::2]),
        "segmentation": {"size": [height, width], "counts": row.runs},
    }
    if r.keypoints is not None:
        numbers, labelled = _coco_joints(r, COCO_17)
        feet, _ = _coco_joints(r, FEET)
        found = r.keypoints[r.present, 2]
        about |= {"keypoints": numbers, "num_keypoints": labelled, "foot_kpts": feet}
        about["score"] = round(float(found.mean()), 4) if len(found) else 0.0
    return about


def _coco_joints(result: Result, names: tuple[str, ...]) -> tuple[list[float], int]:
    """x, y, v of these joints in a row, v = 2 where found, and how many are."""
    numbers: list[float] = []
    rows = [BODY_25.index(name) for name in names]
    for (x, y, _), there in zip(result.keypoints[rows], result.present[rows], strict=True):
        numbers += [round(float(x), 2), round(float(y), 2), 2] if there else [0, 0, 0]
    return numbers, int(result.present[rows].sum())


def run_lengths(mask: np.ndarray) -> list[int]:
    """COCO's runs of a mask bool (H, W): down the columns, first those of zeros.

    Examples
    --------
    >>> run_lengths(np.array([[0, 1], [0, 1], [1, 0]], bool))
    [2, 3, 1]
    """
    flat = mask.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0], changes, [len(flat)]])
    runs = np.diff(ends).tolist()
    return [0, *runs] if flat[0] else runs
