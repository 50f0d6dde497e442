"""The door of every file that others made: its size is checked first, its faults become one line.

A file says how large its content is before that content is read; ``expect_bytes`` and
``expect_pixels`` hold that against a limit before memory is taken. Libraries raise whatever they
trip over in a damaged file; ``reading`` turns all of it into "path: what is wrong".
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minipose.errors import UserError

PIXELS = 89_478_485  # of a picture or mask: where Pillow begins to warn of a decompression bomb
BYTES = 2**30  # of an array of labels or a JSON file of a whole data set
SAMPLE_BYTES = 2**24  # of one picture's joints in JSON
LARGEST = 1e18  # of a coordinate: its square is a number in single precision, too


# Errors that are none of what the file holds: a disk that is unplugged, a server that is gone.
OF_THE_DISK = {
    getattr(errno, name)
    for name in ("EIO", "ENODEV", "ENXIO", "ENOMEDIUM", "ESTALE", "ENOTCONN", "ETIMEDOUT")
    if hasattr(errno, name)
}


IN_WORDS = re.compile(r"\berrno = (\d+)")  # as the HDF5 library says it


class CannotRead(UserError):
    """The disk does not give the file: no fault of what is in it."""


@contextmanager
def reading(path: str | os.PathLike, what: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes a UserError "path: what (the library's words)".

    A UserError from inside says that already, and a missing package is none of the file's faults:
    both pass.
    """
    try:
        yield
    except (UserError, ModuleNotFoundError):
        raise
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: a folder, expected a file") from None
    except Exception as error:
        if reason := said_by_the_disk(error):
            raise CannotRead(f"{path}: {reason}") from None
        raise UserError(f"{path}: {what} ({in_a_line(error)})") from None


def said_by_the_disk(error: BaseException) -> str:
    """What the system says of a disk that does not give a file; "" for any other error."""
    if not isinstance(error, OSError):
        return ""
    number = error.errno or int((IN_WORDS.search(str(error)) or (0, 0))[1])
    return os.strerror(number).lower() if number in OF_THE_DISK else ""


def in_a_line(error: BaseException) -> str:
    """The first line of an error's message, at most 200 characters; its kind where it has none."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else type(error).__name__
    if isinstance(error, (KeyError, MemoryError, RecursionError)) and lines:
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= 200 else text[:197] + "..."


def expect_bytes(
    path: str | os.PathLike, shape: Sequence[int], itemsize: int = 1, limit: int = BYTES
) -> None:
    """Refuse an array whose declared shape is not one, or takes more than ``limit`` bytes.

    Raises
    ------
    UserError
        Before any memory is taken. The product is one of Python's integers, which cannot wrap.
    """
    sizes = [int(n) for n in shape]
    total = math.prod(sizes) * int(itemsize)
    if min(sizes, default=0) < 0 or total > limit:
        raise UserError(
            f"{path}: declares an array of {' × '.join(map(str, sizes))}, expected at most "
            f"{limit >> 20} MiB"
        )


def expect_pixels(path: str | os.PathLike, width: int, height: int) -> None:
    """Refuse a picture of no pixel or of more than ``PIXELS``, before it is decoded.

    Raises
    ------
    UserError
        If it has.
    """
    if width < 1 or height < 1 or int(width) * int(height) > PIXELS:
        raise UserError(
            f"{path}: {width} × {height} px, expected at most {PIXELS / 1e6:.0f} million pixels"
        )


def expect_readable(path: str | os.PathLike) -> None:
    """Read all of a file and keep nothing: a library may take a disk's error for the file's.

    Raises
    ------
    OSError
        If the disk does not give it.
    """
    with open(path, "rb", buffering=0) as file:
        while file.read(2**20):
            pass


def read_json(path: str | os.PathLike, limit: int = BYTES) -> Any:
    """A JSON file in any Unicode encoding, with a byte-order mark or without.

    Raises
    ------
    UserError
        If it is missing, damaged, nested too deeply, or has more than ``limit`` bytes.
    """
    path = Path(path)
    with reading(path, "not a readable JSON file"):
        expect_bytes(path, (path.stat().st_size,), limit=limit)
        return json.loads(path.read_bytes())


def storable(values: np.ndarray) -> np.ndarray:
    """Which of the values are numbers, and stay numbers in the single precision of stores."""
    return np.abs(values) <= LARGEST  # NaN is not
