"""Arithmetic on rows that are contiguous but do not follow one another: views of a larger array.

NumPy copies such operands, and then the result, through a buffer of 8192 numbers where several rows
fit into it, which takes more time than the arithmetic. With a smaller buffer it computes row by
row. Each number is computed as before; sums over the last axis would be added up in another order,
so they are left outside of the block.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

BUFFER = 256  # numbers; of shorter rows several are still copied together


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """In this block, and thread, element-wise functions work on rows where they lie."""
    before = np.setbufsize(BUFFER)
    try:
        yield
    finally:
        np.setbufsize(before)
