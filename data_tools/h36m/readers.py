"""Read one view's files: poses, silhouettes, boxes, pictures. Damage is said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from minipose.datasets.crop import read_grey

PICTURES = (".jpg", ".jpeg", ".png")


def read_poses(path: Path, dimensions: int) -> np.ndarray:
    """A ``.cdf`` pose file -> float64 (T, 32, dimensions).

    The variable ``Pose`` is (1, T, 32·dimensions); some tools drop the leading 1.
    """
    import cdflib

    try:
        values = np.asarray(cdflib.CDF(path).varget("Pose"), dtype=np.float64)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except Exception as error:  # cdflib raises whatever it trips over in a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: not a readable CDF pose file ({reason})") from None
    values = values[0] if values.ndim == 3 and values.shape[0] == 1 else values
    if values.ndim != 2 or values.shape[1] != 32 * dimensions or len(values) == 0:
        raise ValueError(
            f"{path}: Pose has shape {values.shape}, expected (1, T, {32 * dimensions})"
        )
    return values.reshape(len(values), 32, dimensions)


class Masks:
    """The frames of a silhouette or box ``.mat`` file (MATLAB 7.3, that is HDF5), one at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.file = h5py.File(path, "r")
            cell = self.file["Masks"]
            self.references = cell[()].reshape(-1)
            if len(self.references) == 0 or not isinstance(self.references[0], h5py.Reference):
                raise KeyError("Masks is not a cell array")
        except FileNotFoundError:
            raise ValueError(f"{path}: no such file") from None
        except (OSError, KeyError) as error:
            raise ValueError(f"{path}: not a readable mask file ({error})") from None

    def __len__(self) -> int:
        return len(self.references)

    def frame(self, i: int, shape: tuple[int, int]) -> np.ndarray:
        """Mask of frame i as bool (H, W); one pixel more or less than ``shape`` is put right.

        Raises
        ------
        ValueError
            If it is damaged or of another size.
        """
        try:
            stored = self.file[self.references[i]][()]
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(f"{self.path}: mask {i + 1} is damaged ({error})") from None
        if stored.ndim == 3:
            stored = stored[0] if stored.shape[0] < stored.shape[2] else stored[:, :, 0]
        mask = stored.T != 0  # stored as (W, H)
        if mask.shape == shape:
            return mask
        if max(abs(m - s) for m, s in zip(mask.shape, shape, strict=True)) > 2:
            raise ValueError(
                f"{self.path}: mask {i + 1} is {mask.shape[1]} × {mask.shape[0]}, "
                f"its frame {shape[1]} × {shape[0]}"
            )
        fitted = np.zeros(shape, dtype=bool)
        h, w = (min(m, s) for m, s in zip(mask.shape, shape, strict=True))
        fitted[:h, :w] = mask[:h, :w]
        return fitted

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def count_pictures(path: Path) -> int:
    """How many frames a folder or a video has (for a video what its header says, else 0)."""
    if path.is_dir():
        return len(_files(path))
    import av

    try:
        with av.open(str(path)) as container:
            return int(container.streams.video[0].frames)
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(f"{path}: not a readable video ({error})") from None


def read_pictures(path: Path, step: int) -> Iterator[np.ndarray]:
    """Every ``step``-th frame of a folder or a video as uint8 grey (H, W)."""
    if path.is_dir():
        for file in _files(path)[::step]:
            yield read_grey(file)
        return
    import av

    try:
        with av.open(str(path)) as container:
            for i, frame in enumerate(container.decode(video=0)):
                if i % step == 0:
                    yield frame.to_ndarray(format="gray")
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(f"{path}: the video breaks off ({error})") from None


def _files(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith(".")
    )
