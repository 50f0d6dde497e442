"""Texts in HDF5 files, in so many bytes each.

HDF5 keeps texts of any length in a heap that has no checksum; where a disk has damaged that, the
library may look for ever. Texts of a fixed length stand among what is checked. Both are read, since
stores of earlier versions have the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from minipose.errors import UserError


def encoded(texts: Sequence[str], length: int | None = None) -> np.ndarray:
    """Texts as an array of UTF-8, each in ``length`` bytes, or in as many as the longest takes.

    Raises
    ------
    UserError
        If one takes more.
    """
    contents = [text.encode() for text in texts]
    longest = max(map(len, contents), default=0)
    if length is not None and longest > length:
        text = texts[[len(content) for content in contents].index(longest)]
        raise UserError(f"{text[:60]}…: takes {longest} bytes, expected at most {length}")
    return np.array(contents, dtype=h5py.string_dtype("utf-8", length or max(longest, 1)))


def set_text(file: h5py.File, name: str, value: str | Sequence[str]) -> None:
    """An attribute that is a text, or several."""
    one = isinstance(value, str)
    content = encoded([value] if one else value)
    file.attrs.create(name, content[0] if one else content, dtype=content.dtype)


def text_of(file: h5py.File, name: str) -> str | None:
    """An attribute that is a text; None if there is none."""
    value = file.attrs.get(name)
    return None if value is None else _decoded(value)


def texts_of(file: h5py.File, name: str) -> list[str]:
    """An attribute that is several texts."""
    return [_decoded(value) for value in file.attrs[name]]


def _decoded(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
