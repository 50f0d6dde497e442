"""A new HDF5 file, written so that a full disk is an error and not the end of the interpreter.

The HDF5 library cannot bear a write that fails: what it still holds, it tries to write again when
the file is closed or forgotten, and then may crash. So it writes through ``Patient``, an ordinary
file that never refuses: the first failure is kept to be raised by ``expect_written``, and what
comes after it stays in memory until then.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import h5py

from minipose.refusals import CannotWrite, refusal


class Patient:
    """What HDF5 writes through.

    Parameters
    ----------
    path : of an empty file that is there
    name : by which messages call it
    """

    def __init__(self, path: str | os.PathLike, name: str | os.PathLike | None = None) -> None:
        self.name = Path(name or path)
        self.error: BaseException | None = None
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._place = self._length = 0
        self._kept: list[tuple[int, bytes]] = []  # what came after the failure

    def expect_written(self) -> None:
        """Raise what has gone wrong so far, if anything has."""
        if isinstance(self.error, OSError):
            raise refusal(self.name, self.error, self._length) from None
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)

    # --- What h5py asks of a file -----------------------------------------------------------------

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._length}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        """The place."""
        return self._place

    def write(self, content: bytes | memoryview) -> int:
        """Write it all, or keep it where the disk refuses; an interruption, too, waits."""
        size, start = len(content), self._place
        try:
            if self.error is None:
                self._write(memoryview(content), start)
        except BaseException as error:  # HDF5 must not see any
            self.error = error
        if self.error is not None:
            self._kept.append((start, bytes(content)))
        self._place = start + size
        self._length = max(self._length, self._place)
        return size

    def _write(self, content: memoryview, start: int) -> None:
        while content:
            done = os.pwrite(self._descriptor, content, start)
            content, start = content[done:], start + done

    def read(self, size: int = -1) -> bytes:
        """As many bytes, or all; by this method h5py tells a file."""
        left = self._length - self._place
        buffer = bytearray(max(left if size < 0 else min(size, left), 0))
        self.readinto(memoryview(buffer))
        return bytes(buffer)

    def readinto(self, buffer: memoryview) -> int:
        """Read as far as the file goes; what is kept in memory counts as written."""
        start, end = self._place, min(self._place + len(buffer), self._length)
        view = memoryview(buffer).cast("B")[: max(end - start, 0)]
        found = os.pread(self._descriptor, len(view), start)
        view[: len(found)] = found
        for first, content in self._kept:
            low, high = max(first, start), min(first + len(content), end)
            if low < high:
                view[low - start : high - start] = content[low - first : high - first]
        self._place = end
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Make it as long as this."""
        size = self._place if size is None else size
        try:
            if self.error is None:
                os.ftruncate(self._descriptor, size)
        except BaseException as error:
            self.error = error
        self._length = size
        return size

    def flush(self) -> None:
        """Nothing is held back here."""


def create(
    path: str | os.PathLike, name: str | os.PathLike | None = None
) -> tuple[h5py.File, Patient]:
    """A new HDF5 file in the empty file ``path``, and what it is written through."""
    patient = Patient(path, name)
    # From version 1.10 on HDF5 keeps a checksum of what it notes about the data, too: without
    # it the library may look for ever, or crash, where the disk damaged that.
    return h5py.File(patient, "w", libver=("v110", "v110")), patient


@contextlib.contextmanager
def created(path: str | os.PathLike, name: str | os.PathLike | None = None) -> Iterator[h5py.File]:
    """A new HDF5 file in the empty file ``path``, closed at the end of the block.

    Raises
    ------
    CannotWrite
        If the disk is full, or has gone.
    """
    file, patient = create(path, name)
    try:
        try:
            yield file
        finally:
            file.close()
        patient.expect_written()
    except OSError as error:
        if not isinstance(error, CannotWrite):
            patient.expect_written()  # HDF5 may have tripped over what could not be written
        raise
    finally:
        patient.close()
