"""Near duplicates: one picture in two sources, or saved twice with another quality or size.

A picture's fingerprint is its brightness on a coarse grid. Its 64 bits, of which each says whether
a cell is brighter than its neighbour, are quickly compared with all others; pairs of nearly the
same bits are then held against each other cell by cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

GRID = 16  # cells a side that are compared in the end
BITS = 10  # of 64 that may differ
LEVELS = 6.0  # grey levels, root mean square over the cells, that may lie between duplicates
SHAPE = 0.03  # relative difference of height / width that rounding a size may make
PIECE = 1024  # fingerprints compared with all others at once


@dataclass
class Fingerprints:
    """The pictures seen so far, 280 bytes each."""

    bits: list[int] = field(default_factory=list)
    cells: list[np.ndarray] = field(default_factory=list)
    shapes: list[float] = field(default_factory=list)

    def add(self, image: np.ndarray) -> None:
        """Note a picture uint8 (H, W, 3)."""
        grey = Image.fromarray(image).convert("L")
        coarse = np.asarray(grey.resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
        brighter = (coarse[:, 1:] > coarse[:, :-1]).ravel()
        self.bits.append(int.from_bytes(np.packbits(brighter).tobytes(), "big"))
        self.cells.append(np.asarray(grey.resize((GRID, GRID), Image.Resampling.BOX)).ravel())
        self.shapes.append(image.shape[0] / image.shape[1])

    def groups(self) -> np.ndarray:
        """(N,) the number of the first picture in each one's group; its own if it has no other."""
        bits = np.array(self.bits, dtype=np.uint64)
        shapes = np.array(self.shapes)
        parent = np.arange(len(bits))
        for start in range(0, len(bits), PIECE):
            rows = slice(start, start + PIECE)
            near = np.bitwise_count(bits[rows, None] ^ bits[None]) <= BITS  # (P, N)
            near &= np.abs(shapes[rows, None] / shapes[None] - 1) < SHAPE
            for i, j in np.argwhere(np.tril(near, start - 1)):
                i = int(i) + start
                if _root(parent, i) != _root(parent, j) and self._alike(i, j):
                    _join(parent, i, j)
        return np.array([_root(parent, i) for i in range(len(bits))], dtype=np.int32)

    def _alike(self, i: int, j: int) -> bool:
        difference = self.cells[i].astype(np.float64) - self.cells[j]
        return bool(np.sqrt((difference**2).mean()) < LEVELS)


def _root(parent: np.ndarray, i: int) -> int:
    while parent[i] != i:
        i = int(parent[i])
    return i


def _join(parent: np.ndarray, i: int, j: int) -> None:
    """Both groups take the smaller root: the picture that came first."""
    first, second = sorted((_root(parent, i), _root(parent, j)))
    parent[second] = first
