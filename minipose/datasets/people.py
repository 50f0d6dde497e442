"""The store that report 2's jobs train on: single people, whole body, pictures of any size.

One HDF5 file. Pictures have different sizes, so their pixels stand one after another in long rows:
``images`` uint8 (P, 3), ``masks`` uint8 (P,) of 0 and 1; ``offset`` int64 (N,) says where a
sample's pixels begin, ``size`` int32 (N, 2) its height and width. ``keypoints`` float32 (N, 25, 3)
are BODY_25 joints: x, y in px of the picture, confidence; an undetected joint is 0, 0, 0. ``name``
and ``source`` say where a sample came from, ``split`` what it is for ("" where the source does not
say), ``group`` int32 (N,) which samples are near duplicates: the number of the first of them.
Stores that were written before these two came are read as well.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

import h5py
import numpy as np

from minipose.datasets.duplicates import Fingerprints
from minipose.datasets.guard import expect_bytes, reading, storable
from minipose.datasets.splits import PARTS, split_samples
from minipose.datasets.store import CHECK, CHECK_ROWS, Store, StoreWriter, check_of, digest
from minipose.datasets.texts import encoded
from minipose.errors import UserError

FORMAT = "minipose people 1"
EARLIER_FORMATS = ("minipose figures 1",)  # the same fields
PIXEL_CHUNK = 32768  # about one picture of 128 × 192
ROW_CHUNK = 256
VALIDATION_FRACTION = 0.2  # report 2, section II-D
SPLIT_SEED = 23
FIELDS: dict[str, tuple[tuple[int, ...], str]] = {
    "images": ((3,), "uint8"),
    "masks": ((), "uint8"),
    "offset": ((), "int64"),
    "size": ((2,), "int32"),
    "keypoints": ((25, 3), "float32"),
}
TEXTS = {"name": 512, "source": 128, "split": 16}  # bytes of each
LATER = ("split", "group")  # stores of the first version do not have these


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes
    ----------
    image : uint8 (H, W, 3)
    mask : uint8 (H, W), 1 on the person
    keypoints : float32 (25, 3): x, y in px, confidence; 0, 0, 0 if undetected
    name, source : the picture's name without ending, and what it was part of
    split : "train", "validation", "test", or "" where the data do not say
    """

    image: np.ndarray
    mask: np.ndarray
    keypoints: np.ndarray
    name: str = ""
    source: str = ""
    split: str = ""


class PeopleWriter(StoreWriter):
    """Append samples to a new store. It appears under its name only when ``close`` succeeds."""

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__(path, FORMAT)
        self.count = self.pixels = 0
        self.pending: list[Person] = []
        self.names: list[str] = []
        self.fingerprints = Fingerprints()
        self.groups: np.ndarray | None = None
        for name, (shape, dtype) in FIELDS.items():
            rows = PIXEL_CHUNK if name in ("images", "masks") else ROW_CHUNK
            self.file.create_dataset(
                name,
                (0, *shape),
                dtype,
                maxshape=(None, *shape),
                chunks=(rows, *shape),
                fletcher32=True,  # a checksum: what the disk damaged is an error
            )
        for name, length in TEXTS.items():
            kind = h5py.string_dtype("utf-8", length)
            self.file.create_dataset(
                name, (0,), kind, maxshape=(None,), chunks=(ROW_CHUNK,), fletcher32=True
            )
        self.file.create_dataset(
            CHECK, (0,), "uint32", maxshape=(None,), chunks=(CHECK_ROWS,), fletcher32=True
        )

    def append(self, person: Person) -> None:
        """Add a sample.

        Raises
        ------
        ValueError
            If image, mask and keypoints do not have the shapes and types of ``Person``.
        """
        height, width = person.mask.shape
        if person.image.shape != (height, width, 3) or person.image.dtype != np.uint8:
            raise ValueError(
                f"{person.name}: expected an image uint8 {(height, width, 3)} for the mask "
                f"{person.mask.shape}, got {person.image.dtype} {person.image.shape}"
            )
        if person.keypoints.shape != (25, 3):
            raise ValueError(
                f"{person.name}: expected keypoints (25, 3), got {person.keypoints.shape}"
            )
        if not storable(person.keypoints).all():
            raise ValueError(f"{person.name}: a joint is not a finite number")
        for name, length in TEXTS.items():
            encoded([getattr(person, name)], length)
        if person.split not in ("", *PARTS):
            raise ValueError(f"{person.name}: split {person.split!r}, expected {', '.join(PARTS)}")
        self.pending.append(person)
        self.names.append(person.name)
        self.fingerprints.add(person.image)
        self.groups = None
        self.count += 1
        if len(self.pending) == ROW_CHUNK:
            self._flush()

    def duplicates(self) -> list[tuple[str, str]]:
        """Names of the samples so far that nearly repeat an earlier one, and of that one."""
        pairs = enumerate(self._grouped())
        return [(self.names[i], self.names[first]) for i, first in pairs if first != i]

    def _finish(self) -> None:
        self._flush()
        groups = self._grouped()
        self.file.create_dataset("group", data=groups, fletcher32=self.count > 0 or None)
        self.note("group", groups)

    def _grouped(self) -> np.ndarray:
        if self.groups is None:
            self.groups = self.fingerprints.groups()
        return self.groups

    def _flush(self) -> None:
        if not self.pending:
            return
        size = np.array([p.mask.shape for p in self.pending])
        area = size.prod(axis=1)
        self._extend("offset", self.pixels + np.concatenate([[0], np.cumsum(area[:-1])]))
        self._extend("size", size)
        self._extend("images", np.concatenate([p.image.reshape(-1, 3) for p in self.pending]))
        self._extend("masks", np.concatenate([(p.mask != 0).ravel() for p in self.pending]))
        self._extend("keypoints", np.stack([p.keypoints for p in self.pending]))
        for name, length in TEXTS.items():
            texts = [getattr(p, name) for p in self.pending]
            self._extend(name, encoded(texts, length))
            self.note(name, texts)
        check = [check_of(p.image, (p.mask != 0).astype(np.uint8)) for p in self.pending]
        self._extend(CHECK, np.array(check))
        self.pixels += int(area.sum())
        self.pending = []
        self.expect_written()

    def _extend(self, name: str, rows: np.ndarray) -> None:
        data = self.file[name]
        start = data.shape[0]
        rows = rows.astype(data.dtype)
        data.resize(start + len(rows), axis=0)
        data[start:] = rows
        if name not in ("images", "masks", CHECK, *TEXTS):
            self.note(name, rows)


