"""Whether a network is still what it was, without keeping a copy of it.

What is derived from weights may be kept only while they are the same. Anybody may write into them,
so nobody is asked: the numbers are looked at. Of each piece, the sum of its bits as whole numbers
notices any number that changed; the product with a row of different numbers notices numbers that
changed places. Both take one look at memory, as fast as it can be read.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np

from minipose.fast import workers
from minipose.nn import Module
from minipose.tensor import Tensor

PIECE = 1 << 17  # numbers
# Attributes that are equal if they look equal.
VALUES = (bool, int, float, str, np.generic, type(None))

Fingerprint = tuple[object, ...]


class Itself:
    """An object that is equal to no other: held, since another may get the number of one that is
    gone."""

    def __init__(self, it: object) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.it is other.it

    __hash__ = None


def of_network(modules: Iterable[Module]) -> Fingerprint:
    """Of the modules of a network: which they are, their attributes, their numbers."""
    arrays: list[np.ndarray] = []
    layout: list[object] = []
    for module in modules:
        layout.append(Itself(module))
        for name, value in module._members():
            if isinstance(value, Tensor):
                arrays.append(value.data)
            elif isinstance(value, np.ndarray):
                arrays.append(value)
            else:
                layout.append((name, value if isinstance(value, VALUES) else Itself(value)))
    return *layout, *fingerprint(arrays)


def fingerprint(arrays: Iterable[np.ndarray]) -> Fingerprint:
    """Of these arrays, in order: two that are equal were taken of the same numbers."""
    found: list[object] = []
    pieces: list[np.ndarray] = []
    for array in arrays:
        found.append((array.shape, array.dtype.str))
        flat = _flat(array)
        pieces += (flat[cut] for cut in workers.pieces(flat.size, PIECE))
    if sum(piece.size for piece in pieces) <= PIECE:
        return *found, *map(_of_piece, pieces)
    groups = workers.pieces(len(pieces), -(-len(pieces) // 8))
    of_groups = workers.run(lambda k: [_of_piece(p) for p in pieces[groups[k]]], len(groups))
    return *found, *(each for group in of_groups for each in group)


def _of_piece(piece: np.ndarray) -> tuple[object, ...]:
    if piece.dtype.kind != "f":
        return (piece.tobytes(),)
    pairs = piece.size * piece.itemsize // 8 * 8 // piece.itemsize  # as many as fill 8 bytes
    whole = np.add.reduce(piece[:pairs].view(np.uint64))
    along = np.dot(piece, _ramp(piece.dtype)[: piece.size])
    return whole, piece[pairs:].tobytes(), along.tobytes()


@functools.lru_cache
def _ramp(dtype: np.dtype) -> np.ndarray:
    return np.random.default_rng(0).random(PIECE).astype(dtype)


def _flat(array: np.ndarray) -> np.ndarray:
    """All numbers in the order of memory, where they lie side by side: no copy then."""
    axes = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    return np.ascontiguousarray(array.transpose(axes)).reshape(-1)
