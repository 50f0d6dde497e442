"""What both stores have in common: a file appears only when it is whole, is checked when opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import h5py

from minipose.datasets.guard import reading
from minipose.errors import UserError
from minipose.storage import expect_folder, partial_path, put_in_place, remove_abandoned


class StoreWriter:
    """A new HDF5 file, ``self.file``. It appears under its name only when ``close`` succeeds.

    As a context manager it is closed at the end, or abandoned if something was raised.
    """

    def __init__(self, path: str | os.PathLike, format: str) -> None:
        self.path = Path(path)
        expect_folder(self.path.parent).mkdir(parents=True, exist_ok=True)
        remove_abandoned(self.path.parent)
        self.partial = partial_path(self.path)
        # From version 1.10 on HDF5 keeps a checksum of what it notes about the data, too: without
        # it the library may look for ever, or crash, where the disk damaged that.
        self.file = h5py.File(self.partial, "w", libver=("v110", "v110"))
        self.file.attrs["format"] = format

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.file:  # not closed or abandoned already
            self.close() if kind is None else self.abandon()

    def close(self) -> None:
        """Finish the file and put it in place."""
        self.file.close()
        put_in_place(self.partial, self.path)

    def abandon(self) -> None:
        """Drop what was written; an older store under the same name stays as it was."""
        self.file.close()
        self.partial.unlink(missing_ok=True)


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

    Raises
    ------
    ValueError
        If the file is missing, damaged, or not such a store.
    """

    format: str  # of the file's attribute
    earlier_formats: tuple[str, ...] = ()  # read as well
    maker: str  # the tool that makes such stores

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self.file = open_to_read(self.path, self.maker)
        try:
            with reading(self.path, "a damaged store: make it again"):
                found = self.file.attrs.get("format")
                if found not in (self.format, *self.earlier_formats):
                    raise UserError(f"{self.path}: expected format {self.format!r}, got {found!r}")
                self._validate()
                self._load()
        except BaseException:
            self.file.close()
            raise

    def _validate(self) -> None:
        """Raise UserError if the fields are not those of the format."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def _load(self) -> None:
        """Read what is kept in memory."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.file.close()
