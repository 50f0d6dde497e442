"""The fixed patterns of 3×3 harmonic filters, applied to each channel once, before these are mixed.

A 3×3 filter has one learned complex number a for its ring and, between equal orders, one real
number c for its centre. So the filters of all outputs are the same few patterns times numbers, and
convolution is those patterns followed by 1×1 products (``harmonic_mix``). With s and v the sums of
the left and right, and of the upper and lower neighbour, t and w their differences (right − left,
lower − upper), e and κe the patterns' values at an edge and at a corner along an axis:

    B₀  = (1 + s)(1 + v)                                   a box
    B_ν = e [t (1 + κv) + iν w (1 + κs)]                   for ν = ±1
    D   = d [(1 + εs)(1 + εv)] = d [ε² B₀ + (1 − ε²) Q]    with Q = 1 + ε(s + v)/(1 + ε)

All are made of sums over neighbours along one axis, and zeros lie around the planes. The factors e,
d and ε are left to the matrices that mix. What is stored for each order o that leaves, with Z the
channels filtered by the box (those of order o) or by the gradient t (1 + κv) + iν w (1 + κs), is

    first = [Im Z, Re (1 + i) Q x]        second = [Re Z, Im (1 + i) Q x]

``gather`` is the adjoint of ``spread``: s and v, and so B₀ and Q, are their own adjoints, t and w
change sign. ``sign = −1`` stands for (1 − i) instead of (1 + i), see ``harmonic_weights``.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from minipose.fast import workers
from minipose.fast.planes import complex_maps, rows_apart
from minipose.kernels.circular_harmonics import Streams, centre_basis, ring_basis, spans

BLOCK = 1 << 18  # complex numbers that one task works on at a time

Filtered = list[np.ndarray]  # for each order, first and second: (2, rows, N, H, W)


class Numbers(NamedTuple):
    """What the 3×3 patterns consist of."""

    edge: float  # e: B_ν at the right edge
    corner: float  # κ: a corner's part along that axis, relative to e
    middle: float  # d: D in the middle
    near: float  # ε: D at an edge, relative to d


@functools.lru_cache
def numbers() -> Numbers:
    """Read off the patterns themselves."""
    ring, centre = ring_basis(3, 1)[0], centre_basis(3)
    edge, middle = float(ring[1, 2].real), float(centre[1, 1])
    return Numbers(edge, float(ring[2, 2].real) / edge, middle, float(centre[1, 2]) / middle)


def spread(x: np.ndarray, of: Streams, orders: int, sign: int = 1) -> Filtered:
    """Filter planes x (2C, N, H, W) with every pattern that ``orders`` orders leaving need."""
    n, size = sum(of), x.shape[1:]
    made = [pair_of_planes(n + _near(of, o), size, x.dtype) for o in range(orders)]
    tasks = _tasks(of, x)

    def task(k: int) -> None:
        i, cut = tasks[k]
        rows, ends = _places(of, i, cut)
        z = complex_maps(x, of, i)[:, cut]
        sums = _sides("sums", z, np.add)
        for o, pair in enumerate(made):
            if o == i:
                _box(z, sums, pair[::-1, rows])
                _rotated(_plus(z, sums), sign, pair[:, ends])
            else:
                right, down = _gradient(z, sums)
                upper, lower = (np.add, np.subtract) if i > o else (np.subtract, np.add)
                lower(right[0], down[1], out=pair[1, rows])  # ν = i − o
                upper(right[1], down[0], out=pair[0, rows])

    workers.run(task, len(tasks))
    return made


def gather(filtered: Filtered, into: Streams, sign: int = 1) -> np.ndarray:
    """The adjoint of ``spread``: planes (2C, N, H, W) of what ``first`` and ``second`` hold."""
    some, size = filtered[0], filtered[0].shape[2:]
    y = np.empty((2 * sum(into), *size), dtype=some.dtype)
    tasks = _tasks(into, y)

    def task(k: int) -> None:
        i, cut = tasks[k]
        rows, ends = _places(into, i, cut)
        out = complex_maps(y, into, i)[:, cut]
        inside = _scratch("inside", out)  # what is still to be summed over left and right
        if i < len(filtered):
            near = _scratch("near", out)
            _rotated(filtered[i][:, ends], -sign, near)
            _box_and_plus(filtered[i][::-1, rows], near, out, inside)
        else:
            out.fill(0)
            inside.fill(0)
        for o, pair in enumerate(filtered):
            if o != i:
                _take_gradient(pair[:, rows], o - i, out, inside)
        np.add(out, _sides("sums", inside, np.add), out=out)

    workers.run(task, len(tasks))
    return y


def pair_of_planes(rows: int, size: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialised ``first`` and ``second``, (2, rows, *size)."""
    return rows_apart(2 * rows, size, dtype).reshape(2, rows, *size)


# --- One block of complex channels (2, channels, N, H, W) -----------------------------------------


def _box(z: np.ndarray, sides: np.ndarray, out: np.ndarray) -> None:
    """(1 + s)(1 + v) z."""
    rows = np.add(z, sides, out=_scratch("rows", z))
    _levels(rows, np.add, out)
    np.add(out, rows, out=out)


