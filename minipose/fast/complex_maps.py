"""Dropout and concatenation of complex channels by all threads; planes lie sample after sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minipose.fast import workers
from minipose.fast.planes import from_planes
from minipose.fast.scaling import scaled
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.circular_harmonics import Streams, parts, planes
from minipose.kernels.faster import offer
from minipose.ops import complex_maps as plain
from minipose.tensor import Tensor, record


def map_dropout(x: Tensor, rate: float, rng: Any, streams: Streams) -> Tensor:
    """``ops.map_dropout`` by all threads."""
    scale = plain.dropout_scale(x, rate, rng, streams)

    def backward(grad_y):
        return (scaled(grad_y, scale),)

    return record("map_dropout", scaled(x.data, scale), inputs=(x,), backward=backward)


def concatenate_streams(
    tensors: Sequence[Tensor], streams: Sequence[Streams]
) -> tuple[Tensor, Streams]:
    """``ops.concatenate_streams`` in one step: each part is copied once, by any thread."""
    total = plain.total_streams(tensors, streams)
    shapes = [x.shape for x in tensors]
    y = _empty_planes((shapes[0][0], planes(total), *shapes[0][2:]), tensors[0].dtype)
    moves = _moves(streams)

    def place(number: int) -> None:
        k, source, target = moves[number]
        y[:, target] = tensors[k].data[:, source]

    workers.run(place, len(moves))

    def backward(grad_y):
        grads = [_empty_planes(shape, grad_y.dtype) for shape in shapes]

        def take(number: int) -> None:
            k, source, target = moves[number]
            grads[k][:, source] = grad_y[:, target]

        workers.run(take, len(moves))
        return tuple(grads)

    return record("concatenate_streams", y, inputs=tuple(tensors), backward=backward), total


def _moves(streams: Sequence[Streams]) -> list[tuple[int, slice, slice]]:
    """The number of an input, planes of it, and where they go: order by order, re and im."""
    found, filled = [], 0
    for order in range(len(streams[0])):
        for part in (0, 1):
            for k, counts in enumerate(streams):
                target = slice(filled, filled + counts[order])
                found.append((k, parts(counts)[order][part], target))
                filled = target.stop
    return found


def _empty_planes(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """(N, C, H, W) by index, plane after plane in memory."""
    n, c, h, w = shape
    return from_planes(np.empty((c, n, h, w), dtype=dtype))


def _droppable(x: Any, rate: Any, rng: Any, streams: Any) -> bool:
    del rate, rng  # the plain op's own function, which is called, checks them
    return on_cpu(x) and accepted(plain.check_streams, "map_dropout", x, streams)


def _of_one_size(tensors: Any, streams: Any) -> bool:
    return (
        isinstance(tensors, (list, tuple))
        and on_cpu(*tensors)
        and accepted(plain.total_streams, tensors, streams)
        and len({(x.shape[0], *x.shape[2:]) for x in tensors}) == 1
    )


offer(plain.map_dropout, _droppable, map_dropout)
offer(plain.concatenate_streams, _of_one_size, concatenate_streams)
