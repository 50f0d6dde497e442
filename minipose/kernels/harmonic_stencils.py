"""The fixed patterns of 3×3 harmonic filters, applied to each map once, before channels are mixed.

A 3×3 filter has one learned complex number a for its ring and, between equal orders, one real
number c for its centre. So the filters of all outputs are the same few patterns times numbers, and
convolution is those patterns followed by 1×1 products (``harmonic_mix``). With s and v the sums of
the left and right, and of the upper and lower neighbour, t and w their differences (right − left,
lower − upper), e and κe the patterns' values at an edge and at a corner along an axis:

    B₀  = (1 + s)(1 + v)                                   a box
    B_ν = e [t (1 + κv) + iν w (1 + κs)]                   for ν = ±1
    D   = d [(1 + εs)(1 + εv)] = d [ε² B₀ + (1 − ε²) Q]    with Q = 1 + ε(s + v)/(1 + ε)

All are made of sums over neighbours along one axis, and zeros lie around the maps. The factors e,
d and ε are left to the matrices that mix. What is stored for each order o that leaves, with Z the
maps filtered by the box (those of order o) or by the gradient t (1 + κv) + iν w (1 + κs), is

    first = [Im Z, Re (1 + i) Q x]        second = [Re Z, Im (1 + i) Q x]

``gather`` is the adjoint of ``spread``: s and v, and so B₀ and Q, are their own adjoints, t and w
change sign. ``turn = −1`` stands for (1 − i) instead of (1 + i), see ``harmonic_mix.adjoint``.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from minipose.backend import Array, array_module
from minipose.kernels.harmonic import Streams, centre_basis, parts, ring_basis, spans
from minipose.kernels.parallel import each, pieces, rows_apart, scratch

BLOCK = 1 << 18  # elements of the real planes that one task works on at a time

Filtered = list[tuple[Array, Array]]  # for each order: first, second (rows, N, H, W)


class Numbers(NamedTuple):
    """What the 3×3 patterns consist of."""

    edge: float  # e: B_ν at the right edge
    corner: float  # κ: a corner's share of it along that axis
    middle: float  # d: D in the middle
    near: float  # ε: D at an edge, relative to d


@functools.lru_cache
def numbers() -> Numbers:
    """Read off the patterns themselves."""
    ring, centre = ring_basis(3, 1)[0], centre_basis(3)
    edge, middle = float(ring[1, 2].real), float(centre[1, 1])
    return Numbers(edge, float(ring[2, 2].real) / edge, middle, float(centre[1, 2]) / middle)


def spread(x: Array, of: Streams, orders: int, turn: int = 1) -> Filtered:
    """Filter planes x (2C, N, H, W) with every pattern that ``orders`` orders leaving need."""
    n, size = sum(of), x.shape[1:]
    xp = array_module(x)
    made = [tuple(rows_apart(n + _near(of, o), size, x) for _ in range(2)) for o in range(orders)]
    places = list(zip(parts(of), spans(of), strict=True))
    tasks = [(i, cut) for i in range(len(of)) for cut in _cuts(of[i], x)]

    def task(k: int) -> None:
        i, cut = tasks[k]
        (re, im), span = places[i]
        rows = slice(span.start + cut.start, span.start + cut.stop)
        ends = slice(n + cut.start, n + cut.stop)
        planes = x[re][cut], x[im][cut]
        along = [_sides(f"sides {p}", part, xp.add) for p, part in enumerate(planes)]
        for o, (first, second) in enumerate(made):
            if o == i:
                for part, sums, out in zip(planes, along, (second, first), strict=True):
                    _box(part, sums, out[rows])
                q_re, q_im = (_plus(f"plus {p}", planes[p], along[p]) for p in (0, 1))
                _combine(q_re, q_im, turn, first[ends], second[ends])
            else:
                across = [_gradient(f"gradient {p}", planes[p], along[p]) for p in (0, 1)]
                (right_re, down_re), (right_im, down_im) = across
                upper, lower = (xp.add, xp.subtract) if i > o else (xp.subtract, xp.add)
                lower(right_re, down_im, out=second[rows])  # ν = i − o
                upper(right_im, down_re, out=first[rows])

    each(task, len(tasks), x)
    return made


def gather(filtered: Filtered, into: Streams, turn: int = 1) -> Array:
    """The adjoint of ``spread``: planes (2C, N, H, W) of what ``first`` and ``second`` hold."""
    some = filtered[0][0]
    xp, size, n = array_module(some), some.shape[1:], sum(into)
    y = xp.empty((2 * n, *size), dtype=some.dtype)
    places = list(zip(parts(into), spans(into), strict=True))
    tasks = [(i, cut) for i in range(len(into)) for cut in _cuts(into[i], some)]

    def task(k: int) -> None:
        i, cut = tasks[k]
        (re, im), span = places[i]
        rows = slice(span.start + cut.start, span.start + cut.stop)
        ends = slice(n + cut.start, n + cut.stop)
        out = y[re][cut], y[im][cut]
        own = i < len(filtered)
        if own:
            first, second = filtered[i]
            near = _scratch("near re", out[0]), _scratch("near im", out[0])
            _combine(first[ends], second[ends], -turn, near[0], near[1])
        for p in (0, 1):
            inside = _scratch("inside", out[p])  # what is still to be summed over left and right
            if own:
                _box_and_plus(filtered[i][1 - p][rows], near[p], out[p], inside)
            else:
                out[p].fill(0)
                inside.fill(0)
            for o, (first, second) in enumerate(filtered):
                if o != i:
                    z, other = (second, first) if p == 0 else (first, second)
                    sign = (o - i) * (1 if p == 0 else -1)
                    _take_gradient(z[rows], other[rows], sign, out[p], inside)
            sums = _sides("sums", inside, xp.add)
            xp.add(out[p], sums, out=out[p])

    each(task, len(tasks), some)
    return y


# --- One block of planes (maps, N, H, W) ----------------------------------------------------------


def _box(x: Array, sides: Array, out: Array) -> None:
    """(1 + s)(1 + v) x."""
    xp = array_module(x)
    rows = _scratch("rows", x)
    xp.add(x, sides, out=rows)
    _levels(rows, xp.add, out)
    xp.add(out, rows, out=out)


def _plus(name: str, x: Array, sides: Array) -> Array:
    """Q x = x + ε/(1 + ε) (s + v) x."""
    xp, near = array_module(x), numbers().near
    out = _scratch(name, x)
    _levels(x, xp.add, out)
    xp.add(out, sides, out=out)
    xp.multiply(out, near / (1 + near), out=out)
    xp.add(out, x, out=out)
    return out


def _gradient(name: str, x: Array, sides: Array) -> tuple[Array, Array]:
    """t (1 + κv) x and w (1 + κs) x."""
    xp, corner = array_module(x), numbers().corner
    right, down = _scratch(f"{name} right", x), _scratch(f"{name} down", x)
    steps = _sides("steps", x, xp.subtract)
    _levels(steps, xp.add, right)
    xp.multiply(right, corner, out=right)
    xp.add(right, steps, out=right)
    xp.multiply(sides, corner, out=steps)
    xp.add(steps, x, out=steps)
    _levels(steps, xp.subtract, down)
    return right, down


def _combine(re: Array, im: Array, turn: int, to_re: Array, to_im: Array) -> None:
    """(1 ± i)(re + i im)."""
    xp = array_module(re)
    add, subtract = (xp.add, xp.subtract) if turn > 0 else (xp.subtract, xp.add)
    subtract(re, im, out=to_re)
    add(im, re, out=to_im)


def _box_and_plus(box: Array, near: Array, out: Array, inside: Array) -> None:
    """out + s·inside = (1 + s)(1 + v) box + Q near."""
    xp, share = array_module(box), numbers().near
    scaled = _scratch("scaled", box)
    _levels(box, xp.add, inside)
    xp.add(inside, box, out=inside)
    xp.multiply(near, share / (1 + share), out=scaled)
    _levels(scaled, xp.add, out)
    xp.add(out, near, out=out)
    xp.add(out, inside, out=out)
    xp.add(inside, scaled, out=inside)


def _take_gradient(z: Array, other: Array, sign: int, out: Array, inside: Array) -> None:
    """out + s·inside gets −t (1 + κv) z + sign · w (1 + κs) other."""
    xp, corner = array_module(z), numbers().corner
    down = _scratch("scaled", z)
    _levels(other, xp.subtract, down, sign)
    xp.add(out, down, out=out)
    xp.multiply(down, corner, out=down)
    xp.add(inside, down, out=inside)
    _levels(z, xp.add, down)
    xp.multiply(down, corner, out=down)
    xp.add(down, z, out=down)
    steps = _sides("steps", down, xp.subtract, -1)
    xp.add(out, steps, out=out)


def _sides(name: str, x: Array, combine, sign: int = 1) -> Array:
    """right ± left neighbour (times a sign for differences), zeros beyond the border.

    In flat memory every neighbour is one number away; what that takes from the next row or map is
    put right in the first and in the last column.
    """
    out = _scratch(name, x)
    w = x.shape[-1]
    if w == 1:
        out.fill(0)
        return out
    flat, target = x.reshape(-1), out.reshape(-1)
    after, before = (flat[2:], flat[:-2]) if sign > 0 else (flat[:-2], flat[2:])
    combine(after, before, out=target[1:-1])
    xp = array_module(x)
    summing = combine is xp.add
    first, last = (1, 1) if summing else (sign, -sign)
    _copy(out[..., 0], x[..., 1], first)
    _copy(out[..., -1], x[..., -2], last)
    return out


def _levels(x: Array, combine, out: Array, sign: int = 1) -> None:
    """lower ± upper neighbour (times a sign for differences), zeros beyond the border."""
    h = x.shape[-2]
    if h == 1:
        out.fill(0)
        return
    below, above = (x[..., 2:, :], x[..., :-2, :])
    if sign < 0:
        below, above = above, below
    combine(below, above, out=out[..., 1:-1, :])
    summing = combine is array_module(x).add
    first, last = (1, 1) if summing else (sign, -sign)
    _copy(out[..., 0, :], x[..., 1, :], first)
    _copy(out[..., -1, :], x[..., -2, :], last)


def _copy(target: Array, source: Array, sign: int) -> None:
    """Not ``negative``: NumPy 2.4 gets columns of rows of four wrong there, for some strides."""
    array_module(source).multiply(source, sign, out=target)


# --- Blocks and buffers ---------------------------------------------------------------------------


def _near(of: Streams, order: int) -> int:
    return of[order] if order < len(of) else 0


def _cuts(maps: int, like: Array) -> list[slice]:
    """Maps in pieces that fit the cache, at least two where there are two; all at once on a GPU."""
    plane = max(1, like.size // max(len(like), 1))
    return pieces(maps, min(BLOCK // plane, -(-maps // 2)), like)


def _scratch(name: str, like: Array) -> Array:
    return scratch(name, like.shape, like)
