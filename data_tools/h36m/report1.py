"""The first report's own preprocessed files: three MATLAB matrices a subject, one row a frame.

``data_36MS1.mat`` (``datafinal``, 128·128 grey values), ``pose_2DS1.mat`` (``y_vector_new``, 1700
window labels) and ``pose_3DS1.mat`` (``posedata``, 32 × xyz in mm), for S1 S5 S6 S7 S8 S9 S11.
Rows of a subject run take by take, and within a take camera by camera. The files hold no 2D joints,
so ``keypoints_2d`` becomes the middle of each joint's positive windows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from data_tools.h36m.tree import ACTIONS, SUBJECTS
from data_tools.patience import still_working
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.guard import reading, storable
from minipose.datasets.h36m import H36MWriter
from minipose.errors import UserError, counted
from minipose.skeletons import H36M_17_OF_32
from minipose.targets.windows import GRID, WINDOW, window_edges

# Variable and width of a row, by the file's name up to the subject.
FILES = {"data_36MS": ("datafinal", 128 * 128), "pose_2DS": ("y_vector_new", 1700),
         "pose_3DS": ("posedata", 96)}  # fmt: skip
PIECE = 256  # rows read at once
# The report's figure 1(a) by camera and take of ``Walking``; S8's total there is a misprint.
TAKE_FRAMES = {1: (3476, 3134), 5: (3000, 2521), 6: (2750, 3614), 7: (3636, 3623),
               8: (3737, 3695), 9: (2446, 1612), 11: (1637, 1621)}  # fmt: skip


def import_report1(
    source: Path,
    out: Path,
    subjects: tuple[int, ...] = SUBJECTS,
    transposed: bool = False,
    step: int = 1,
    limit: int | None = None,
) -> int:
    """Read the preprocessed files below ``source`` into the store ``out``; returns the frames.

    Parameters
    ----------
    transposed : images were stored column by column, as MATLAB's ``img(:)`` does
    step, limit : of each subject keep one row in ``step``, and at most ``limit`` rows

    Raises
    ------
    ValueError
        If a file is missing, damaged or of another shape; then nothing is written.
    """
    folder = next((f for f in (source, source / "Walking") if any(f.glob("data_36MS*.mat"))), None)
    if folder is None:
        raise UserError(f"{source}: no data_36MS*.mat in it or in its folder Walking")
    with H36MWriter(out, list(ACTIONS)) as writer:
        for subject in subjects:
            if any((folder / f"{prefix}{subject}.mat").exists() for prefix in FILES):
                with reading(folder, f"the files of S{subject} cannot be read"):
                    _append_subject(writer, folder, subject, transposed, step, limit)
        if writer.count == 0:
            raise UserError(f"{folder}: no frame of the subjects {list(subjects)}")
    print(f"{out}: {counted(writer.count, 'frame')}")
    return writer.count


def _append_subject(
    writer: H36MWriter, folder: Path, subject: int, transposed: bool, step: int, limit: int | None
) -> None:
    with ExitStack() as files:
        images, windows, poses = (
            _open(folder / f"{prefix}{subject}.mat", name, width, files)
            for prefix, (name, width) in FILES.items()
        )
        rows = min(len(images), len(windows), len(poses))
        if max(len(images), len(windows), len(poses)) > rows:
            print(
                f"S{subject}: {len(images)} images, {len(windows)} rows of windows, "
                f"{len(poses)} poses: trimmed to {rows}"
            )
        scale = _to_grey(images, folder / f"data_36MS{subject}.mat")
        labels = _labels(subject, rows)
        if rows != 4 * sum(TAKE_FRAMES[subject]):
            print(
                f"S{subject}: {rows} rows, expected {4 * sum(TAKE_FRAMES[subject])}: each eighth "
                "is taken for one camera's view of a take"
            )
        stop = rows if limit is None else min(rows, limit * step)
        dropped = 0
        for piece in _pieces(f"S{subject}", stop, step):
            space = np.asarray(poses[piece], dtype=np.float64).reshape(-1, 32, 3)
            grey = np.asarray(images[piece], dtype=np.float32).reshape(-1, 128, 128) * scale
            good = storable(space).all(axis=(1, 2)) & np.isfinite(grey).all(axis=(1, 2))
            dropped += int((~good).sum())
            joints, grey = space[good][:, list(H36M_17_OF_32)], grey[good]
            # Every row is made relative to its pelvis here; the report's code left one row out.
            writer.append(
                images=np.clip(np.rint(grey.swapaxes(1, 2) if transposed else grey), 0, 255).astype(
                    np.uint8
                ),
                joints_3d=joints - joints[:, :1],
                keypoints_2d=_middles(np.asarray(windows[piece])[good]),
                crop=np.tile([0.0, 0.0, 1.0], (len(grey), 1)),
                **{name: values[piece][good] for name, values in labels.items()},
            )
        if dropped:
            print(f"S{subject}: {counted(dropped, 'frame')} dropped: NaN")


def _pieces(name: str, stop: int, step: int) -> Iterator[slice]:
    """The rows up to ``stop`` piece by piece; a bar on a terminal, a line a subject elsewhere."""
    bar = tqdm(total=stop, desc=name, unit="row", disable=not sys.stderr.isatty())
    for start in range(0, stop, PIECE * step):
        piece = slice(start, min(stop, start + PIECE * step), step)
        still_working()
        yield piece
        bar.update(piece.stop - piece.start)
    if bar.disable:
        print(f"{name} read, {stop} rows", flush=True)
    bar.close()


def _open(path: Path, name: str, width: int, files: ExitStack) -> h5py.Dataset:
    with reading(path, "not a readable .mat file of version 7.3"):
        file = files.enter_context(h5py.File(path, "r"))
    data = file.get(name)
    if not isinstance(data, h5py.Dataset) or data.shape[1:] != (width,) or len(data) == 0:
        with reading(path, "not a readable .mat file of version 7.3"):
            found = data.shape if isinstance(data, h5py.Dataset) else sorted(file)
        raise UserError(f"{path}: expected {name} (N, {width}), found {found}")
    return data


def _to_grey(images: h5py.Dataset, path: Path) -> float:
    """What brings the values to 0-255: the files may hold 0-1. Looks at some 64 rows all over."""
    some = np.concatenate([images[i][None] for i in range(0, len(images), len(images) // 64 + 1)])
    low, high = float(np.nanmin(some)), float(np.nanmax(some))
    if low < 0 or high > 255:
        raise UserError(f"{path}: grey values from {low:g} to {high:g}, expected 0-1 or 0-255")
    return 255.0 if high <= 1 else 1.0


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