class PeopleStore(Store):
    """Read a store. Joints, sizes and names are in memory; pixels are read on demand.

    Raises
    ------
    UserError
        If the file is missing, damaged, or not such a store.
    """

    format, maker = FORMAT, "data_tools people"
    earlier_formats = EARLIER_FORMATS

    def _load(self) -> dict[str, hashlib._Hash]:
        self.sizes = self.file["size"][...].astype(np.int64)  # (N, 2)
        self.keypoints = self.file["keypoints"][...]  # (N, 25, 3)
        self.offset = self.file["offset"][...]
        self.names, self.sources, self.splits = (self._texts(name) for name in TEXTS)
        count = len(self.sizes)
        self.groups = self.file["group"][...] if "group" in self.file else np.arange(count)
        bad = np.flatnonzero(~np.isfinite(self.keypoints).all(axis=(1, 2)))
        if len(bad):
            raise UserError(f"{self.path}: {self.names[bad[0]]}: a joint is not a finite number")
        stored = {name: self.file[name][...] for name in ("offset", "size", "keypoints")}
        stored |= dict(zip(TEXTS, (self.names, self.sources, self.splits), strict=True))
        stored["group"] = self.groups
        fields = {name: hashlib.blake2b(digest_size=16) for name in stored}
        for name, values in stored.items():
            digest(fields[name], values)
        return fields

    def _texts(self, name: str) -> list[str]:
        if name not in self.file:
            return [""] * len(self.sizes)
        return [str(s) for s in self.file[name].asstr()[...]]

    def _validate(self) -> None:
        fields = [name for name in (*FIELDS, *TEXTS) if name not in LATER or name in self.file]
        for name in fields:
            if not isinstance(self.file.get(name), h5py.Dataset):
                raise UserError(f"{self.path}: lacks the field {name!r}")
        rows, pixels = self.file["size"].shape[0], self.file["masks"].shape[0]
        expected = {name: (rows, *shape) for name, (shape, _) in FIELDS.items()}
        expected |= {"images": (pixels, 3), "masks": (pixels,), "group": (rows,)}
        expected |= {t: (rows,) for t in TEXTS}
        for name, shape in expected.items():
            if name in self.file and self.file[name].shape != shape:
                got = self.file[name].shape
                raise UserError(f"{self.path}: {name} has {got}, expected {shape}")
        if rows == 0:
            raise UserError(f"{self.path}: holds no sample")
        expect_bytes(self.path, (rows, 25, 3), 4)
        area = self.file["size"][...].astype(np.int64).prod(axis=1)
        if pixels != area.sum() or (np.diff(self.file["offset"][...]) != area[:-1]).any():
            raise UserError(f"{self.path}: the pixels do not fit the sizes: damaged")

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, i: int) -> Person:
        """Sample i."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"{self.path}: sample {i} of {len(self)}")
        height, width = (int(n) for n in self.sizes[i])
        here = slice(int(self.offset[i]), int(self.offset[i]) + height * width)
        with reading(self.path, f"{self.names[i]} is damaged: make the store again"):
            image = self.file["images"][here].reshape(height, width, 3)
            mask = self.file["masks"][here].reshape(height, width)
            self._expect_pixels(i, f"the picture of {self.names[i]}", image, mask)
        return Person(
            image,
            mask,
            self.keypoints[i],
            self.names[i],
            self.sources[i],
            self.splits[i],
        )

    def split(
        self,
        validation: float = VALIDATION_FRACTION,
        seed: int = SPLIT_SEED,
        limit: int | None = None,
    ) -> dict[str, np.ndarray]:
        """Sample numbers of ``train`` and ``validation``, and of ``test`` where the data give one.

        A split that the data give is kept; other samples are divided by one random permutation,
        with near duplicates on one side.

        Parameters
        ----------
        validation : fraction that is held out
        seed : of the permutation
        limit : at most this many samples in all

        Raises
        ------
        UserError
            If one of the parts would be empty.

        Source: report 2, section II-D (4000 and 1000 pictures).
        """
        parts = split_samples(self.groups, self.splits, validation, seed, limit)
        if not len(parts["train"]) or not len(parts["validation"]):
            count = sum(map(len, parts.values()))
            raise UserError(
                f"{self.path}: {count} samples cannot be split with a validation fraction of "
                f"{validation:g}: expected at least one in each part"
            )
        return parts
