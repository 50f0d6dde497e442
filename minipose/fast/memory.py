"""Keep freed memory for the next arrays of the same step; forget what a fork took along.

A training step asks for the same large arrays again and again. By default the C library returns
each large block to the system as soon as it is freed and fetches a fresh one for the next array;
the system clears every page of it on first touch, which costs as much as the arithmetic of an
element-wise op. Told to keep freed blocks, it hands out pages that are there already.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Iterable

import numpy as np

# Names and numbers from glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 1 << 30  # bytes; larger blocks are mapped and returned as before


def keep_freed_memory() -> bool:
    """Ask the C library to keep blocks of up to 1 GiB; False where it has no such switch."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    kept = mallopt(_M_MMAP_THRESHOLD, _LARGEST) and mallopt(_M_TRIM_THRESHOLD, _LARGEST)
    return bool(kept)


def forget(arrays: Iterable[np.ndarray]) -> None:
    """Give back the pages of arrays that a forked process will never look at.

    Without this it keeps them as they were, for itself alone, as soon as its parent writes to its
    own. Their numbers are undefined afterwards, here and not in the parent.
    """
    if not sys.platform.startswith("linux"):
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for array in arrays:
        if not (array.flags.owndata and array.flags.forc):
            continue  # of a view others may use the rest
        start, end = array.ctypes.data, array.ctypes.data + array.nbytes
        first, last = -(-start // mmap.PAGESIZE), end // mmap.PAGESIZE  # pages that are all its own
        if last > first:
            madvise(first * mmap.PAGESIZE, (last - first) * mmap.PAGESIZE, mmap.MADV_DONTNEED)
