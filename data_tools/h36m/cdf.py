"""NASA's CDF files through cdflib, which trusts what a file says of its own records.

A record names the next one, and a damaged file may lead round in a circle, or tell of two billion
of them: so reading has a budget, far above what a sound file needs. An array is as large as its
header says, so the header is looked at first.
"""

from __future__ import annotations

import os
import struct
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from minipose.datasets.guard import expect_bytes

LARGEST = 2**28  # bytes of one variable; the longest take of Human3.6M has 5 million
READS = 100_000  # reads of one file; a sound file of one variable needs some hundreds
TIMES = 16  # bytes read, as multiples of the file's
COUNT, AXES = 10_000, 10  # of variables or attributes; of a variable, by CDF's own definition


class _Budgeted(BufferedReader):
    """A file that ends its reader when that reads far more than there is."""

    def __init__(self, path: str) -> None:
        super().__init__(open(path, "rb", buffering=0))
        self.reads, self.bytes = READS, TIMES * (os.path.getsize(path) + 4096)

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.reads, self.bytes = self.reads - 1, self.bytes - len(data)
        if self.reads < 0 or self.bytes < 0:
            raise ValueError("its records lead round in a circle")
        return data


@cache
def _reader() -> type:
    """cdflib's reader on such a file."""
    from cdflib import CDF

    class Reader(CDF):
        def _file_or_url_or_s3_handler(self, name: str, *_: Any) -> _Budgeted:
            return _Budgeted(name)

    return Reader


def _check_counts(content: bytes) -> None:
    """Refuse more variables, attributes or axes than there can be: cdflib counts through them.

    All numbers stand in the file's own record (GDR) and in its variables' (VDR). Offsets have 8
    bytes in version 3 and 4 before.
    """
    wide = content.startswith(b"\xcd\xf3\x00\x01")
    form, size = (">q", 8) if wide else (">i", 4)
    if content[4:8] != b"\0\0\xff\xff":
        return  # deflated as a whole; then the budget of reads is all there is
    (first,) = struct.unpack_from(form, content, 8 + size + 4)
    old, attributes, _, axes, new = struct.unpack_from(">5i", content, first + 5 * size + 4)
    (variable,) = struct.unpack_from(form, content, first + 2 * size + 4)
    counts = [axes * COUNT // AXES, old, attributes, new]
    for _ in range(min(new, COUNT) if wide else 0):
        (own,) = struct.unpack_from(">i", content, variable + 340)
        counts.append(own * COUNT // AXES)
        (variable,) = struct.unpack_from(form, content, variable + size + 4)
        if variable <= 0:
            break
    if not 0 <= min(counts) <= max(counts) <= COUNT:
        raise ValueError("it tells of more variables or axes than there can be")


def read_variable(path: Path, name: str) -> np.ndarray:
    """A variable of a CDF file, whatever is raised by it.

    Raises
    ------
    Exception
        Any; cdflib raises whatever it trips over in a damaged file.
    """
    _check_counts(path.read_bytes())
    cdf = _reader()(path)
    about = cdf.varinq(name)
    records = max(0, about.Last_Rec + 1)
    expect_bytes(path, [records, *about.Dim_Sizes], 8 * max(1, about.Num_Elements), LARGEST)
    return cdf.varget(name)