def _plus(z: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Q z = z + ε/(1 + ε) (s + v) z."""
    near, out = numbers().near, _scratch("plus", z)
    _levels(z, np.add, out)
    np.add(out, sides, out=out)
    np.multiply(out, near / (1 + near), out=out)
    return np.add(out, z, out=out)


def _gradient(z: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """t (1 + κv) z and w (1 + κs) z."""
    corner = numbers().corner
    right, down = _scratch("right", z), _scratch("down", z)
    steps = _sides("steps", z, np.subtract)
    _levels(steps, np.add, right)
    np.multiply(right, corner, out=right)
    np.add(right, steps, out=right)
    np.multiply(sides, corner, out=steps)
    np.add(steps, z, out=steps)
    _levels(steps, np.subtract, down)
    return right, down


def _rotated(z: np.ndarray, sign: int, out: np.ndarray) -> None:
    """(1 ± i) z: rotated by ±45°, and √2 times as long."""
    add, subtract = (np.add, np.subtract) if sign > 0 else (np.subtract, np.add)
    subtract(z[0], z[1], out=out[0])
    add(z[1], z[0], out=out[1])


def _box_and_plus(box: np.ndarray, near: np.ndarray, out: np.ndarray, inside: np.ndarray) -> None:
    """out + s·inside = (1 + s)(1 + v) box + Q near."""
    ratio, scaled = numbers().near, _scratch("scaled", box)
    _levels(box, np.add, inside)
    np.add(inside, box, out=inside)
    np.multiply(near, ratio / (1 + ratio), out=scaled)
    _levels(scaled, np.add, out)
    np.add(out, near, out=out)
    np.add(out, inside, out=out)
    np.add(inside, scaled, out=inside)


def _take_gradient(pair: np.ndarray, number: int, out: np.ndarray, inside: np.ndarray) -> None:
    """out + s·inside gets −t (1 + κv) z − iν w (1 + κs) z, with z = second + i·first."""
    corner = numbers().corner
    z, down = pair[::-1], _scratch("scaled", pair)
    re, im = (np.add, np.subtract) if number > 0 else (np.subtract, np.add)
    _levels(pair, np.subtract, down)
    for target in (out, inside):
        re(target[0], down[0], out=target[0])
        im(target[1], down[1], out=target[1])
        if target is out:
            np.multiply(down, corner, out=down)
    _levels(z, np.add, down)
    np.multiply(down, corner, out=down)
    np.add(down, z, out=down)
    np.subtract(out, _sides("sums", down, np.subtract), out=out)


def _sides(name: str, z: np.ndarray, combine) -> np.ndarray:
    """right ± left neighbour, zeros beyond the border.

    In flat memory every neighbour is one number away; what that takes from the next row or channel
    is put right in the first and in the last column.
    """
    out = _scratch(name, z)
    if z.shape[-1] == 1:
        out.fill(0)
        return out
    flat, target = z.reshape(2, -1), out.reshape(2, -1)
    combine(flat[:, 2:], flat[:, :-2], out=target[:, 1:-1])
    _at_border(out[..., 0], z[..., 1], out[..., -1], z[..., -2], combine)
    return out


def _levels(z: np.ndarray, combine, out: np.ndarray) -> None:
    """lower ± upper neighbour, zeros beyond the border."""
    if z.shape[-2] == 1:
        out.fill(0)
        return
    combine(z[..., 2:, :], z[..., :-2, :], out=out[..., 1:-1, :])
    _at_border(out[..., 0, :], z[..., 1, :], out[..., -1, :], z[..., -2, :], combine)


def _at_border(
    first: np.ndarray, after: np.ndarray, last: np.ndarray, before: np.ndarray, combine
) -> None:
    """Where one neighbour is missing. ``multiply``, since NumPy 2.4's ``negative`` gets columns of
    rows of four wrong for some strides."""
    first[...] = after
    np.multiply(before, 1 if combine is np.add else -1, out=last)


# --- Blocks and buffers ---------------------------------------------------------------------------


def _near(of: Streams, order: int) -> int:
    return of[order] if order < len(of) else 0


def _places(of: Streams, order: int, cut: slice) -> tuple[slice, slice]:
    """Where ``first`` and ``second`` hold some channels of an order: Z, and Q of the same order."""
    start, n = spans(of)[order].start, sum(of)
    return slice(start + cut.start, start + cut.stop), slice(n + cut.start, n + cut.stop)


def _tasks(of: Streams, x: np.ndarray) -> list[tuple[int, slice]]:
    """Channels in pieces that fit the cache, at least two where there are two."""
    plane = x.size // len(x)
    return [
        (i, cut)
        for i, count in enumerate(of)
        for cut in workers.pieces(count, max(1, min(BLOCK // plane, -(-count // 2))))
    ]


def _scratch(name: str, like: np.ndarray) -> np.ndarray:
    return workers.scratch(name, like.shape, like.dtype)
