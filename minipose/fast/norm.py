"""Batch norm and ReLU: two passes over memory forward, two backward, on threads.

    forward    1. μ, v of each channel                2. y = max(x · γ/σ + (β − μ γ/σ), 0)
    backward   1. Σ g, Σ g x of each, g = dL/dy where y > 0
               2. dL/dx = γ/σ · (g − (1/m) Σ g − (x − μ)/σ² · (1/m) Σ g (x − μ)), as f g − s x + l

Whatever the order of the axes in memory, it is a block (before, C, after) of the axes before and
after that of the channels. A task takes a piece of it, and does all steps of a pass while the piece
is in the cache. Mean and variance of pieces are put together, which is as exact as a second look:

    m v = Σₚ (Mₚ + mₚ (μₚ − μ)²),    Mₚ the sum of squares about μₚ in piece p

The shapes alone cut the pieces; what they find is put together in order, and in float64, since a
mean that is large beside the deviation leaves little of a difference in float32.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from minipose.fast import workers
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.faster import offer
from minipose.ops import norm as plain
from minipose.tensor import Tensor, record

Array = np.ndarray

PIECE = 1 << 19  # numbers; fewer make more calls, which cost more than the cache saves
WORTHWHILE = 1 << 16  # numbers; fewer are done before they are cut
ROW = 1024  # numbers to which short rows of channels are joined


class Block(NamedTuple):
    """How an array (N, C, …) lies: its axes in the order of memory, and (before, k·C, after).

    What is found of each channel is found of each segment by itself: (segments, C).
    """

    axes: tuple[int, ...]
    shape: tuple[int, int, int]
    repeated: int = 1  # k: so many pixels of C channels are one row
    segments: int = 1  # equal parts of what comes before the channels

    def of(self, x: Array) -> Array:
        """The array as (before, k·C, after), a view if it lies so."""
        return np.ascontiguousarray(x.transpose(self.axes)).reshape(self.shape)

    def back(self, block: Array, shape: tuple[int, ...]) -> Array:
        """Such a block as an array of ``shape``: a view."""
        ordered = block.reshape([shape[axis] for axis in self.axes])
        return ordered.transpose([self.axes.index(axis) for axis in range(len(shape))])

    def columns(self, channels: Array, dtype: np.dtype) -> list[Array]:
        """For each piece one number for each of its rows, of numbers (segments, C)."""
        tiled = np.tile(np.atleast_2d(channels).astype(dtype), self.repeated)[..., None]
        return [tiled[cut[0].start // self.length, cut[1]] for cut in self.pieces()]

    def by_channel(self, found: Array) -> Array:
        """What pieces found for each place in a row, (pieces, k·C), as (segments, …, C)."""
        return found.reshape(self.segments, -1, self.shape[1] // self.repeated)

    @property
    def length(self) -> int:
        """Of a segment."""
        return self.shape[0] // self.segments

    def pieces(self) -> list[tuple[slice, slice, slice]]:
        """What tasks take: whole rows, or some channels of one, or a part of one."""
        _, rows, after = self.shape
        within = workers.even_pieces(self.length, max(1, PIECE // (rows * after)))
        starts = range(0, self.shape[0], self.length)
        cuts = (
            [slice(start + cut.start, start + cut.stop) for start in starts for cut in within],
            workers.even_pieces(rows, max(1, PIECE // after)),
            workers.even_pieces(after, PIECE),
        )
        return [(a, c, b) for a in cuts[0] for c in cuts[1] for b in cuts[2]]


def block_of(x: Array, segments: int = 1) -> Block:
    """How x lies."""
    axes = tuple(sorted(range(x.ndim), key=lambda axis: (-x.strides[axis], axis)))
    place = axes.index(1)
    before = math.prod(x.shape[axis] for axis in axes[:place])
    after = math.prod(x.shape[axis] for axis in axes[place + 1 :])
    channels, repeated = x.shape[1], 1
    while after == 1 and before // segments % 2 == 0 and 2 * repeated * channels <= ROW:
        before, repeated = before // 2, 2 * repeated
    return Block(axes, (before, repeated * channels, after), repeated, segments)


def statistics(x: Array, block: Block) -> tuple[Array, Array]:
    """Mean and (biased) variance of each channel, (segments, C), in float64."""
    pieces = block.pieces()
    counts, means, squares = np.zeros((3, len(pieces), block.shape[1]))
    parts = [_Part(x[cut]) for cut in pieces]

    def task(k: int) -> None:
        part, rows = parts[k], pieces[k][1]
        mean = part.sum(part.array) * part.fraction
        apart = np.subtract(part.array, mean[:, None], part.spare())
        counts[k, rows], means[k, rows] = part.count, mean
        squares[k, rows] = part.sum_of_products(apart, apart)

    workers.run(task, len(pieces))
    counts, means, squares = (block.by_channel(each) for each in (counts, means, squares))
    total = counts.sum(axis=1)
    mean = (counts * means).sum(axis=1) / total
    return mean, (squares + counts * (means - mean[:, None]) ** 2).sum(axis=1) / total


def scaled(x: Array, block: Block, factor: Array, shift: Array | None, relu: bool) -> Array:
    """y = factor · x + shift of each channel, and no less than 0 with ``relu``."""
    y, pieces, times = np.empty_like(x), block.pieces(), block.columns(factor, x.dtype)
    plus = times if shift is None else block.columns(shift, x.dtype)
    parts = [(x[cut], *both, y[cut]) for cut, *both in zip(pieces, times, plus, strict=True)]

    def task(k: int) -> None:
        x_part, times, plus, part = parts[k]
        np.multiply(x_part, times, part)
        if shift is not None:
            np.add(part, plus, part)
        if relu:
            np.maximum(part, workers.zeros_as(part), out=part)

    workers.run(task, len(parts))
    return y


def sums(grad: Array, y: Array | None, x: Array, block: Block) -> tuple[Array, Array, Array]:
    """g, which is dL/dy where y > 0, and Σ g and Σ g x of each channel, (segments, C).

    ``y`` is given after a ReLU only: else g is dL/dy itself.
    """
    g, pieces = grad if y is None else np.empty_like(x), block.pieces()
    total, along = np.zeros((2, len(pieces), block.shape[1]))
    parts = [_Part(g[cut]) for cut in pieces]
    others = [(x[cut], grad[cut], grad[cut] if y is None else y[cut]) for cut in pieces]

    def task(k: int) -> None:
        part, rows, (x_part, grad_part, y_part) = parts[k], pieces[k][1], others[k]
        if y is not None:
            np.multiply(grad_part, y_part > 0, part.array)
        total[k, rows] = part.sum(part.array)
        along[k, rows] = part.sum_of_products(part.array, x_part)

    workers.run(task, len(pieces))
    return g, *(block.by_channel(each).sum(axis=1) for each in (total, along))


def backward_input(
    g: Array, x: Array, block: Block, factor: Array, slope: Array, level: Array, out: Array
) -> None:
    """dL/dx = factor · g − slope · x + level of each channel, into ``out``, which may be g."""
    pieces = block.pieces()
    columns = (block.columns(each, x.dtype) for each in (factor, slope, level))
    parts = [
        (g[cut], x[cut], out[cut], *three) for cut, *three in zip(pieces, *columns, strict=True)
    ]

    def task(k: int) -> None:
        g_part, x_part, part, times, along, plus = parts[k]
        tilted = workers.scratch("d", x_part.shape, x_part.dtype)
        np.multiply(x_part, along, tilted)
        np.subtract(tilted, plus, tilted)
        np.multiply(g_part, times, part)
        np.subtract(part, tilted, part)

    workers.run(task, len(pieces))


class _Part:
    """A piece (before, rows, after) and how it is added up over all but the middle axis.

    Sums are products with ones, which BLAS adds up sooner than NumPy. What a task needs is made
    beforehand: while one thread holds Python's lock, another may have to sleep for it.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        before, rows, after = array.shape
        self.count = before * after
        self.fraction = array.dtype.type(rows / array.size)
        self.ones = _ones(before if after == 1 else after, array.dtype)

    def sum(self, x: Array) -> Array:
        if x.shape[2] == 1:
            return self.ones @ x[..., 0]
        return (x @ self.ones).sum(axis=0)

    def sum_of_products(self, a: Array, b: Array) -> Array:
        if a.shape[2] > 1:
            return np.vecdot(a, b).sum(axis=0)
        return self.sum(np.multiply(a, b, workers.scratch("products", a.shape, a.dtype)))

    def spare(self) -> Array:
        return workers.scratch("d", self.array.shape, self.array.dtype)


