"""COCO's run-length masks and polygons, as arrays.

Runs go down the columns, first those of zeros. A string holds them 5 bits a character, lowest
first: character − 48, bit 5 says that more follow, and bit 4 of the last one is the sign. From the
fourth run on the number is the difference from the run two before.
"""

from __future__ import annotations

import ast

import numpy as np

from data_tools.people.candidate import Dropped, dropping
from minipose.datasets.guard import expect_pixels

UNREADABLE = "mask unreadable"
LONGEST = 60  # bits of a run; more than any picture's pixels need
CORNERS = 100_000  # of one person's polygons; COCO's have some hundreds


def read_segmentation(segmentation: object, size: tuple[int, int] | None) -> np.ndarray:
    """Any of COCO's forms, runs or polygons, as bool (H, W); polygons need the picture's size."""
    with dropping(UNREADABLE):
        if isinstance(segmentation, dict):
            return decode(segmentation)
        if isinstance(segmentation, list) and size is not None:
            return fill_polygons(segmentation, size)
        raise Dropped(UNREADABLE, "expected COCO runs {size, counts}")


def decode_string(text: str) -> list[int]:
    """A compressed string -> run lengths."""
    runs: list[int] = []
    value = shift = 0
    for character in _written_bytes(text):
        bits = character - 48
        if not 0 <= bits < 64:
            raise Dropped(UNREADABLE, f"run-length string holds {chr(character)!r}")
        value |= (bits & 0x1F) << shift
        shift += 5
        if shift > LONGEST:
            raise Dropped(UNREADABLE, "run-length string holds an endless number")
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise Dropped(UNREADABLE, "run-length string ends within a number")
    return runs


def _written_bytes(text: str) -> bytes:
    """The string's characters; Python programs also write them as ``b'...'``."""
    if text.startswith(("b'", 'b"')):
        text = ast.literal_eval(text).decode("ascii")
    return text.encode("ascii")


def decode(segmentation: dict) -> np.ndarray:
    """{"size": [H, W], "counts": string or list} -> bool (H, W).

    Raises
    ------
    Dropped
        If the runs do not fill the picture, or it is larger than a picture may be.
    """
    with dropping(UNREADABLE):
        height, width = (int(n) for n in segmentation["size"])
        expect_pixels("mask", width, height)
        counts = segmentation["counts"]
        runs = decode_string(counts) if isinstance(counts, str) else [int(n) for n in counts]
        covered = sum(runs)  # of Python's integers, which cannot wrap
        if min(runs, default=0) < 0 or covered != height * width:
            raise Dropped(UNREADABLE, f"runs cover {covered} px of {width} × {height} pixels")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def fill_polygons(polygons: list[list[float]], size: tuple[int, int]) -> np.ndarray:
    """The union of polygons [x0, y0, x1, y1, ...], counted from pixel corners: bool (H, W).

    A pixel belongs to a polygon if a ray from its centre to the left crosses the outline an odd
    number of times.
    """
    union = np.zeros(size, dtype=bool)
    if sum(map(len, polygons)) > 2 * CORNERS:
        raise Dropped(UNREADABLE, f"polygons of more than {CORNERS} corners")
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise Dropped(UNREADABLE, f"a polygon of {len(polygon)} numbers")
        corners = np.reshape(np.asarray(polygon, dtype=np.float64), (-1, 2))
        if not np.isfinite(corners).all():
            raise Dropped(UNREADABLE, "a polygon's corner is not a finite number")
        union |= _fill(corners, size)
    return union


def _fill(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    crossings = np.zeros((height, width + 1), dtype=np.int64)
    for (xa, ya), (xb, yb) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = sorted((ya, yb))
        first, last = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in (low, high))
        rows = np.arange(first, last)  # those whose centre the edge passes
        if len(rows):
            x = xa + (rows + 0.5 - ya) * (xb - xa) / (yb - ya)
            columns = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
            crossings[rows, columns] += 1
    return np.cumsum(crossings[:, :width], axis=1) % 2 == 1
