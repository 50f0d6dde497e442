"""Batch norm and magnitude gate of complex maps, three passes forward and three backward.

With d = z − μ, r = |d| and s = σ + 0.01 of each map (``ops.complex_batch_norm``), n = d/s,

    forward    1. μ, s and m = |n|, map by map    2. q = logistic(A m + b)    3. y = n q
    backward   1. t = Re(g conj n) q (1 − q)      2. Aᵀt, dL/dA, dL/db        3. dL/dz, map by map

All that a map needs is done while its planes are in the cache; between the passes only m, q (or t,
Aᵀt) are stored, one real number for each complex one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast import workers
from minipose.fast.parallel import each, pieces, rows_apart, scratch
from minipose.fast.products import in_blocks
from minipose.kernels.circular_harmonics import Streams, complex_maps, spans

SMALL = 1e-8  # added to |z|²: the magnitude has a derivative at 0 too
NORM_SMALL = 0.01  # added to the standard deviation of a map
ROUNDING = 16  # units in the last place of the mean: a smaller deviation may be rounding alone
BLOCK = 1 << 18  # elements of the planes that one task works on at a time
STRIP = 4096  # pixels that one product takes


class Kept(NamedTuple):
    """What the backward pass needs beside z: per map (C, 1), per number (C, pixels)."""

    mean: Array  # (2, C, 1), of real and imaginary parts
    mean_r: Array
    deviation: Array
    magnitude: Array
    gate: Array


def forward(z: Array, a: Array, b: Array, streams: Streams) -> tuple[Array, Kept]:
    """y (2C, pixels) of planes z (2C, pixels), A (C, C) and b (C,)."""
    xp, c, pixels = array_module(z), sum(streams), z.shape[1]
    columns = (xp.empty((*two, c, 1), dtype=z.dtype) for two in ((2,), (), ()))
    kept = Kept(*columns, *(rows_apart(c, (pixels,), z) for _ in range(2)))
    blocks = _blocks(streams, z)

    def measure(k: int) -> None:
        order, cut, rows = blocks[k]
        part = complex_maps(z, streams, order)[:, cut]
        kept.mean[:, rows] = _mean(part)
        squares = _squares(_centred(part, kept.mean[:, rows]))
        r = scratch("r", squares.shape, z)
        xp.add(squares, SMALL, out=r)
        xp.sqrt(r, out=r)
        kept.mean_r[rows] = mean = _mean(r)
        xp.subtract(r, mean, out=r)
        xp.multiply(r, r, out=r)
        kept.deviation[rows] = xp.sqrt(r.sum(axis=1, keepdims=True) / max(pixels - 1, 1))
        s, magnitude = kept.deviation[rows] + NORM_SMALL, kept.magnitude[rows]
        xp.multiply(squares, 1 / (s * s), out=magnitude)
        xp.add(magnitude, SMALL, out=magnitude)
        xp.sqrt(magnitude, out=magnitude)

    each(measure, len(blocks), z)
    half, shift = a * 0.5, (b * 0.5)[:, None]
    strips = pieces(pixels, min(STRIP, -(-pixels // 2)), z)

    def decide(k: int) -> None:
        gate = kept.gate[:, strips[k]]
        in_blocks(half, kept.magnitude[:, strips[k]], gate)
        xp.add(gate, shift, out=gate)
        xp.tanh(gate, out=gate)  # logistic(u) = (1 + tanh(u/2))/2
        xp.multiply(gate, 0.5, out=gate)
        xp.add(gate, 0.5, out=gate)

    each(decide, len(strips), z)
    y = xp.empty_like(z)

    def apply(k: int) -> None:
        order, cut, rows = blocks[k]
        factor = scratch("r", kept.gate[rows].shape, z)
        xp.multiply(kept.gate[rows], 1 / (kept.deviation[rows] + NORM_SMALL), out=factor)
        out = complex_maps(y, streams, order)[:, cut]
        xp.subtract(complex_maps(z, streams, order)[:, cut], kept.mean[:, rows], out=out)
        xp.multiply(out, factor, out=out)

    each(apply, len(blocks), z)
    return y, kept


def backward(
    grad_y: Array, z: Array, a: Array, kept: Kept, streams: Streams
) -> tuple[Array, Array, Array]:
    """dL/dz (2C, pixels), dL/dA and dL/db."""
    xp, c, pixels = array_module(z), sum(streams), z.shape[1]
    t, through = rows_apart(c, (pixels,), z), rows_apart(c, (pixels,), z)
    along = xp.empty((c, 1), dtype=z.dtype)  # Σ Re(g conj d) q of each map
    blocks = _blocks(streams, z)

    def decided(k: int) -> None:
        order, cut, rows = blocks[k]
        d = _centred(complex_maps(z, streams, order)[:, cut], kept.mean[:, rows])
        gate, mine = kept.gate[rows], t[rows]
        xp.multiply(d, complex_maps(grad_y, streams, order)[:, cut], out=d)
        xp.add(d[0], d[1], out=d[0])
        xp.multiply(d[0], gate, out=d[0])
        along[rows] = d[0].sum(axis=1, keepdims=True)
        xp.subtract(1, gate, out=mine)
        xp.multiply(mine, d[0], out=mine)
        xp.multiply(mine, 1 / (kept.deviation[rows] + NORM_SMALL), out=mine)

    each(decided, len(blocks), z)
    strips = pieces(pixels, min(STRIP, -(-pixels // 2)), z)
    turned = a.T

    def mixed(k: int) -> tuple[Array, Array]:
        part = t[:, strips[k]]
        in_blocks(turned, part, through[:, strips[k]])
        share = xp.empty_like(a)
        in_blocks(part, kept.magnitude[:, strips[k]].T, share)
        return share, part.sum(axis=1)

    shares = each(mixed, len(strips), z)
    grad_a, grad_b = (workers.add_in_order(share) for share in zip(*shares, strict=True))
    grad_z = xp.empty_like(z)

    def collect(k: int) -> None:
        order, cut, rows = blocks[k]
        deviation = kept.deviation[rows]
        s = deviation + NORM_SMALL
        d = _centred(complex_maps(z, streams, order)[:, cut], kept.mean[:, rows])
        squares = _squares(d)
        own = through[rows]  # Aᵀt / |n|: what reaches z through the magnitude
        xp.divide(own, kept.magnitude[rows], out=own)
        share = scratch("r", squares.shape, z)
        xp.multiply(own, squares, out=share)
        total = along[rows] + share.sum(axis=1, keepdims=True) / s
        # dL/ds = −total/s², and ∂s/∂r = (r − mean r)/((pixels − 1) σ) along d/r
        slope = total * inverse_deviation(deviation, kept.mean_r[rows])
        slope /= s * s * max(pixels - 1, 1)
        xp.add(squares, SMALL, out=squares)
        xp.sqrt(squares, out=squares)
        xp.divide(kept.mean_r[rows] * slope, squares, out=squares)
        xp.multiply(own, 1 / (s * s), out=own)
        xp.add(own, squares, out=own)
        xp.subtract(own, slope, out=own)
        xp.multiply(kept.gate[rows], 1 / s, out=share)
        grad = complex_maps(grad_z, streams, order)[:, cut]
        xp.multiply(d, own, out=d)
        xp.multiply(complex_maps(grad_y, streams, order)[:, cut], share, out=grad)
        xp.add(grad, d, out=grad)
        xp.subtract(grad, _mean(grad), out=grad)

    each(collect, len(blocks), z)
    return grad_z, grad_a, grad_b


def inverse_deviation(deviation: Array, mean: Array) -> Array:
    """1/σ of magnitudes with that mean; 0 where σ is no more than rounding, and has no slope."""
    xp = array_module(deviation)
    real = deviation > ROUNDING * float(np.finfo(deviation.dtype).eps) * mean
    return real / xp.where(real, deviation, xp.ones_like(deviation))


def _centred(part: Array, mean: Array) -> Array:
    """d = z − μ, real and imaginary parts (2, maps, pixels), in a buffer of this thread."""
    return array_module(part).subtract(part, mean, out=scratch("d", part.shape, part))


def _squares(d: Array) -> Array:
    """|d|² (maps, pixels), in a buffer of this thread."""
    xp = array_module(d)
    both = xp.multiply(d, d, out=scratch("squares", d.shape, d))
    return xp.add(both[0], both[1], out=both[0])


def _mean(maps: Array) -> Array:
    return maps.sum(axis=-1, keepdims=True) * (1 / maps.shape[-1])


def _blocks(streams: Streams, z: Array) -> list[tuple[int, slice, slice]]:
    """Pieces of maps of one order: the order, which of its maps, and their place among all."""
    found = []
    for order, (span, count) in enumerate(zip(spans(streams), streams, strict=True)):
        for cut in pieces(count, min(BLOCK // z.shape[1], -(-count // 2)), z):
            found.append((order, cut, slice(span.start + cut.start, span.start + cut.stop)))
    return found
