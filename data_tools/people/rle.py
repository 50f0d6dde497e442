"""COCO's run-length masks and polygons, as arrays.

Runs go down the columns, first those of zeros. A string holds them 5 bits a character, lowest
first: character − 48, bit 5 says that more follow, and bit 4 of the last one is the sign. From the
fourth run on the number is the difference from the run two before.
"""

from __future__ import annotations

import numpy as np

from data_tools.people.candidate import Dropped


def decode_string(text: str) -> list[int]:
    """A compressed string -> run lengths."""
    runs: list[int] = []
    value = shift = 0
    for character in text.encode("ascii"):
        bits = character - 48
        if not 0 <= bits < 64:
            raise Dropped("mask unreadable", f"run-length string holds {chr(character)!r}")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise Dropped("mask unreadable", "run-length string ends within a number")
    return runs


def decode(segmentation: dict) -> np.ndarray:
    """{"size": [H, W], "counts": string or list} -> bool (H, W).

    Raises
    ------
    Dropped
        If the runs do not fill the picture.
    """
    try:
        height, width = (int(n) for n in segmentation["size"])
        counts = segmentation["counts"]
        runs = decode_string(counts) if isinstance(counts, str) else [int(n) for n in counts]
    except (KeyError, TypeError, ValueError) as error:
        raise Dropped("mask unreadable", f"run-length mask: {error}") from None
    lengths = np.array(runs, dtype=np.int64)
    if (lengths < 0).any() or lengths.sum() != height * width:
        raise Dropped(
            "mask unreadable", f"runs cover {lengths.sum()} px of {width} × {height} pixels"
        )
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape(width, height).T


def fill_polygons(polygons: list[list[float]], size: tuple[int, int]) -> np.ndarray:
    """The union of polygons [x0, y0, x1, y1, ...], counted from pixel corners: bool (H, W).

    A pixel belongs to a polygon if a ray from its centre to the left crosses the outline an odd
    number of times.
    """
    union = np.zeros(size, dtype=bool)
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise Dropped("mask unreadable", f"a polygon of {len(polygon)} numbers")
        corners = np.reshape(np.asarray(polygon, dtype=np.float64), (-1, 2))
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
