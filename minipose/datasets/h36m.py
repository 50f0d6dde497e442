"""The store that report 1's job trains on: one HDF5 file, read and written in pieces.

Per frame: ``images`` uint8 (N, 128, 128), ``joints_3d`` float32 (N, 17, 3) mm in the camera frame
with the pelvis at 0, ``keypoints_2d`` float32 (N, 17, 2) px of the crop, ``subject``, ``action``
(index into the attribute ``actions``), ``subaction``, ``camera``, ``frame`` and ``crop`` (x0, y0,
scale), see ``datasets.crop.Crop``. Frames of a take stand together, in order. The attribute
``frames_per_second`` is that of the videos; 50 where it is not there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import h5py
import numpy as np

from minipose.datasets.guard import reading, storable
from minipose.datasets.store import CHECK, CHECK_ROWS, Store, StoreWriter, check_of, digest
from minipose.datasets.texts import set_text, texts_of
from minipose.errors import UserError

FORMAT = "minipose h36m 1"
PIECE = 8192  # frames whose coordinates are in memory while a store is opened
CHUNK = 64  # frames; shuffled reading takes whole chunks, so memory and disk stay calm
FIELDS: dict[str, tuple[tuple[int, ...], str]] = {
    "images": ((128, 128), "uint8"),
    "joints_3d": ((17, 3), "float32"),
    "keypoints_2d": ((17, 2), "float32"),
    "subject": ((), "int32"),
    "action": ((), "int32"),
    "subaction": ((), "int32"),
    "camera": ((), "int32"),
    "frame": ((), "int32"),
    "crop": ((3,), "float32"),
}
LABELS = ("subject", "action", "subaction", "camera", "frame")
RATE, FRAMES_A_SECOND = "frames_per_second", 50.0  # an attribute, and what it is where it lacks
TRAIN_SUBJECTS, TEST_SUBJECTS = (1, 5, 6, 7, 8, 9), (11,)


def expect_rate(rate: float) -> float:
    """The rate. Raises ValueError unless it is above 0 and at most 1000 frames a second."""
    if not 0 < rate <= 1000:
        raise ValueError(f"expected a frame rate above 0 and at most 1000, got {rate}")
    return rate


class H36MWriter(StoreWriter):
    """Append frames to a new store. It appears under its name only when ``close`` succeeds.

    Parameters
    ----------
    rate : frames a second of the videos, which the numbers in ``frame`` count
    """

    def __init__(
        self, path: str | os.PathLike, actions: list[str], rate: float = FRAMES_A_SECOND
    ) -> None:
        super().__init__(path, FORMAT)
        set_text(self.file, "actions", actions)
        if rate != FRAMES_A_SECOND:
            self.file.attrs[RATE] = expect_rate(rate)
        self.count = 0
        for name, (shape, dtype) in FIELDS.items():
            rows = CHUNK if shape else 4096
            self.file.create_dataset(
                name,
                (0, *shape),
                dtype,
                maxshape=(None, *shape),
                chunks=(rows, *shape),
                fletcher32=True,  # a checksum: what the disk damaged is an error
            )
        self.file.create_dataset(
            CHECK, (0,), "uint32", maxshape=(None,), chunks=(CHECK_ROWS,), fletcher32=True
        )
        self.note("actions", actions)

    def append(self, **frames: np.ndarray) -> None:
        """Add frames: an array per field, all with the same number of rows."""
        rows = len(frames["images"])
        for name, (shape, dtype) in FIELDS.items():
            if frames[name].shape != (rows, *shape):
                raise ValueError(f"{name}: expected {(rows, *shape)}, got {frames[name].shape}")
            if shape and dtype == "float32" and not storable(frames[name]).all():
                bad = np.flatnonzero(~storable(frames[name]).reshape(rows, -1).all(axis=1))
                raise ValueError(f"{name}: frame {self.count + bad[0]} holds no finite number")
            values = frames[name].astype(dtype, copy=False)
            self._extend(name, values)
            if name == "images":  # as they are stored, whatever they were given as
                self._extend(CHECK, np.array([check_of(image) for image in values], np.uint32))
            else:
                self.note(name, values)
        self.count += rows
        self.expect_written()

    def _extend(self, name: str, values: np.ndarray) -> None:
        data = self.file[name]
        data.resize(self.count + len(values), axis=0)
        data[self.count :] = values


class H36MStore(Store):
    """Read a store. Labels are in memory (20 bytes a frame), images are read on demand.

    ``rate`` is in frames a second of the videos, which the numbers in ``frame`` count.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or not such a store.
    """

    format, maker = FORMAT, "data_tools h36m"

    def _load(self) -> dict[str, hashlib._Hash]:
        self.actions = texts_of(self.file, "actions")
        with reading(self.path, f"its attribute {RATE!r} is damaged"):
            self.rate = expect_rate(float(self.file.attrs.get(RATE, FRAMES_A_SECOND)))
        self.labels = {name: self._piece(name, slice(None)) for name in LABELS}
        fields = {name: hashlib.blake2b(digest_size=16) for name in ("actions", *FIELDS)}
        del fields["images"]
        digest(fields["actions"], self.actions)
        for name, found in fields.items():
            if name in LABELS:
                digest(found, self.labels[name])
            elif name != "actions":
                self._digest_floats(name, found)
        return fields

    def _digest_floats(self, name: str, found: hashlib._Hash) -> None:
        """A field of coordinates, piece by piece; every one has to be a finite number."""
        for start in range(0, len(self), PIECE):
            values = self._piece(name, slice(start, start + PIECE))
            digest(found, values)
            bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
            if len(bad):
                row = start + int(bad[0])
                raise UserError(
                    f"{self.path}: {name} of frame {row} ({self._name(row)}) is not a finite number"
                )

    def _name(self, row: int) -> str:
        """Which frame of which take a row is."""
        subject, action, subaction, camera, frame = (int(self.labels[k][row]) for k in LABELS)
        taken = self.actions[action] if 0 <= action < len(self.actions) else f"action {action}"
        return f"S{subject} {taken} {subaction}, camera {camera}, its frame {frame}"

    def _validate(self) -> None:
        if "actions" not in self.file.attrs:
            raise UserError(f"{self.path}: lacks the attribute 'actions'")
        rows = None
        for name, (shape, dtype) in FIELDS.items():
            if not isinstance(self.file.get(name), h5py.Dataset):
                raise UserError(f"{self.path}: lacks the field {name!r}")
            got = self.file[name]
            rows = len(got) if rows is None and got.ndim else rows
            if got.shape != (rows, *shape) or got.dtype != dtype:
                raise UserError(
                    f"{self.path}: {name} is {got.dtype} {got.shape}, expected {dtype} "
                    f"{(rows, *shape)}"
                )
        if rows == 0:
            raise UserError(f"{self.path}: holds no frame")

    def __len__(self) -> int:
        return self.file["images"].shape[0]

    def read(self, field: str, indices: np.ndarray) -> np.ndarray:
        """Rows of a field in the order of ``indices``; every chunk is read once.

        Raises
        ------
        IndexError
            If an index is negative or beyond the last frame.
        ValueError
            If the file is damaged there.
        """
        indices = np.asarray(indices)
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(
                f"{self.path}: frames {indices.min()} to {indices.max()} were requested, it holds "
                f"0 to {len(self) - 1}"
            )
        data = self.file[field]
        out = np.empty((len(indices), *data.shape[1:]), dtype=data.dtype)
        blocks = indices // CHUNK
        for block in np.unique(blocks):
            here = np.flatnonzero(blocks == block)
            rows = self._piece(field, slice(block * CHUNK, (block + 1) * CHUNK))
            out[here] = rows[indices[here] - block * CHUNK]
        if field == "images" and self._check is not None:
            for row, image in zip(indices, out, strict=True):
                self._expect_pixels(int(row), f"the picture of frame {row}", image)
        return out

    def _piece(self, field: str, piece: slice) -> np.ndarray:
        try:
            return self.file[field][piece]
        except OSError as error:
            raise UserError(
                f"{self.path}: {field} is damaged ({str(error).splitlines()[0]}): make it again"
            ) from None

    def takes(self) -> np.ndarray:
        """For each frame the number of its take as one camera saw it, counted from 0 in order."""
        keys = np.stack([self.labels[k] for k in LABELS[:4]])
        new = np.any(keys[:, 1:] != keys[:, :-1], axis=0)
        return np.concatenate([[0], np.cumsum(new)])

    def split(self, limit: int | None = None) -> dict[str, np.ndarray]:
        """Frame numbers of ``train``, ``validation`` and ``test``.

        Test is subject S11. Validation is whole takes of the training subjects, so that no
        neighbour of a validation frame is trained on: the last take of each action of every third
        training subject that the store holds, so S5's and S8's where it holds all.

        Parameters
        ----------
        limit : at most this many frames of each, evenly spread

        Source: report 1, section 3; held out by whole takes rather than by rows of a take.
        """
        subject, subaction = self.labels["subject"], self.labels["subaction"]
        known = np.isin(subject, TRAIN_SUBJECTS)
        present = np.unique(subject[known])
        held_out = np.zeros(len(self), dtype=bool)
        for chosen in present[min(1, max(0, len(present) - 1)) :: 3]:
            for action in np.unique(self.labels["action"][subject == chosen]):
                frames = (subject == chosen) & (self.labels["action"] == action)
                takes = np.unique(subaction[frames])
                if len(takes) > 1:
                    held_out |= frames & (subaction == takes[-1])
        parts = {
            "train": np.flatnonzero(known & ~held_out),
            "validation": np.flatnonzero(known & held_out),
            "test": np.flatnonzero(np.isin(subject, TEST_SUBJECTS)),
        }
        for name, frames in parts.items():
            if len(frames) == 0:
                subjects = sorted({int(s) for s in subject})
                raise ValueError(
                    f"{self.path}: no frame for {name}: expected subjects S1 S5 S6 S7 S8 S9 with "
                    f"two takes, and S11; found subjects {subjects}"
                )
            if limit is not None and len(frames) > limit:
                spread = np.linspace(0, len(frames) - 1, limit).round().astype(int)
                parts[name] = frames[spread]
        return parts


def shuffled_pools(
    frames: np.ndarray, batch: int, rng: np.random.Generator, span: int = 32
) -> Iterator[np.ndarray]:
    """All frames once, in random order, in pools of about ``span`` batches that fit in memory.

    The file's chunks are shuffled, a pool's worth of them taken, and their frames shuffled: a pool
    is read in a few long reads, however large the store is. Every pool is a whole number of
    batches; the remainder goes into the next one, and is left out at the end.
    """
    blocks = np.split(frames, np.flatnonzero(np.diff(frames // CHUNK)) + 1)
    blocks = [blocks[i] for i in rng.permutation(len(blocks))]
    pending: list[np.ndarray] = []
    for k, block in enumerate(blocks, start=1):
        pending.append(block)
        if sum(map(len, pending)) >= span * batch or k == len(blocks):
            pool = np.concatenate(pending)
            pool = pool[rng.permutation(len(pool))]
            full = len(pool) - len(pool) % batch
            if full:
                yield pool[:full]
            pending = [pool[full:]]