@functools.lru_cache(maxsize=64)
def _ones(count: int, dtype: np.dtype) -> Array:
    return np.ones(count, dtype)


# --- The ops ----------------------------------------------------------------------------------


def batch_norm(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5, relu: bool = False
) -> tuple[Tensor, Array, Array]:
    """``ops.batch_norm``."""
    block, shape, dtype, m = block_of(x.data), x.shape, x.dtype, x.size // x.shape[1]
    values, gamma = block.of(x.data), weight.data
    mean, variance = (each[0] for each in statistics(values, block))
    scale = 1 / np.sqrt(variance + eps)
    y = scaled(values, block, gamma * scale, bias.data - mean * gamma * scale, relu)

    def backward(grad_y):
        g, *found = sums(block.of(grad_y), y if relu else None, values, block)
        total, along = (each[0] for each in found)
        along -= mean * total  # Σ g (x − μ)
        factor = gamma * scale
        slope = factor * along * scale * scale / m
        level = slope * mean - factor * total / m
        grad_x = g if relu else np.empty_like(values)
        backward_input(g, values, block, factor, slope, level, grad_x)
        return block.back(grad_x, shape), (along * scale).astype(dtype), total.astype(dtype)

    result = block.back(y, shape)
    y_tensor = record("batch_norm", result, inputs=(x, weight, bias), backward=backward)
    return y_tensor, mean.astype(dtype), variance.astype(dtype)


