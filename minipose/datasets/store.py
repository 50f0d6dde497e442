"""What both stores have in common: a file appears only when it is whole, is checked when opened.

HDF5's own checksum (Fletcher's) takes 65535 for 0, so black that became white passes it. A store
therefore has two of its own: the attribute ``labels``, over everything but pixels, is checked when
it is opened; ``check``, a CRC-32 for each sample's pixels, when these are read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import h5py
import numpy as np

from minipose.datasets.guard import reading
from minipose.datasets.hdf5_file import create
from minipose.datasets.texts import set_text, text_of
from minipose.errors import UserError
from minipose.locks import claimed
from minipose.storage import (
    expect_file,
    in_words,
    new_partial,
    put_in_place,
    remove_abandoned,
)

CHECK, LABELS = "check", "labels"
CHECK_ROWS = 4096  # of one chunk of ``check``


class StoreWriter:
    """A new HDF5 file, ``self.file``. It appears under its name only when ``close`` succeeds.

    As a context manager it is closed at the end, or abandoned if something was raised.

    Raises
    ------
    Taken
        If another process is writing this store.
    CannotWrite
        If the disk is full, read-only or gone; an older store under the same name stays.
    UserError
        If there is a folder of that name.
    """

    def __init__(self, path: str | os.PathLike, format: str) -> None:
        self.path = Path(path)
        with contextlib.ExitStack() as held, in_words(self.path):
            expect_file(self.path).parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(claimed(self.path))
            remove_abandoned(self.path.parent, of=self.path.name)
            self.partial, descriptor = new_partial(self.path)
            held.callback(os.close, descriptor)
            self.file, self._disk = create(self.partial, self.path)
            held.callback(self._disk.close)
            self._held = held.pop_all()
        self._fields: dict[str, hashlib._Hash] = {}
        set_text(self.file, "format", format)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.file:  # not closed or abandoned already
            self.close() if kind is None else self.abandon()

    def note(self, name: str, values: np.ndarray | Iterable[str]) -> None:
        """Count rows of a field, in its stored type, into the checksum of the labels."""
        digest(self._fields.setdefault(name, hashlib.blake2b(digest_size=16)), values)

    def expect_written(self) -> None:
        """Raise CannotWrite if the disk has refused anything so far."""
        self._disk.expect_written()

    def close(self) -> None:
        """Finish the file and put it in place; if that fails, nothing is left of it."""
        with self._held, in_words(self.path):
            try:
                self._finish()
                if self._fields:
                    set_text(self.file, LABELS, together(self._fields))
                self.file.close()
                self._disk.expect_written()
                put_in_place(self.partial, self.path)
            except BaseException:
                self._drop()
                raise

    def _finish(self) -> None:
        """Write what is not written yet."""

    def abandon(self) -> None:
        """Drop what was written; an older store under the same name stays as it was."""
        with self._held:
            self._drop()

    def _drop(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # HDF5 may trip over its own failure
            self.file.close()
        with contextlib.suppress(OSError):
            self.partial.unlink(missing_ok=True)


def digest(found: hashlib._Hash, values: np.ndarray | Iterable[str]) -> None:
    """Add numbers, or texts with their lengths, to a checksum."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        found.update(np.ascontiguousarray(values).data)
        return
    for text in values:
        content = str(text).encode()
        found.update(b"%d:" % len(content) + content)


def together(fields: dict[str, hashlib._Hash]) -> str:
    """One checksum of several fields' checksums."""
    listed = "\n".join(f"{name} {fields[name].hexdigest()}" for name in sorted(fields))
    return hashlib.blake2b(listed.encode(), digest_size=16).hexdigest()


def check_of(*pixels: np.ndarray) -> int:
    """The checksum of one sample's pixels."""
    found = 0
    for one in pixels:
        found = zlib.crc32(np.ascontiguousarray(one).data, found)
    return found


def open_to_read(path: Path, maker: str) -> h5py.File:
    """An HDF5 file.

    Parameters
    ----------
    maker : what makes such files, for the message

    Raises
    ------
    ValueError
        If the file is missing or cannot be read.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise ValueError(f"{path}: {found} (expected a store made by {maker})")
    with reading(path, "not a readable HDF5 file"):
        file = h5py.File(path, "r")
        try:
            _expect_own_content(path, file)
        except BaseException:
            file.close()
            raise
    return file


def _expect_own_content(path: Path, file: h5py.File) -> None:
    """Refuse fields whose content lies elsewhere: HDF5 can show any other file as an array."""
    for name in file:
        data = file.get(name) if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if data is None or (isinstance(data, h5py.Dataset) and (data.external or data.is_virtual)):
            raise UserError(f"{path}: {name} lies in another file, expected it in this one")


class Store:
    """A finished HDF5 file, ``self.file``, to be read.

    ``identity`` is the same for stores of the same content, wherever they lie.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or not such a store.
    """

    format: str  # of the file's attribute
    earlier_formats: tuple[str, ...] = ()  # read as well
    maker: str  # the tool that makes such stores
    identity: str

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self.file = open_to_read(self.path, self.maker)
        try:
            with reading(self.path, "a damaged store: make it again"):
                found = text_of(self.file, "format")
                if found not in (self.format, *self.earlier_formats):
                    raise UserError(f"{self.path}: expected format {self.format!r}, got {found!r}")
                self._validate()
                fields = self._load()
                self._expect_checked(fields)
        except BaseException:
            self.file.close()
            raise

    def _validate(self) -> None:
        """Raise UserError if the fields are not those of the format."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def _load(self) -> dict[str, hashlib._Hash]:
        """Read what is kept in memory; the checksum of each field but pixels."""
        return {}

    def _expect_checked(self, fields: dict[str, hashlib._Hash]) -> None:
        """Hold the labels against their checksum; stores of earlier versions have none."""
        labels, stored = together(fields), text_of(self.file, LABELS)
        if stored is not None and stored != labels:
            raise UserError(f"{self.path}: the labels are damaged (checksum): make the store again")
        self._check = self.file[CHECK][...] if CHECK in self.file else None
        if self._check is not None and len(self._check) != len(self):
            raise UserError(
                f"{self.path}: {CHECK} has {self._check.shape}, expected {(len(self),)}"
            )
        everything = hashlib.blake2b(labels.encode(), digest_size=16)
        if self._check is None:
            everything.update(str(self.path.stat().st_size).encode())
        else:
            digest(everything, self._check)
        self.identity = everything.hexdigest()

    def _expect_pixels(self, sample: int, name: str, *pixels: np.ndarray) -> None:
        """Hold a sample's pixels against their checksum.

        Raises
        ------
        UserError
            If they are others than were written.
        """
        if self._check is not None and check_of(*pixels) != self._check[sample]:
            raise UserError(f"{self.path}: {name} is damaged (checksum): make the store again")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.file.close()
