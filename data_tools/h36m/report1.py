"""The first report's own preprocessed files: three MATLAB matrices a subject, one row a frame.

``data_36MS1.mat`` (``datafinal``, 128·128 grey values), ``pose_2DS1.mat`` (``y_vector_new``, 1700
window labels) and ``pose_3DS1.mat`` (``posedata``, 32 × xyz in mm), for S1 S5 S6 S7 S8 S9 S11.
Rows of a subject run take by take, and within a take camera by camera. The files hold no 2D joints,
so ``keypoints_2d`` becomes the middle of each joint's positive windows.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from data_tools.h36m.tree import ACTIONS, SUBJECTS
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.h36m import H36MWriter
from minipose.skeletons import H36M_17_OF_32
from minipose.targets.windows import GRID, WINDOW, window_edges

FILES = {"data_36MS": ("datafinal", 128 * 128), "pose_2DS": ("y_vector_new", 1700),
         "pose_3DS": ("posedata", 96)}  # fmt: skip
PIECE = 1024
# walking.md / the report's table: frames of one camera in take 1 and take 2 of ``Walking``.
TAKE_FRAMES = {1: (3476, 3134), 5: (3000, 2521), 6: (2750, 3614), 7: (3636, 3623),
               8: (3737, 3695), 9: (2446, 1612), 11: (1637, 1621)}  # fmt: skip


def import_report1(
    source: Path, out: Path, transposed: bool = False, step: int = 1, limit: int | None = None
) -> int:
    """Read the preprocessed files below ``source`` into the store ``out``; returns the frames.

    Parameters
    ----------
    transposed : images were stored column by column, as MATLAB's ``img(:)`` does
    """
    folder = next((f for f in (source, source / "Walking") if any(f.glob("data_36MS*.mat"))), None)
    if folder is None:
        raise ValueError(f"{source}: no data_36MS*.mat in it or in its folder Walking")
    writer = H36MWriter(out, list(ACTIONS))
    try:
        for subject in SUBJECTS:
            if (folder / f"data_36MS{subject}.mat").exists():
                _append_subject(writer, folder, subject, transposed, step, limit)
        count = writer.count
        if count == 0:
            raise ValueError(f"{folder}: no frame of a labelled subject")
        writer.close()
    except BaseException:
        writer.abandon()
        raise
    print(f"{out}: {count} frames")
    return count


def _append_subject(
    writer: H36MWriter, folder: Path, subject: int, transposed: bool, step: int, limit: int | None
) -> None:
    files, data = [], {}
    try:
        for prefix, (name, width) in FILES.items():
            path = folder / f"{prefix}{subject}.mat"
            data[prefix] = _open(path, name, width, files)
        rows = min(len(d) for d in data.values())
        brightest = float(data["data_36MS"][: min(rows, 64)].max())
        scale = 255.0 if brightest <= 1.0 else 1.0
        labels = _labels(subject, rows)
        stop = rows if limit is None else min(rows, limit * step)
        for start in range(0, stop, PIECE * step):
            piece = slice(start, min(stop, start + PIECE * step), step)
            images = data["data_36MS"][piece].reshape(-1, 128, 128) * scale
            if transposed:
                images = images.transpose(0, 2, 1)
            joints = np.asarray(data["pose_3DS"][piece], dtype=np.float64)
            joints = joints.reshape(-1, 32, 3)[:, list(H36M_17_OF_32)]
            if not np.isfinite(joints).all():
                raise ValueError(f"{folder}/pose_3DS{subject}.mat: NaN in rows from {start}")
            # Every row is made relative to its pelvis here; the report's code left one row out.
            writer.append(
                images=np.clip(np.rint(images), 0, 255).astype(np.uint8),
                joints_3d=joints - joints[:, :1],
                keypoints_2d=_middles(np.asarray(data["pose_2DS"][piece])),
                crop=np.tile([0.0, 0.0, 1.0], (len(images), 1)),
                **{name: values[piece] for name, values in labels.items()},
            )
    finally:
        for file in files:
            file.close()


def _open(path: Path, name: str, width: int, files: list) -> h5py.Dataset:
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: not a readable .mat of version 7.3 ({error})") from None
    files.append(file)
    if name not in file or file[name].ndim != 2 or file[name].shape[1] != width:
        got = file[name].shape if name in file else "nothing"
        raise ValueError(f"{path}: expected {name} (N, {width}), found {got}")
    return file[name]


def _labels(subject: int, rows: int) -> dict[str, np.ndarray]:
    """Take, camera and frame of each row, as far as the published frame counts tell."""
    first, second = TAKE_FRAMES[subject]
    lengths = np.array([first] * 4 + [second] * 4)
    if rows != lengths.sum():  # another cut of the data: take 1 for the first half, take 2 then
        lengths = np.diff(np.linspace(0, rows, 9).astype(int))
    view = np.repeat(np.arange(8), lengths)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return {
        "subject": np.full(rows, subject),
        "action": np.full(rows, ACTIONS.index("Walking")),
        "subaction": 1 + view // 4,
        "camera": np.array([int(c) for c in CAMERA_NAMES])[view % 4],
        "frame": np.arange(rows) - starts[view],
    }


def _middles(labels: np.ndarray) -> np.ndarray:
    """Middle of each joint's positive windows, px: (N, 17, 2); the picture's middle where none."""
    grid = labels.reshape(-1, 17, GRID, GRID) > 0.5
    centres = window_edges() + WINDOW / 2
    count = np.maximum(grid.sum(axis=(2, 3)), 1)
    x = (grid * centres[None, None, None, :]).sum(axis=(2, 3)) / count
    y = (grid * centres[None, None, :, None]).sum(axis=(2, 3)) / count
    none = ~grid.any(axis=(2, 3))
    return np.stack([np.where(none, 63.5, x), np.where(none, 63.5, y)], axis=-1)
