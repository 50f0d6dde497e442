"""An array of numbers from a MATLAB file of version 5 to 7, read with every length checked.

The usual reader (scipy's) ends the whole interpreter on some damaged files. What is needed here is
little: the file is a row of elements, each with its type and length; a matrix is an element of
elements (flags, dimensions, name, numbers), and may be deflated.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minipose.datasets.guard import BYTES, expect_bytes, reading

MATRIX, DEFLATED = 14, 15
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
          13: "u8"}  # fmt: skip
# What a matrix is by its flags; numbers that are small are stored in less.
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
           15: "u8"}  # fmt: skip


def load_matlab(path: Path, name: str, limit: int = BYTES // 4) -> np.ndarray:
    """The matrix ``name``, with as many axes as MATLAB gave it.

    Raises
    ------
    UserError
        If the file is damaged, of another version, has no such matrix of real numbers, or one that
        takes more than ``limit`` bytes.
    """
    with reading(path, f"no readable variable {name!r}"):
        expect_bytes(path, (path.stat().st_size,), limit=limit)
        content = path.read_bytes()
        if content.startswith(b"\x89HDF") or b"MATLAB 7.3" in content[:20]:
            raise ValueError("version 7.3, expected 5 to 7")
        order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
        if order is None:
            raise ValueError("not a MATLAB file of version 5 to 7")
        found = []
        for kind, data in _elements(content[128:], order):
            if kind == DEFLATED:
                inflated = zlib.decompressobj().decompress(data, limit + 4096)
                kind, data = next(_elements(inflated, order))
            if kind == MATRIX:
                parts = _elements(data, order)
                called = _name(parts)
                if called[0] == name:
                    return _numbers(path, *called[1:], parts, order, limit)
                found.append(called[0])
        raise ValueError(f"it holds {', '.join(found) or 'none'}")


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """(type, data) of the elements in a row; each begins at a multiple of 8 bytes."""
    place = 0
    while place + 8 <= len(content):
        kind, length = struct.unpack_from(f"{order}II", content, place)
        if kind >> 16:  # at most 4 bytes, which stand in the place of the length
            kind, length, start = kind & 0xFFFF, kind >> 16, place + 4
            end = place + 8
        else:
            start = place + 8
            end = start + length + (-length % 8 if kind != DEFLATED else 0)
        if start + length > len(content):
            raise ValueError("it ends within an element")
        yield kind, content[start : start + length]
        place = end


def _name(parts: Iterator[tuple[int, bytes]]) -> tuple[str, bytes, bytes]:
    """Name, flags and dimensions of a matrix, which come first in it."""
    flags, dimensions, name = (next(parts)[1] for _ in range(3))
    return name.decode("ascii", "replace"), flags, dimensions


def _numbers(
    path: Path,
    flags: bytes,
    dimensions: bytes,
    parts: Iterator[tuple[int, bytes]],
    order: str,
    limit: int,
) -> np.ndarray:
    (flag,) = struct.unpack_from(f"{order}I", flags)
    shape = np.frombuffer(dimensions, f"{order}i4").tolist()
    wanted = CLASSES.get(flag & 0xFF)
    if wanted is None or flag & 0x800:
        raise ValueError("it is no matrix of real numbers")
    expect_bytes(path, shape, int(wanted[1]), limit)
    kind, data = next(parts)
    values = np.frombuffer(data, order + STORED[kind])
    if len(values) != math.prod(shape):
        raise ValueError(f"{len(values)} numbers for a matrix of {shape}")
    return values.astype(wanted).reshape(shape, order="F")
