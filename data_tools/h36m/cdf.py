"""NASA's CDF files through cdflib, which trusts what a file says of its own records.

A record names the next one, and a damaged file may lead round in a circle, or tell of two billion
of them: so reading has a budget, far above what a sound file needs. An array is as large as its
header says, so the header is looked at first. A few deflated bytes may become any number: a file
that is deflated as a whole is inflated here, and so are blocks, up to a limit.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from functools import cache
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from minipose.datasets.guard import expect_bytes

LARGEST = 2**28  # bytes of one variable; the longest take of Human3.6M has 5 million
READS = 100_000  # reads of one file; a sound file of one variable needs some hundreds
TIMES = 16  # bytes read, as multiples of the file's
PLAIN, DEFLATED = b"\x00\x00\xff\xff", b"\xcc\xcc\x00\x01"  # what follows a file's first 4 bytes
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
        inflated = 0

        def _file_or_url_or_s3_handler(self, name: str, *_: Any) -> _Budgeted:
            return _Budgeted(name)

        def _read_vvr_block(self, offset: int) -> bytes:
            return self._block(offset, ">q", 8)

        def _read_vvr_block2(self, offset: int) -> bytes:
            return self._block(offset, ">i", 4)

        def _block(self, offset: int, form: str, size: int) -> bytes:
            """The values of a block: a VVR (7), or a CVVR (13), which is deflated."""
            self._f.seek(offset)
            (length,) = struct.unpack(form, self._f.read(size))
            block = self._f.read(length - size) if length > size else b""
            (kind,) = struct.unpack_from(">i", block)
            if kind == 7:
                return block[4:]
            if kind != 13:
                raise ValueError(f"a record of kind {kind} where values are expected")
            (deflated,) = struct.unpack_from(form, block, 8)
            values = _inflate(block[8 + size :][:deflated])
            self.inflated += len(values)
            if self.inflated > 2 * LARGEST:
                raise ValueError(f"its blocks inflate to more than {LARGEST >> 19} MiB")
            return values

    return Reader


def _inflate(data: bytes) -> bytes:
    """What gzip made small, if that is not more than ``LARGEST``."""
    inflater = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
    content = inflater.decompress(data, LARGEST)
    if inflater.unconsumed_tail:
        raise ValueError(f"it inflates to more than {LARGEST >> 20} MiB")
    return content


def _without_runs(data: bytes) -> bytes:
    """CDF's run lengths: 0 and a number n stand for n + 1 zeros."""
    runs = re.finditer(rb"\0(.)", data, re.DOTALL)
    if len(data) + sum(run[1][0] for run in runs) > LARGEST:
        raise ValueError(f"it inflates to more than {LARGEST >> 20} MiB")
    return re.sub(rb"\0(.)", lambda run: bytes(run[1][0] + 1), data, flags=re.DOTALL)


def _whole(content: bytes) -> bytes:
    """A file that is deflated as a whole (its CCR, and the CPR that says how) as it was before."""
    form, size = (">q", 8) if content.startswith(b"\xcd\xf3\x00\x01") else (">i", 4)
    length, how = struct.unpack_from(f">{form[1]}4x{form[1]}", content, 8)
    (kind,) = struct.unpack_from(">i", content, how + size + 4)
    data = content[8 + 3 * size + 8 : 8 + length]
    inflate = {1: _without_runs, 5: _inflate}.get(kind)
    if inflate is None:
        raise ValueError(f"deflated by way {kind}, expected 1 (runs) or 5 (gzip)")
    return content[:4] + PLAIN + inflate(data)


def _check_counts(content: bytes) -> None:
    """Refuse more variables, attributes or axes than there can be: cdflib counts through them.

    All numbers stand in the file's own record (GDR) and in its variables' (VDR). Offsets have 8
    bytes in version 3 and 4 before.
    """
    wide = content.startswith(b"\xcd\xf3\x00\x01")
    form, size = (">q", 8) if wide else (">i", 4)
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
    expect_bytes(path, (path.stat().st_size,), limit=LARGEST)
    content = path.read_bytes()
    if content[4:8] == DEFLATED:
        with TemporaryDirectory() as folder:
            whole = Path(folder, path.name)
            whole.write_bytes(_whole(content))
            return np.array(_read_plain(whole, name, path))
    return _read_plain(path, name, path)


def _read_plain(path: Path, name: str, called: Path) -> np.ndarray:
    """The same of a file that is not deflated as a whole; errors say what it is ``called``."""
    _check_counts(path.read_bytes())
    cdf = _reader()(path)
    about = cdf.varinq(name)
    records = max(0, about.Last_Rec + 1)
    expect_bytes(called, [records, *about.Dim_Sizes], 8 * max(1, about.Num_Elements), LARGEST)
    return cdf.varget(name)
