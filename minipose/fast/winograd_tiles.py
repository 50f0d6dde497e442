"""Cutting images into Winograd's tiles, and his transforms of many tiles at once.

A tile of t × t pixels leaves m × m outputs, so tiles begin at every m-th pixel, and overlap. A
transform is a small matrix M, applied to the lines of all tiles and then to their columns. Either
is one product of M with t rows of many numbers:

- The t lines of a line of tiles lie one line of the (padded) image apart: they are multiplied where
  they lie, wide[ξ] = Σᵢ M[ξ, i] · line m·l + i.
- Of the result, pixel j of all tiles is copied into a row of its own, and out[ξ] = M · rows.

M has 6 × 6 numbers or 8 × 8, too few for a product at full speed; but sums of lines, which need
half of the multiplications, take twice the time, since each addition of two lines is a pass over
them.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minipose.fast import workers
from minipose.fast.products import AS_THEY_LIE

Array = np.ndarray
Pair = tuple[int, int]


def to_spectrum(
    matrix: Array, images: Array, padding: Pair, step: int, lines: slice, spectrum: Array
) -> None:
    """M d Mᵀ of tiles, (t, t, N, lines, across, C), of some lines of them.

    The tiles of images (N, H, W, C) begin at every ``step``-th pixel and are as large as M is wide;
    there are ``padding`` zeros above and to the left, as many as needed below and to the right. Of
    a larger array ``spectrum`` is some lines of one sample, or some samples: the numbers of each
    position have to lie in one piece.
    """
    (t, side), (n, count, across, c) = matrix.shape, spectrum.shape[2:]
    around = _with_margins(images, padding, step, lines, side, across)
    sample, line, pixel, number = around.strides
    wide = workers.scratch("wide", (t, n, count, around.shape[2], c), images.dtype)
    rows = as_strided(
        around, (n, count, side, around.shape[2] * c), (sample, step * line, line, number)
    )
    apply(matrix, rows, wide.reshape(t, n, count, -1).transpose(1, 2, 0, 3))
    columns = workers.scratch("columns", (t, side, n, count, across, c), images.dtype)
    position, sample, line, pixel, number = wide.strides
    steps = (position, pixel, sample, line, step * pixel, number)
    np.copyto(columns, as_strided(wide, columns.shape, steps))
    apply(matrix, columns.reshape(t, side, -1), spectrum.reshape(t, t, -1))


def to_outputs(matrix: Array, product: Array, outputs: Array) -> None:
    """Aᵀ P A of (t, t, N, lines, across, O) into ``outputs`` (N, lines, m, across, m, O)."""
    (m, t), numbers = matrix.shape, product[0, 0].size
    narrow = workers.scratch("wide", (t, m, numbers), product.dtype)
    apply(matrix, product.reshape(t, t, -1), narrow)
    collected = workers.scratch("columns", (m, m, *product.shape[2:]), product.dtype)
    apply(matrix, narrow.reshape(t, -1), collected.reshape(m, -1))
    np.copyto(outputs.transpose(2, 4, 0, 1, 3, 5), collected)


def apply(matrix: Array, rows: Array, out: Array) -> None:
    """out = M rows, (q, k) × (…, k, L) -> (…, q, L), in parts that OpenBLAS does not copy."""
    parts, length = 1, rows.shape[-1]
    while length > parts * AS_THEY_LIE // matrix.size and length % (2 * parts) == 0:
        parts *= 2
    rows, out = (each.reshape(*each.shape[:-1], parts, -1).swapaxes(-3, -2) for each in (rows, out))
    np.matmul(matrix, rows, out=out)


def _with_margins(
    images: Array, padding: Pair, step: int, lines: slice, side: int, across: int
) -> Array:
    """What some lines of tiles see, with zeros around: (N, lines, columns, C)."""
    n, h, w, c = images.shape
    down = step * (lines.stop - lines.start - 1) + side
    around = workers.scratch("around", (n, down, step * (across - 1) + side, c), images.dtype)
    to_rows, rows = _within(h, step * lines.start - padding[0], down)
    to_columns, columns = _within(w, -padding[1], around.shape[2])
    around[:, : to_rows.start] = around[:, to_rows.stop :] = 0
    around[:, to_rows, : to_columns.start] = around[:, to_rows, to_columns.stop :] = 0
    around[:, to_rows, to_columns] = images[:, rows, columns]
    return around


def _within(size: int, start: int, count: int) -> tuple[slice, slice]:
    """Which of ``count`` places from ``start`` on are places 0 … size − 1, and these places."""
    first = min(count, max(0, -start))
    stop = max(first, min(count, size - start))
    return slice(first, stop), slice(start + first, start + stop)
