"""Cutting images into Winograd's tiles, and his transforms as sums of few terms.

Each transform is a small matrix applied to the rows of all tiles, then to their columns. Written
out as sums it takes a third of the arithmetic, and each term is one call over many tiles:

    Bᵀ, 6 inputs:    4(d₀ − d₂) + (d₄ − d₂)          Aᵀ, 6 values:    m₀ + (m₁ + m₂) + (m₃ + m₄)
                     (d₄ − 4d₂) ± (d₃ − 4d₁)                          (m₁ − m₂) + 2(m₃ − m₄)
                     (d₄ − d₂) ± 2(d₃ − d₁)                           (m₁ + m₂) + 4(m₃ + m₄)
                     (d₅ − d₃) − 4(d₃ − d₁)                           (m₁ − m₂) + 8(m₃ − m₄) + m₅

For that the pixels that a term needs should be neighbours in memory. Tiles begin at every fourth
pixel, so pixel i of all tiles is one residue class modulo 4. ``by_fours`` sorts the rows of an
image by their remainder, and within them the columns:

    pieces[a, l, b, t, c] = image[4l + a, 4t + b, c]

Pixel i of the tiles is pieces[i mod 4] from line ⌊i/4⌋ on: a view of long contiguous stretches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minipose.kernels import workers

Pair = tuple[int, int]
Planes = Sequence[np.ndarray]


def by_fours(image: np.ndarray, padding: Pair, grid: Pair, margin: int) -> np.ndarray:
    """(4, lines + margin, 4, across + margin, C) of an image (H, W, C) with zeros around it.

    ``padding`` zeros lie above and to the left, and as many as needed below and to the right.
    """
    h, w, c = image.shape
    shape = (4, grid[0] + margin, 4, grid[1] + margin, c)
    pieces = np.empty(shape, dtype=image.dtype)
    of_rows = [_residue(h, padding[0], a, shape[1]) for a in range(4)]
    of_columns = [_residue(w, padding[1], b, shape[3]) for b in range(4)]

    def task(k: int) -> None:
        a, b = divmod(k, 4)
        (to_rows, rows), (to_columns, columns) = of_rows[a], of_columns[b]
        part = pieces[a, :, b]
        part[: to_rows.start] = 0
        part[to_rows.stop :] = 0
        part[to_rows, : to_columns.start] = 0
        part[to_rows, to_columns.stop :] = 0
        part[to_rows, to_columns] = image[rows, columns]

    workers.run(task, 16)
    return pieces


def _residue(size: int, before: int, remainder: int, places: int) -> tuple[slice, slice]:
    """Which of the places 4k + remainder of a padded axis lie in the image, and where there."""
    first = max(0, -(-(before - remainder) // 4))
    stop = min(places, max(first, -(-(before + size - remainder) // 4)))
    start = 4 * first + remainder - before
    return slice(first, stop), slice(start, max(start, start + 4 * (stop - first) - 3), 4)


def to_spectrum(pieces: np.ndarray, lines: slice, spectrum: np.ndarray) -> None:
    """Bᵀ d B of the tiles of some lines: ``spectrum`` is (6, 6, lines, across, C)."""
    count, across, c = spectrum.shape[2:]
    wide = workers.scratch("wide", (6, count, 4, pieces.shape[3], c), pieces.dtype)
    inside = [pieces[i % 4, lines.start + i // 4 : lines.stop + i // 4] for i in range(6)]
    _input_sums(inside, wide, workers.scratch("sums", (2, *wide.shape[1:]), wide.dtype))
    inside = [wide[:, :, j % 4, j // 4 : j // 4 + across] for j in range(6)]
    sums = workers.scratch("sums", (2, 6, count, across, c), wide.dtype)
    _input_sums(inside, [spectrum[:, j] for j in range(6)], sums)


def to_outputs(product: np.ndarray, outputs: np.ndarray) -> None:
    """Aᵀ m A of (6, 6, lines, across, O) into ``outputs`` (lines, 4, across, 4, O)."""
    narrow = workers.scratch("narrow", (4, *product.shape[1:]), product.dtype)
    _output_sums(product, narrow, workers.scratch("sums", (4, *product.shape[1:]), product.dtype))
    inside = [narrow[:, j] for j in range(6)]
    sums = workers.scratch("sums", (4, *inside[0].shape), product.dtype)
    by_row = outputs.transpose(1, 0, 3, 2, 4)  # (4, lines, 4, across, O)
    _output_sums(inside, [by_row[:, :, j] for j in range(4)], sums)


def to_gradient_spectrum(pieces: np.ndarray, lines: slice, spectrum: np.ndarray) -> None:
    """A g Aᵀ of the 4×4 tiles of some lines: ``spectrum`` is (6, 6, lines, across, O)."""
    count, across, o = spectrum.shape[2:]
    wide = workers.scratch("wide", (6, count, 4, across, o), pieces.dtype)
    inside = [pieces[i, lines] for i in range(4)]
    _gradient_sums(inside, wide, workers.scratch("sums", (2, *wide.shape[1:]), wide.dtype))
    inside = [wide[:, :, j] for j in range(4)]
    sums = workers.scratch("sums", (2, 6, count, across, o), wide.dtype)
    _gradient_sums(inside, [spectrum[:, j] for j in range(6)], sums)


def _input_sums(d: Planes, out: Planes, sums: Planes) -> None:
    """out = Bᵀ d, for all positions of six planes."""
    a, b = sums
    np.multiply(d[2], -4, out=a)
    a += d[4]
    np.multiply(d[1], -4, out=b)
    b += d[3]
    np.add(a, b, out=out[1])
    np.subtract(a, b, out=out[2])
    np.subtract(d[4], d[2], out=a)
    np.subtract(d[3], d[1], out=b)
    b *= 2
    np.add(a, b, out=out[3])
    np.subtract(a, b, out=out[4])
    np.subtract(d[0], d[2], out=out[0])
    out[0][...] *= 4
    out[0][...] += a
    b *= 2
    np.subtract(d[5], d[3], out=out[5])
    out[5][...] -= b


def _output_sums(m: Planes, out: Planes, sums: Planes) -> None:
    """out = Aᵀ m: four planes of six."""
    s1, d1, s2, d2 = sums
    np.add(m[1], m[2], out=s1)
    np.subtract(m[1], m[2], out=d1)
    np.add(m[3], m[4], out=s2)
    np.subtract(m[3], m[4], out=d2)
    d2 *= 2
    np.add(d1, d2, out=out[1])
    d2 *= 4
    d1 += d2
    np.add(d1, m[5], out=out[3])
    np.add(s1, m[0], out=d1)
    np.add(d1, s2, out=out[0])
    s2 *= 4
    np.add(s1, s2, out=out[2])


def _gradient_sums(g: Planes, out: Planes, sums: Planes) -> None:
    """out = A g: six planes of four."""
    even, odd = sums
    np.copyto(out[0], g[0])
    np.copyto(out[5], g[3])
    np.add(g[0], g[2], out=even)
    np.add(g[1], g[3], out=odd)
    np.add(even, odd, out=out[1])
    np.subtract(even, odd, out=out[2])
    np.multiply(g[2], 4, out=even)
    even += g[0]
    np.multiply(g[3], 4, out=odd)
    odd += g[1]
    odd *= 2
    np.add(even, odd, out=out[3])
    np.subtract(even, odd, out=out[4])


def kernel_sums(g: Planes, out: Planes, sums: Planes) -> None:
    """out = G g: six planes of three."""
    even, odd = sums
    np.multiply(g[0], 1 / 4, out=out[0])
    np.copyto(out[5], g[2])
    np.add(g[0], g[2], out=even)
    even *= -1 / 6
    np.multiply(g[1], -1 / 6, out=odd)
    np.add(even, odd, out=out[1])
    np.subtract(even, odd, out=out[2])
    np.multiply(g[2], 4, out=even)
    even += g[0]
    even *= 1 / 24
    odd *= -1 / 2
    np.add(even, odd, out=out[3])
    np.subtract(even, odd, out=out[4])


def kernel_gradient_sums(u: Planes, out: Planes, sums: Planes) -> None:
    """out = Gᵀ u: three planes of six."""
    inner, outer = sums
    np.subtract(u[2], u[1], out=inner)
    inner *= 1 / 6
    np.subtract(u[3], u[4], out=outer)
    outer *= 1 / 12
    np.add(inner, outer, out=out[1])
    np.add(u[1], u[2], out=inner)
    inner *= -1 / 6
    np.add(u[3], u[4], out=outer)
    outer *= 1 / 6
    np.add(inner, outer, out=out[2])
    out[2][...] += u[5]
    outer *= 1 / 4
    inner += outer
    np.multiply(u[0], 1 / 4, out=outer)
    np.add(inner, outer, out=out[0])