def batch_norm_inference(
    x: Tensor,
    mean: Array,
    variance: Array,
    weight: Tensor,
    bias: Tensor,
    eps: float = 1e-5,
    relu: bool = False,
) -> Tensor:
    """``ops.batch_norm_inference``."""
    block, shape, dtype, gamma = block_of(x.data), x.shape, x.dtype, weight.data
    values, mean = block.of(x.data), mean.copy()  # a layer's running mean moves on in place
    scale = 1 / np.sqrt(variance.astype(np.float64) + eps)
    y = scaled(values, block, gamma * scale, bias.data - mean * gamma * scale, relu)

    def backward(grad_y):
        g, *found = sums(block.of(grad_y), y if relu else None, values, block)
        total, along = (each[0] for each in found)
        grad_x = scaled(g, block, gamma * scale, None, relu=False)
        along = (along - mean * total) * scale
        return block.back(grad_x, shape), along.astype(dtype), total.astype(dtype)

    result = block.back(y, shape)
    return record("batch_norm_inference", result, inputs=(x, weight, bias), backward=backward)


def _suits(x, weight, bias, eps=1e-5, relu=False) -> bool:
    return (
        on_cpu(x, weight, bias=bias)
        and accepted(plain.check_batch_norm, "batch_norm", x, weight, bias)
        and x.size >= max(2 * x.shape[1], WORTHWHILE)
    )


def _suits_inference(x, mean, variance, weight, bias, eps=1e-5, relu=False) -> bool:
    given = all(isinstance(a, np.ndarray) for a in (mean, variance))
    return (
        given
        and on_cpu(x, weight, bias=bias)
        and x.size >= WORTHWHILE
        and accepted(plain.check_batch_norm, "batch_norm_inference", x, weight, bias)
        and {(a.shape, a.dtype) for a in (mean, variance)} == {(bias.shape, x.dtype)}
    )


offer(plain.batch_norm, _suits, batch_norm)
offer(plain.batch_norm_inference, _suits_inference, batch_norm_inference)
