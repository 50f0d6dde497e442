"""Read one view's files: poses, silhouettes and boxes, and its pictures or video."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from data_tools.h36m.cdf import read_variable
from data_tools.h36m.frames import DroppedFrame, Picture
from data_tools.h36m.video import Video
from data_tools.source_disk import expect_disk
from minipose.datasets.guard import PIXELS, expect_bytes, reading
from minipose.datasets.picture_files import read_grey
from minipose.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png")
REOPEN = 256  # masks: the HDF5 library keeps 5 KB for every object it opened until the file closes
SLACK = 2  # px by which a mask may be smaller or larger than its frame


def read_poses(path: Path, dimensions: int) -> np.ndarray:
    """A ``.cdf`` pose file -> float64 (T, 32, dimensions).

    The variable ``Pose`` is (1, T, 32·dimensions); some tools drop the leading 1.

    Raises
    ------
    UserError
        If the file is missing, damaged, or holds another shape.
    """
    with reading(path, "not a readable CDF pose file"):
        values = np.asarray(read_variable(path, "Pose"), dtype=np.float64)
    values = values[0] if values.ndim == 3 and values.shape[0] == 1 else values
    if values.ndim != 2 or values.shape[1] != 32 * dimensions or len(values) == 0:
        raise UserError(
            f"{path}: Pose has shape {values.shape}, expected (1, T, {32 * dimensions})"
        )
    return values.reshape(len(values), 32, dimensions)


class Masks:
    """The frames of a silhouette or box ``.mat`` file (MATLAB 7.3, that is HDF5), one at a time.

    Raises
    ------
    UserError
        If the file is missing, damaged, or holds no cell array ``Masks``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path, "not a readable .mat file of version 7.3"):
            self.file = h5py.File(path, "r")
            cell = self.file.get("Masks")
            if not isinstance(cell, h5py.Dataset) or h5py.check_ref_dtype(cell.dtype) is None:
                found = sorted(k for k in self.file if k != "#refs#")
                self.file.close()
                raise UserError(f"{path}: expected a cell array Masks, found {found}")
            expect_bytes(path, cell.shape, 8)
            self.references = cell[()].reshape(-1)
        self.opened = 0

    def __len__(self) -> int:
        return len(self.references)

    def frame(self, i: int, shape: tuple[int, int]) -> np.ndarray:
        """Mask of frame i as bool (H, W); cut or padded if it is a pixel or two off.

        Raises
        ------
        DroppedFrame
            If it is damaged or of another size.
        """
        self.opened += 1
        if self.opened == REOPEN:
            self.file.close()
            self.file, self.opened = h5py.File(self.path, "r"), 0
        try:
            data = self.file[self.references[i]]
            expect_bytes(self.path, data.shape, data.dtype.itemsize, 8 * PIXELS)
            # MATLAB stores the size of an empty array instead of its values.
            stored = np.zeros((0, 0)) if "MATLAB_empty" in data.attrs else data[()]
        except Exception as error:  # h5py raises whatever it trips over in a damaged file
            expect_disk(error, self.path)
            raise DroppedFrame(f"damaged mask in {self.path.parent.name}") from None
        if stored.size == 0:
            return np.zeros(shape, dtype=bool)
        if stored.ndim == 3:  # (channels, W, H), or (W, H, channels) from other tools
            stored = stored[0] if stored.shape[0] < stored.shape[2] else stored[:, :, 0]
        if stored.ndim != 2 or stored.dtype.kind not in "biuf":
            raise DroppedFrame(f"damaged mask in {self.path.parent.name}")
        mask = stored.T != 0  # stored as (W, H)
        if mask.shape == shape:
            return mask
        if max(abs(m - s) for m, s in zip(mask.shape, shape)) > SLACK:
            raise DroppedFrame(f"mask of another size in {self.path.parent.name}")
        fitted = np.zeros(shape, dtype=bool)
        h, w = (min(m, s) for m, s in zip(mask.shape, shape, strict=True))
        fitted[:h, :w] = mask[:h, :w]
        return fitted

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class Folder:
    """Extracted frames, named ``..._000001.jpg`` and so on.

    The number in the name counts, not the place in the folder: where a file is missing, the frames
    behind it keep their poses. Numbers begin at 1, or at 0 if there is a 0.

    Raises
    ------
    UserError
        If the folder has no picture, or a name has no number.
    """

    ended = ""

    def __init__(self, path: Path) -> None:
        self.files: dict[int, Path] = {}
        for file in sorted(path.iterdir()):
            if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
                number = re.search(r"(\d+)$", file.stem)
                if number is None:
                    raise UserError(f"{file}: expected a frame number at the end of the name")
                self.files.setdefault(int(number[1]), file)
        if not self.files:
            raise UserError(f"{path}: no {', '.join(SUFFIXES)} file in this folder")
        self.base = 0 if 0 in self.files else 1

    def __len__(self) -> int:
        return max(self.files) - self.base + 1

    def read(self, wanted: range) -> Iterator[tuple[int, Picture]]:
        """(frame, picture) for each wanted frame, in order."""
        for i in wanted:
            file = self.files.get(i + self.base)
            if file is None:
                yield i, DroppedFrame("no picture")
                continue
            try:
                yield i, read_grey(file)
            except ValueError as error:
                expect_disk(error)
                yield i, DroppedFrame("damaged picture")

    def close(self) -> None:
        """Nothing is open between two pictures."""


def open_pictures(path: Path) -> Folder | Video:
    """A folder of frames or a video file."""
    return Folder(path) if path.is_dir() else Video(path)
