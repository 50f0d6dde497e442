"""Keep freed memory for the next arrays of the same step.

A training step asks for the same large arrays again and again. By default the C library returns
each large block to the system as soon as it is freed and fetches a fresh one for the next array;
the system clears every page of it on first touch, which costs as much as the arithmetic of an
element-wise op. Told to keep freed blocks, it hands out pages that are there already.
"""

from __future__ import annotations

import ctypes
import sys

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
