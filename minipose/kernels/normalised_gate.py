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
from minipose.kernels import workers
from minipose.kernels.harmonic import Streams, parts, spans
from minipose.kernels.parallel import each, pieces, rows_apart, scratch
from minipose.kernels.products import in_blocks

SMALL = 1e-8  # added to |z|²: the magnitude has a derivative at 0 too
NORM_SMALL = 0.01  # added to the standard deviation of a map
ROUNDING = 16  # units in the last place of the mean: a smaller deviation may be rounding alone
BLOCK = 1 << 18  # elements of the planes that one task works on at a time
STRIP = 4096  # pixels that one product takes


class Kept(NamedTuple):
    """What the backward pass needs beside z: per map (C, 1), per number (C, pixels)."""

    mean_re: Array
    mean_im: Array
    mean_r: Array
    deviation: Array
    magnitude: Array
    gate: Array


def forward(z: Array, a: Array, b: Array, streams: Streams) -> tuple[Array, Kept]:
    """y (2C, pixels) of planes z (2C, pixels), A (C, C) and b (C,)."""
    xp, c, pixels = array_module(z), sum(streams), z.shape[1]
    columns = [xp.empty((c, 1), dtype=z.dtype) for _ in range(4)]
    kept = Kept(*columns, *(rows_apart(c, (pixels,), z) for _ in range(2)))
    blocks = _blocks(streams, z)

    def measure(k: int) -> None:
        re, im, rows = blocks[k]
        kept.mean_re[rows] = _mean(z[re])
        kept.mean_im[rows] = _mean(z[im])
        _, _, squares = _centred(z[re], z[im], kept, rows)
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
        re, im, rows = blocks[k]
        factor = scratch("factor", kept.gate[rows].shape, z)
        xp.multiply(kept.gate[rows], 1 / (kept.deviation[rows] + NORM_SMALL), out=factor)
        for part, mean in ((re, kept.mean_re), (im, kept.mean_im)):
            xp.subtract(z[part], mean[rows], out=y[part])
            xp.multiply(y[part], factor, out=y[part])

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
        re, im, rows = blocks[k]
        d_re, d_im, _ = _centred(z[re], z[im], kept, rows, squares=False)
        gate, mine = kept.gate[rows], t[rows]
        xp.multiply(d_re, grad_y[re], out=d_re)
        xp.multiply(d_im, grad_y[im], out=d_im)
        xp.add(d_re, d_im, out=d_re)
        xp.multiply(d_re, gate, out=d_re)
        along[rows] = d_re.sum(axis=1, keepdims=True)
        xp.subtract(1, gate, out=mine)
        xp.multiply(mine, d_re, out=mine)
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
        re, im, rows = blocks[k]
        deviation = kept.deviation[rows]
        s = deviation + NORM_SMALL
        d_re, d_im, squares = _centred(z[re], z[im], kept, rows)
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
        for part, d in ((re, d_re), (im, d_im)):
            grad = grad_z[part]
            xp.multiply(d, own, out=d)
            xp.multiply(grad_y[part], share, out=grad)
            xp.add(grad, d, out=grad)
            xp.subtract(grad, _mean(grad), out=grad)

    each(collect, len(blocks), z)
    return grad_z, grad_a, grad_b


def inverse_deviation(deviation: Array, mean: Array) -> Array:
    """1/σ of magnitudes with that mean; 0 where σ is no more than rounding, and has no slope."""
    xp = array_module(deviation)
    real = deviation > ROUNDING * float(np.finfo(deviation.dtype).eps) * mean
    return real / xp.where(real, deviation, xp.ones_like(deviation))


def _centred(re: Array, im: Array, kept: Kept, rows: slice, squares: bool = True):
    """Re d, Im d and, if asked for, |d|²; in buffers of this thread."""
    xp = array_module(re)
    d_re, d_im = scratch("d re", re.shape, re), scratch("d im", re.shape, re)
    xp.subtract(re, kept.mean_re[rows], out=d_re)
    xp.subtract(im, kept.mean_im[rows], out=d_im)
    if not squares:
        return d_re, d_im, None
    both, other = scratch("squares", re.shape, re), scratch("r", re.shape, re)
    xp.multiply(d_re, d_re, out=both)
    xp.multiply(d_im, d_im, out=other)
    xp.add(both, other, out=both)
    return d_re, d_im, both


def _mean(planes: Array) -> Array:
    return planes.sum(axis=1, keepdims=True) * (1 / planes.shape[1])


def _blocks(streams: Streams, z: Array) -> list[tuple[slice, slice, slice]]:
    """Pieces of maps of one order: their real planes, imaginary planes, and place among all."""
    found = []
    for (re, im), span, count in zip(parts(streams), spans(streams), streams, strict=True):
        for cut in pieces(count, min(BLOCK // z.shape[1], -(-count // 2)), z):
            found.append(tuple(_within(whole, cut) for whole in (re, im, span)))
    return found


def _within(whole: slice, cut: slice) -> slice:
    return slice(whole.start + cut.start, whole.start + cut.stop)
