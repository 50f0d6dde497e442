"""Batch norm and magnitude gate of complex channels, three passes forward and three backward.

With d = z − μ, r = |d| and s = σ + 0.01 of each channel (``ops.complex_batch_norm``), n = d/s,

    forward    1. μ, s and m = |n|, each channel  2. q = logistic(A m + b)    3. y = n q
    backward   1. t = Re(g conj n) q (1 − q)      2. Aᵀt, dL/dA, dL/db        3. dL/dz, each channel

All that a channel needs is done while its planes are in the cache; between the passes only m, q (or
t, Aᵀt) are stored, one real number for each complex one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minipose.fast import workers
from minipose.fast.planes import complex_maps, from_planes, planes_first, rows_apart
from minipose.fast.products import in_blocks
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.circular_harmonics import Streams, spans
from minipose.kernels.faster import offer
from minipose.ops import complex_maps as plain
from minipose.ops.complex_maps import NORM_SMALL, SMALL, inverse_deviation
from minipose.tensor import Tensor, record

BLOCK = 1 << 18  # elements of the planes that one task works on at a time
STRIP = 4096  # pixels that one product takes


class Kept(NamedTuple):
    """What the backward pass needs beside z: per channel (C, 1), per number (C, pixels)."""

    mean: np.ndarray  # (2, C, 1), of real and imaginary parts
    mean_r: np.ndarray
    deviation: np.ndarray
    magnitude: np.ndarray
    gate: np.ndarray


def normalised_gate(x: Tensor, weight: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """``ops.normalised_gate`` as one op."""
    z, a = planes_first(x.data), weight.data
    size, flat = z.shape, z.reshape(len(z), -1)  # (2C, N, H, W), (2C, N·H·W)
    y, kept = forward(flat, a, bias.data, streams)

    def differentiate(grad_y):
        grad = planes_first(grad_y).reshape(flat.shape)
        grad_z, grad_a, grad_b = backward(grad, flat, a, kept, streams)
        return from_planes(grad_z.reshape(size)), grad_a, grad_b

    y = from_planes(y.reshape(size))
    return record("normalised_gate", y, inputs=(x, weight, bias), backward=differentiate)


def forward(
    z: np.ndarray, a: np.ndarray, b: np.ndarray, streams: Streams
) -> tuple[np.ndarray, Kept]:
    """y (2C, pixels) of planes z (2C, pixels), A (C, C) and b (C,)."""
    c, pixels = sum(streams), z.shape[1]
    columns = (np.empty((*two, c, 1), dtype=z.dtype) for two in ((2,), (), ()))
    kept = Kept(*columns, *(rows_apart(c, (pixels,), z.dtype) for _ in range(2)))
    blocks = _blocks(streams, z)

    def measure(k: int) -> None:
        order, cut, rows = blocks[k]
        part = complex_maps(z, streams, order)[:, cut]
        kept.mean[:, rows] = _mean(part)
        squares = _squares(_centred(part, kept.mean[:, rows]))
        r = workers.scratch("r", squares.shape, z.dtype)
        np.add(squares, SMALL, out=r)
        np.sqrt(r, out=r)
        kept.mean_r[rows] = mean = _mean(r)
        np.subtract(r, mean, out=r)
        np.multiply(r, r, out=r)
        kept.deviation[rows] = np.sqrt(r.sum(axis=1, keepdims=True) / max(pixels - 1, 1))
        s, magnitude = kept.deviation[rows] + NORM_SMALL, kept.magnitude[rows]
        np.multiply(squares, 1 / (s * s), out=magnitude)
        np.add(magnitude, SMALL, out=magnitude)
        np.sqrt(magnitude, out=magnitude)

    workers.run(measure, len(blocks))
    half, shift = a * 0.5, (b * 0.5)[:, None]
    strips = _strips(pixels)

    def decide(k: int) -> None:
        gate = kept.gate[:, strips[k]]
        in_blocks(half, kept.magnitude[:, strips[k]], gate)
        np.add(gate, shift, out=gate)
        np.tanh(gate, out=gate)  # logistic(u) = (1 + tanh(u/2))/2
        np.multiply(gate, 0.5, out=gate)
        np.add(gate, 0.5, out=gate)

    workers.run(decide, len(strips))
    y = np.empty_like(z)

    def apply(k: int) -> None:
        order, cut, rows = blocks[k]
        factor = workers.scratch("r", kept.gate[rows].shape, z.dtype)
        np.multiply(kept.gate[rows], 1 / (kept.deviation[rows] + NORM_SMALL), out=factor)
        out = complex_maps(y, streams, order)[:, cut]
        np.subtract(complex_maps(z, streams, order)[:, cut], kept.mean[:, rows], out=out)
        np.multiply(out, factor, out=out)

    workers.run(apply, len(blocks))
    return y, kept


def backward(
    grad_y: np.ndarray, z: np.ndarray, a: np.ndarray, kept: Kept, streams: Streams
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dL/dz (2C, pixels), dL/dA and dL/db."""
    c, pixels = sum(streams), z.shape[1]
    t, through = (rows_apart(c, (pixels,), z.dtype) for _ in range(2))
    along = np.empty((c, 1), dtype=z.dtype)  # Σ Re(g conj d) q of each channel
    blocks = _blocks(streams, z)

    def decided(k: int) -> None:
        order, cut, rows = blocks[k]
        d = _centred(complex_maps(z, streams, order)[:, cut], kept.mean[:, rows])
        gate, mine = kept.gate[rows], t[rows]
        np.multiply(d, complex_maps(grad_y, streams, order)[:, cut], out=d)
        np.add(d[0], d[1], out=d[0])
        np.multiply(d[0], gate, out=d[0])
        along[rows] = d[0].sum(axis=1, keepdims=True)
        np.subtract(1, gate, out=mine)
        np.multiply(mine, d[0], out=mine)
        np.multiply(mine, 1 / (kept.deviation[rows] + NORM_SMALL), out=mine)

    workers.run(decided, len(blocks))
    strips = _strips(pixels)
    transposed = a.T

    def mixed(k: int) -> tuple[np.ndarray, np.ndarray]:
        part = t[:, strips[k]]
        in_blocks(transposed, part, through[:, strips[k]])
        gram = np.empty_like(a)
        in_blocks(part, kept.magnitude[:, strips[k]].T, gram)
        return gram, part.sum(axis=1)

    found = workers.run(mixed, len(strips))
    grad_a, grad_b = (workers.add_in_order(each) for each in zip(*found, strict=True))
    grad_z = np.empty_like(z)

    def collect(k: int) -> None:
        order, cut, rows = blocks[k]
        deviation = kept.deviation[rows]
        s = deviation + NORM_SMALL
        d = _centred(complex_maps(z, streams, order)[:, cut], kept.mean[:, rows])
        squares = _squares(d)
        own = through[rows]  # Aᵀt / |n|: what reaches z through the magnitude
        np.divide(own, kept.magnitude[rows], out=own)
        buffer = workers.scratch("r", squares.shape, z.dtype)
        np.multiply(own, squares, out=buffer)
        total = along[rows] + buffer.sum(axis=1, keepdims=True) / s
        # dL/ds = −total/s², and ∂s/∂r = (r − mean r)/((pixels − 1) σ) along d/r
        slope = total * inverse_deviation(deviation, kept.mean_r[rows])
        slope /= s * s * max(pixels - 1, 1)
        np.add(squares, SMALL, out=squares)
        np.sqrt(squares, out=squares)
        np.divide(kept.mean_r[rows] * slope, squares, out=squares)
        np.multiply(own, 1 / (s * s), out=own)
        np.add(own, squares, out=own)
        np.subtract(own, slope, out=own)
        np.multiply(kept.gate[rows], 1 / s, out=buffer)
        grad = complex_maps(grad_z, streams, order)[:, cut]
        np.multiply(d, own, out=d)
        np.multiply(complex_maps(grad_y, streams, order)[:, cut], buffer, out=grad)
        np.add(grad, d, out=grad)
        np.subtract(grad, _mean(grad), out=grad)

    workers.run(collect, len(blocks))
    return grad_z, grad_a, grad_b


