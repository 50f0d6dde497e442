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

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minipose.fast import workers
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.faster import offer
from minipose.ops import norm as plain
from minipose.tensor import Tensor, record

Array = np.ndarray

PIECE = 1 << 17  # numbers; fewer make more calls, which cost more than the cache saves
WORTHWHILE = 1 << 16  # numbers; fewer are done before they are cut
ROW = 1024  # numbers to which short rows of channels are joined


class Block(NamedTuple):
    """How an array (N, C, …) lies: its axes in the order of memory, and (before, k·C, after)."""

    axes: tuple[int, ...]
    shape: tuple[int, int, int]
    repeated: int  # k: so many pixels of C channels are one row

    def of(self, x: Array) -> Array:
        """The array as (before, k·C, after), a view if it lies so."""
        return np.ascontiguousarray(x.transpose(self.axes)).reshape(self.shape)

    def back(self, block: Array, shape: tuple[int, ...]) -> Array:
        """Such a block as an array of ``shape``: a view."""
        ordered = block.reshape([shape[axis] for axis in self.axes])
        return ordered.transpose([self.axes.index(axis) for axis in range(len(shape))])

    def column(self, channels: Array, dtype: np.dtype) -> Array:
        """One number for each channel (C,), as (k·C, 1)."""
        return np.tile(channels.astype(dtype), self.repeated)[:, None]

    def by_channel(self, found: Array) -> Array:
        """What pieces found for each place in a row, (pieces, k·C), as (pieces·k, C)."""
        return found.reshape(len(found) * self.repeated, -1)

    def pieces(self) -> list[tuple[slice, slice, slice]]:
        """What tasks take: whole rows, or some channels of one, or a part of one."""
        before, rows, after = self.shape
        cuts = (
            workers.pieces(before, max(1, PIECE // (rows * after))),
            workers.pieces(rows, max(1, PIECE // after)),
            workers.pieces(after, PIECE),
        )
        return [(a, c, b) for a in cuts[0] for c in cuts[1] for b in cuts[2]]


def block_of(x: Array) -> Block:
    """How x lies."""
    axes = tuple(sorted(range(x.ndim), key=lambda axis: (-x.strides[axis], axis)))
    place = axes.index(1)
    before = math.prod(x.shape[axis] for axis in axes[:place])
    after = math.prod(x.shape[axis] for axis in axes[place + 1 :])
    channels, repeated = x.shape[1], 1
    while after == 1 and before % 2 == 0 and 2 * repeated * channels <= ROW:
        before, repeated = before // 2, 2 * repeated
    return Block(axes, (before, repeated * channels, after), repeated)


def statistics(x: Array, block: Block) -> tuple[Array, Array]:
    """Mean and (biased) variance of each channel, in float64."""
    pieces = block.pieces()
    counts, means, squares = np.zeros((3, len(pieces), block.shape[1]))

    def task(k: int) -> None:
        cut = pieces[k]
        part, rows = x[cut], cut[1]
        counts[k, rows] = part.size // part.shape[1]
        means[k, rows] = mean = _sum(part) * x.dtype.type(part.shape[1] / part.size)
        apart = np.subtract(part, mean[:, None], out=workers.scratch("d", part.shape, part.dtype))
        squares[k, rows] = _sum_of_products(apart, apart)

    workers.run(task, len(pieces))
    counts, means, squares = (block.by_channel(each) for each in (counts, means, squares))
    total = counts.sum(axis=0)
    mean = (counts * means).sum(axis=0) / total
    return mean, (squares + counts * (means - mean) ** 2).sum(axis=0) / total


def scaled(x: Array, block: Block, factor: Array, shift: Array | None, relu: bool) -> Array:
    """y = factor · x + shift of each channel, and no less than 0 with ``relu``."""
    y, times = np.empty_like(x), block.column(factor, x.dtype)
    plus = None if shift is None else block.column(shift, x.dtype)

    def task(cut: tuple) -> None:
        part = y[cut]
        np.multiply(x[cut], times[cut[1]], out=part)
        if plus is not None:
            np.add(part, plus[cut[1]], out=part)
        if relu:
            np.maximum(part, workers.zeros_as(part), out=part)

    _each_piece(task, block)
    return y


def sums(grad: Array, y: Array | None, x: Array, block: Block) -> tuple[Array, Array, Array]:
    """g, which is dL/dy where y > 0, and Σ g and Σ g x of each channel, in float64.

    ``y`` is given after a ReLU only: else g is dL/dy itself.
    """
    g, pieces = grad if y is None else np.empty_like(x), block.pieces()
    total, along = np.zeros((2, len(pieces), block.shape[1]))

    def task(k: int) -> None:
        cut = pieces[k]
        if y is not None:
            np.multiply(grad[cut], y[cut] > 0, out=g[cut])
        total[k, cut[1]], along[k, cut[1]] = _sum(g[cut]), _sum_of_products(g[cut], x[cut])

    workers.run(task, len(pieces))
    return g, *(block.by_channel(each).sum(axis=0) for each in (total, along))


def backward_input(
    g: Array, x: Array, block: Block, factor: Array, slope: Array, level: Array, out: Array
) -> None:
    """dL/dx = factor · g − slope · x + level of each channel, into ``out``, which may be g."""
    columns = [block.column(each, x.dtype) for each in (factor, slope, level)]

    def task(cut: tuple) -> None:
        times, along, plus = (column[cut[1]] for column in columns)
        tilted = workers.scratch("d", g[cut].shape, g.dtype)
        np.multiply(x[cut], along, out=tilted)
        np.subtract(tilted, plus, out=tilted)
        np.multiply(g[cut], times, out=out[cut])
        np.subtract(out[cut], tilted, out=out[cut])

    _each_piece(task, block)


def _each_piece(task: Callable[[tuple], None], block: Block) -> None:
    pieces = block.pieces()
    workers.run(lambda k: task(pieces[k]), len(pieces))


def _sum(part: Array) -> Array:
    """Over all but the middle axis, by products with ones, which BLAS adds up sooner than NumPy."""
    before, _, after = part.shape
    if after == 1:
        return np.ones(before, dtype=part.dtype) @ part[..., 0]
    return (part @ np.ones(after, dtype=part.dtype)).sum(axis=0)


def _sum_of_products(a: Array, b: Array) -> Array:
    """Σ a b over all but the middle axis."""
    if a.shape[2] > 1:
        return np.vecdot(a, b).sum(axis=0)
    return _sum(np.multiply(a, b, out=workers.scratch("products", a.shape, a.dtype)))


# --- The ops ----------------------------------------------------------------------------------


def batch_norm(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5, relu: bool = False
) -> tuple[Tensor, Array, Array]:
    """``ops.batch_norm``."""
    block, shape, dtype, m = block_of(x.data), x.shape, x.dtype, x.size // x.shape[1]
    values, gamma = block.of(x.data), weight.data
    mean, variance = statistics(values, block)
    scale = 1 / np.sqrt(variance + eps)
    y = scaled(values, block, gamma * scale, bias.data - mean * gamma * scale, relu)

    def backward(grad_y):
        g, total, along = sums(block.of(grad_y), y if relu else None, values, block)
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
        g, total, along = sums(block.of(grad_y), y if relu else None, values, block)
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
