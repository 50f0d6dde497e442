"""Complex channels on a GPU: where their planes lie, dropout of whole channels, concatenation.

Kernels look planes up in tables that stay on the GPU. Images here are (2C, N, H, W) in memory: a
plane is a row of N·H·W numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minipose.backend import Array, DeviceGenerator, array_module
from minipose.fast.device.chains import UNIFORM, keys, uniform
from minipose.fast.device.kernel import Kernel, empty_images, flat, on_device, unflat
from minipose.fast.suitable import accepted
from minipose.kernels.circular_harmonics import Streams, parts, planes, spans
from minipose.kernels.faster import offer
from minipose.ops import complex_maps as plain
from minipose.tensor import Tensor, record


class Tables(NamedTuple):
    """Of streams, as int32 arrays.

    Attributes
    ----------
    re, im : (C,), the plane of each channel's real and of its imaginary part
    channel : (2C,), the channel of each plane
    part : (2C,), 0 for a real part, 1 for an imaginary one
    order : (C,), the order of each channel
    """

    re: Array
    im: Array
    channel: Array
    part: Array
    order: Array


@functools.lru_cache(maxsize=64)
def tables(streams: Streams, xp: ModuleType) -> Tables:
    """Where the planes of streams are, in a library."""
    re, im, channel, part, order = [], [], [], [], []
    for number, (span, (real, imaginary)) in enumerate(
        zip(spans(streams), parts(streams), strict=True)
    ):
        channels = range(span.start, span.stop)
        re += range(real.start, real.stop)
        im += range(imaginary.start, imaginary.stop)
        channel += [*channels, *channels]
        part += [0] * len(channels) + [1] * len(channels)
        order += [number] * len(channels)
    return Tables(
        *(xp.asarray(np.array(t, dtype=np.int32)) for t in (re, im, channel, part, order))
    )


def _channel_dropout(
    x: Array, channel_of: Array, number: int, channels: int, size: int, key: int, lock: int,
    rate: float, scale: float, y: Array,
) -> None:  # fmt: skip
    places = np.arange(number) * channels + channel_of[:, None]  # (2C, N)
    kept = uniform(places, key, lock) >= np.float32(rate)
    y[...] = x * (kept * y.dtype.type(scale)).repeat(size, axis=1)


CHANNEL_DROPOUT = Kernel(
    "channel_dropout",
    "T x, raw int32 channel_of, int32 number, int32 channels, int64 size, uint32 key, uint32 lock, "
    "float32 rate, T scale",
    "T y",
    """
    const ptrdiff_t row = i / size, image = row % number;
    const unsigned int place = image * channels + channel_of[row / number];
    y = uniform(place, key, lock) >= rate ? x * scale : x * T(0);
    """,
    _channel_dropout,
    UNIFORM,
)


def map_dropout(x: Tensor, rate: float, rng: Any, streams: Streams) -> Tensor:
    """``ops.map_dropout``."""
    n, _, h, w = x.shape
    channel_of = tables(tuple(streams), array_module(x.data)).channel
    arguments = (channel_of, n, sum(streams), h * w, *keys(rng), float(rate), 1 / (1 - rate))

    def apply(planes: Array) -> Array:
        y = empty_images(planes, planes.shape)
        CHANNEL_DROPOUT(flat(planes), *arguments, flat(y))
        return y

    def backward(grad_y):
        return (apply(grad_y),)

    return record("map_dropout", apply(x.data), inputs=(x,), backward=backward)


# --- Concatenation --------------------------------------------------------------------------------


def _interleaved(a: Array, b: Array, source: Array, size: int, y: Array) -> None:
    both = np.concatenate([a.reshape(-1, size), b.reshape(-1, size)])
    y[...] = both[source]


INTERLEAVED = Kernel(
    "interleaved",
    "raw T a, raw T b, raw int32 source, int64 size",
    "T y",
    """
    const ptrdiff_t row = source[i / size], column = i % size, rows = a.size() / size;
    y = row < rows ? a[row * size + column] : b[(row - rows) * size + column];
    """,
    _interleaved,
)


def _taken(x: Array, rows: Array, size: int, y: Array) -> None:
    y[...] = x.reshape(-1, size)[rows]


TAKEN = Kernel(
    "taken",
    "raw T x, raw int32 rows, int64 size",
    "T y",
    "y = x[ptrdiff_t(rows[i / size]) * size + i % size];",
    _taken,
)


@functools.lru_cache(maxsize=64)
def _moves(first: Streams, second: Streams, xp: ModuleType) -> tuple[Array, Array, Array]:
    """For each plane of both together, its row among those of the first and then of the second;
    and where the planes of the first, and of the second, have gone."""
    source = []
    for a, b in zip(parts(first), parts(second), strict=True):
        for part in (0, 1):
            source += range(a[part].start, a[part].stop)
            source += range(planes(first) + b[part].start, planes(first) + b[part].stop)
    target = np.argsort(source)
    rows = (source, target[: planes(first)], target[planes(first) :])
    return tuple(xp.asarray(np.array(row, dtype=np.int32)) for row in rows)


def concatenate_streams(
    tensors: Sequence[Tensor], streams: Sequence[Streams]
) -> tuple[Tensor, Streams]:
    """``ops.concatenate_streams`` of two tensors."""
    total, (a, b) = plain.total_streams(tensors, streams), tensors
    n, _, h, w = a.shape
    source, *targets = _moves(*(tuple(s) for s in streams), array_module(a.data))
    y = empty_images(a.data, (n, planes(total), h, w))
    INTERLEAVED(flat(a.data), flat(b.data), source, n * h * w, flat(y))

    def backward(grad_y):
        grads, flat_grad = [], flat(grad_y)
        for rows in targets:
            grad = array_module(grad_y).empty((len(rows), n * h * w), dtype=grad_y.dtype)
            TAKEN(flat_grad, rows, n * h * w, grad)
            grads.append(unflat(grad, n, (h, w)))
        return tuple(grads)

    return record("concatenate_streams", y, inputs=(a, b), backward=backward), total


def _droppable(x, rate, rng, streams) -> bool:
    fits = on_device(x) and isinstance(rng, DeviceGenerator) and 0 <= rate < 1
    return fits and accepted(plain.check_streams, "map_dropout", x, streams)


def _two(tensors, streams) -> bool:
    if not isinstance(tensors, (list, tuple)) or len(tensors) != 2 or not on_device(*tensors):
        return False
    return accepted(plain.total_streams, tensors, streams) and len({x.shape[2:] for x in tensors}
        | {x.shape[:1] for x in tensors}) == 2  # fmt: skip


offer(plain.map_dropout, _droppable, map_dropout)
offer(plain.concatenate_streams, _two, concatenate_streams)