def _centred(part: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """d = z − μ, real and imaginary parts (2, channels, pixels), in a buffer of this thread."""
    return np.subtract(part, mean, out=workers.scratch("d", part.shape, part.dtype))


def _squares(d: np.ndarray) -> np.ndarray:
    """|d|² (channels, pixels), in a buffer of this thread."""
    both = np.multiply(d, d, out=workers.scratch("squares", d.shape, d.dtype))
    return np.add(both[0], both[1], out=both[0])


def _mean(channels: np.ndarray) -> np.ndarray:
    return channels.sum(axis=-1, keepdims=True) * (1 / channels.shape[-1])


def _strips(pixels: int) -> list[slice]:
    return workers.pieces(pixels, min(STRIP, -(-pixels // 2)))


def _blocks(streams: Streams, z: np.ndarray) -> list[tuple[int, slice, slice]]:
    """Pieces of one order's channels: the order, which of them, and their place among all."""
    found = []
    for order, (span, count) in enumerate(zip(spans(streams), streams, strict=True)):
        for cut in workers.pieces(count, max(1, min(BLOCK // z.shape[1], -(-count // 2)))):
            found.append((order, cut, slice(span.start + cut.start, span.start + cut.stop)))
    return found


def _suits(x: Any, weight: Any, bias: Any, streams: Any) -> bool:
    return (
        on_cpu(x, weight, bias=bias)
        and accepted(plain.check_streams, "normalised_gate", x, streams)
        and accepted(plain.check_gate, "normalised_gate", weight, bias, streams)
    )


offer(plain.normalised_gate, _suits, normalised_gate)
