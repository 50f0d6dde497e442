"""How many calls of the device a piece of code makes: kernels, products, copies, uploads, memsets.

Each costs a GPU's driver some ten microseconds, however little it does, so small layers are bound
by their number. What only looks at an array in another way (a view) is none. ``calls`` counts by
name, after CuPy 14's source:

- ``repeat`` copies row by row, ``concatenate`` and ``stack`` array by array (more than eight small
  ones go through one kernel, for which three tables are uploaded: not counted on);
- a product of two matrices takes transposed ones as they are, and first copies what is contiguous
  in neither order; a product of stacks copies all that is not contiguous in C's order;
- a random generator fills its state by a kernel when it is made.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

calls: Counter[str] = Counter()

VIEWS = set("transpose swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to view".split())
VIEWS |= set("broadcast_arrays split array_split hsplit vsplit diagonal flip empty".split())
VIEWS |= set("empty_like ndim shape size result_type broadcast_shapes finfo iinfo dtype".split())
MAY_BE_VIEWS = set("reshape ravel asarray asanyarray ascontiguousarray asfortranarray".split())
MAY_BE_VIEWS |= {"astype"}
PIECES = {"concatenate", "stack", "hstack", "vstack"}
PRODUCTS = {"matmul", "dot"}


def count(name: str, args: tuple, result: Any, axis: int | None = None) -> None:
    """Note what ``name(*args)`` launches; the arrays are those of the host, inside."""
    number = 1
    if name in VIEWS:
        return
    if name in MAY_BE_VIEWS:
        if np.may_share_memory(args[0], result):
            return
        name = f"{name} (copy)"
    elif name == "repeat":
        number = args[0].size if axis is None else args[0].shape[axis]
    elif name in PIECES:
        number = len(args[0])
    elif name in PRODUCTS:
        copied = sum(_is_copied_first(a, np.ndim(result)) for a in args[:2])
        note("matmul: operand copied", copied)
    elif name in ("tensordot", "einsum"):
        number = 3  # both operands are brought into the form of matrices first
    note(name, number)


def note(name: str, number: int = 1) -> None:
    """Add calls of this name."""
    if number:
        calls[name] += number


def _is_copied_first(operand: Any, dimensions: int) -> bool:
    if np.ndim(operand) < 2:
        return False
    flags = operand.flags
    return not (flags.c_contiguous or (dimensions <= 2 and flags.f_contiguous))
