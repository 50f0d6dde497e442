"""Cutting images into Winograd's tiles, and his transforms of many tiles at once.

A tile of t × t pixels leaves m × m outputs, so tiles begin at every m-th pixel. Each transform is a
small matrix, applied to the rows of all tiles and then to their columns; written out as sums of
planes it takes a third of the arithmetic of one large matrix, in long calls. For that the pixels
of a plane should be neighbours in memory: ``by_steps`` sorts the rows of images by their
remainder modulo m, and within them the columns,

    pieces[a, n, l, b, s, c] = images[n, m·l + a, m·s + b, c]

so that pixel i of the tiles is pieces[i mod m] from line ⌊i/m⌋ on: a view of long stretches.
"""

from __future__ import annotations

import numpy as np

from minipose.fast import workers
from minipose.fast.winograd_points import Collection, Evaluation

Pair = tuple[int, int]


def by_steps(images: np.ndarray, padding: Pair, grid: Pair, step: int, margin: int) -> np.ndarray:
    """(m, N, lines + margin, m, across + margin, C) of images (N, H, W, C) with zeros around.

    ``padding`` zeros lie above and to the left, and as many as needed below and to the right.
    """
    n, h, w, c = images.shape
    lines, across = grid[0] + margin, grid[1] + margin
    pieces = workers.empty((step, n, lines, step, across, c), images.dtype)
    of_rows = [_residue(h, padding[0], a, step, lines) for a in range(step)]
    of_columns = [_residue(w, padding[1], b, step, across) for b in range(step)]

    def task(k: int) -> None:
        a, b = divmod(k, step)
        (to_rows, rows), (to_columns, columns) = of_rows[a], of_columns[b]
        part = pieces[a, :, :, b]
        for nothing in (
            (slice(None), slice(to_rows.start)),
            (slice(None), slice(to_rows.stop, None)),
            (slice(None), to_rows, slice(to_columns.start)),
            (slice(None), to_rows, slice(to_columns.stop, None)),
        ):
            if part[nothing].size:
                part[nothing] = 0
        part[:, to_rows, to_columns] = images[:, rows, columns]

    workers.share(task, step * step)
    return pieces


def _residue(size: int, before: int, remainder: int, step: int, places: int) -> tuple[slice, slice]:
    """Which of the places step·k + remainder of a padded axis lie in the image, and where there."""
    first = min(places, max(0, -(-(before - remainder) // step)))
    stop = min(places, max(first, -(-(before + size - remainder) // step)))
    start = step * first + remainder - before
    there = slice(start, start + step * (stop - first - 1) + 1, step) if stop > first else slice(0)
    return slice(first, stop), there


def to_spectrum(
    sums: Evaluation, pieces: np.ndarray, lines: slice, side: int, spectrum: np.ndarray
) -> None:
    """M d Mᵀ of the tiles (``side`` pixels each way) of some lines: (t, t, N, lines, across, C)."""
    t, _, n, count, across, c = spectrum.shape
    m = len(pieces)
    wide = workers.scratch("wide", (t, n, count, m, pieces.shape[4], c), pieces.dtype)
    spare = workers.scratch("spare", (3, *wide.shape[1:]), wide.dtype)
    rows = [pieces[i % m, :, lines.start + i // m : lines.stop + i // m] for i in range(side)]
    sums(rows, wide, spare)
    columns = [wide[:, :, :, j % m, j // m : j // m + across] for j in range(side)]
    spare = workers.scratch("spare", (3, t, n, count, across, c), wide.dtype)
    sums(columns, [spectrum[:, j] for j in range(t)], spare)


def to_outputs(sums: Collection, product: np.ndarray, outputs: np.ndarray) -> None:
    """Aᵀ P A of (t, t, N, lines, across, O) into ``outputs`` (N, lines, m, across, m, O)."""
    t, m = len(product), outputs.shape[2]
    narrow = workers.scratch("narrow", (m, *product.shape[1:]), product.dtype)
    sums(product, narrow, workers.scratch("spare", (t - 1, *product.shape[1:]), product.dtype))
    columns = [narrow[:, j] for j in range(t)]
    spare = workers.scratch("spare", (t - 1, *columns[0].shape), product.dtype)
    by_row = outputs.transpose(2, 0, 1, 4, 3, 5)  # (m, N, lines, m, across, O)
    sums(columns, [by_row[:, :, :, j] for j in range(m)], spare)
