"""Concatenating, padding and cropping: copies on threads, in the memory order of what is copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from minipose.fast import workers
from minipose.fast.blocks import copy
from minipose.fast.layout import empty_as
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.faster import offer
from minipose.ops import shape as plain
from minipose.tensor import Tensor, record

Array = np.ndarray
Index = tuple[slice, ...]

WORTHWHILE = 1 << 16  # numbers
PIECE = 1 << 20  # numbers that a task copies, at most


def copy_all(pairs: list[tuple[Array, Array]]) -> None:
    """Each second array into the first; tasks take parts of all."""
    cut = [
        workers.matching_parts(*pair, piece=workers.for_each_thread(pair[0].size, PIECE))
        for pair in pairs
    ]
    placed = [(k / len(parts), part) for parts in cut for k, part in enumerate(parts)]
    parts = [part for _, part in sorted(placed, key=lambda each: each[0])]  # as they lie in memory
    workers.share(lambda k: copy(*parts[k]), len(parts))


def concatenate(tensors: Iterable[Tensor], axis: int = 1) -> Tensor:
    """``ops.concatenate``."""
    tensors = tuple(tensors)
    first = tensors[0]
    axis %= first.ndim
    stops = np.cumsum([x.shape[axis] for x in tensors]).tolist()
    lead = (slice(None),) * axis
    cuts = [
        (*lead, slice(stop - x.shape[axis], stop)) for x, stop in zip(tensors, stops, strict=True)
    ]
    shape = (*first.shape[:axis], stops[-1], *first.shape[axis + 1 :])
    y = empty_as(first.data, shape, workers.empty)
    copy_all([(y[cut], x.data) for cut, x in zip(cuts, tensors, strict=True)])

    def backward(grad_y):
        return tuple(grad_y[cut] for cut in cuts)

    return record("concatenate", y, inputs=tensors, backward=backward)


def padded(x: Array, shape: Sequence[int], inside: Index) -> Array:
    """x at ``inside`` of an array of zeros that lies in memory as x does."""
    y = empty_as(x, tuple(shape), workers.empty)
    margins, core = [], [slice(None)] * y.ndim
    for axis, cut in enumerate(inside):
        for margin in (slice(0, cut.start), slice(cut.stop, None)):
            part = y[(*core[:axis], margin)]
            if part.size:
                margins.append((part, np.zeros((), y.dtype)))
        core[axis] = cut
    for part, zero in margins:
        np.copyto(part, zero)
    copy_all([(y[inside], x)])
    return y


def pad(x: Tensor, widths: plain.Widths) -> Tensor:
    """``ops.pad``."""
    inside = tuple(slice(w[0], w[0] + n) for w, n in zip(widths, x.shape, strict=True))
    shape = [n + sum(w) for n, w in zip(x.shape, widths, strict=True)]
    y = padded(x.data, shape, inside)
    return record("pad", y, inputs=(x,), backward=lambda grad_y: (grad_y[inside],))


def crop(x: Tensor, widths: plain.Widths) -> Tensor:
    """``ops.crop``."""
    shape = x.shape
    inside = tuple(slice(w[0], n - w[1]) for w, n in zip(widths, shape, strict=True))
    y = x.data[inside]
    return record("select", y, inputs=(x,), backward=lambda g: (padded(g, shape, inside),))


def _suits_concatenate(tensors: object, axis: object = 1) -> bool:
    if not isinstance(tensors, (list, tuple)) or not tensors or not isinstance(axis, int):
        return False
    if not on_cpu(*tensors) or sum(x.size for x in tensors) < WORTHWHILE:
        return False
    first = tensors[0]
    if not -first.ndim <= axis < first.ndim or {x.ndim for x in tensors} != {first.ndim}:
        return False
    others = [n for n in range(first.ndim) if n != axis % first.ndim]
    return all(x.shape[n] == first.shape[n] for x in tensors for n in others)


def _suits_widths(x: object, widths: object) -> bool:
    return (
        isinstance(x, Tensor)
        and x.size >= WORTHWHILE
        and on_cpu(x)
        and accepted(plain.check_widths, "pad", x, widths)
    )


def _suits_crop(x: object, widths: object) -> bool:
    return _suits_widths(x, widths) and all(
        sum(w) < n for n, w in zip(x.shape, widths, strict=True)
    )


offer(plain.concatenate, _suits_concatenate, concatenate)
offer(plain.pad, _suits_widths, pad)
offer(plain.crop, _suits_crop, crop)
