"""Read one view's poses, silhouettes and boxes. Damage is said in one line."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

REOPEN = 256  # masks: the HDF5 library keeps 5 KB for every object it opened until the file closes
SLACK = 2  # px by which a mask may be smaller or larger than its frame


class DroppedFrame(ValueError):
    """One frame cannot be used; the message is the reason, the same for all frames of its kind."""


def read_poses(path: Path, dimensions: int) -> np.ndarray:
    """A ``.cdf`` pose file -> float64 (T, 32, dimensions).

    The variable ``Pose`` is (1, T, 32·dimensions); some tools drop the leading 1.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or holds another shape.
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
    """The frames of a silhouette or box ``.mat`` file (MATLAB 7.3, that is HDF5), one at a time.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or holds no cell array ``Masks``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise ValueError(f"{path}: no such file")
        try:
            self.file = h5py.File(path, "r")
        except OSError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{path}: not a readable .mat file of version 7.3 ({reason})"
            ) from None
        cell = self.file.get("Masks")
        if not isinstance(cell, h5py.Dataset) or h5py.check_ref_dtype(cell.dtype) is None:
            found = sorted(k for k in self.file if k != "#refs#")
            self.file.close()
            raise ValueError(f"{path}: expected a cell array Masks, found {found}")
        self.references = cell[()].reshape(-1)
        self.opened = 0

    def __len__(self) -> int:
        return len(self.references)

    def frame(self, i: int, shape: tuple[int, int]) -> np.ndarray:
        """Mask of frame i as bool (H, W); a pixel or two more or less than ``shape`` is put right.

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
            # MATLAB stores the size of an empty array instead of its values.
            stored = np.zeros((0, 0)) if "MATLAB_empty" in data.attrs else data[()]
        except (OSError, KeyError, ValueError):
            raise DroppedFrame(f"damaged mask in {self.path.parent.name}") from None
        if stored.size == 0:
            return np.zeros(shape, dtype=bool)
        if stored.ndim == 3:  # (channels, W, H), or (W, H, channels) from other tools
            stored = stored[0] if stored.shape[0] < stored.shape[2] else stored[:, :, 0]
        mask = stored.T != 0  # stored as (W, H)
        if mask.shape == shape:
            return mask
        if mask.ndim != 2 or max(abs(m - s) for m, s in zip(mask.shape, shape)) > SLACK:
            raise DroppedFrame(f"mask of another size in {self.path.parent.name}")
        fitted = np.zeros(shape, dtype=bool)
        h, w = (min(m, s) for m, s in zip(mask.shape, shape, strict=True))
        fitted[:h, :w] = mask[:h, :w]
        return fitted

    def close(self) -> None:
        """Close the file."""
        self.file.close()
