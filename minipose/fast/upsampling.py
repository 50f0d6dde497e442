"""Upsampling in the picture's own memory order, by taps and phases, and its adjoints."""

from __future__ import annotations

import numpy as np

from minipose.fast import workers
from minipose.fast.layout import empty_as
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops import upsample
from minipose.tensor import Tensor, record

Array = np.ndarray

PIECE = 1 << 17  # numbers of the larger picture that a task makes


def nearest_forward(x: Array, scale: int) -> Array:
    """Each pixel as a block of scale × scale: (N, C, H, W) -> (N, C, s·H, s·W)."""
    n, c, h, w = x.shape
    y = empty_as(x, (n, c, h * scale, w * scale))

    def task(k: int) -> None:
        for tap in range(scale * scale):
            rows = y[:, :, _enlarged(bands[k], scale)][:, :, tap // scale :: scale]
            rows[..., tap % scale :: scale] = x[:, :, bands[k]]

    bands = _bands(y, scale)
    workers.run(task, len(bands))
    return y


def nearest_backward(grad_y: Array, scale: int) -> Array:
    """The sum over each block."""
    n, c, h, w = grad_y.shape
    grad_x = empty_as(grad_y, (n, c, h // scale, w // scale))

    def task(k: int) -> None:
        total, grad = grad_x[:, :, bands[k]], grad_y[:, :, _enlarged(bands[k], scale)]
        np.copyto(total, grad[:, :, ::scale, ::scale])
        for tap in range(1, scale * scale):
            total += grad[:, :, tap // scale :: scale, tap % scale :: scale]

    bands = _bands(grad_y, scale)
    workers.run(task, len(bands))
    return grad_x


def _bands(larger: Array, scale: int) -> list[slice]:
    """Lines of the smaller picture that a task takes: about ``PIECE`` numbers of the larger one."""
    lines = larger.shape[2] // scale
    return workers.pieces(lines, max(1, PIECE * lines // larger.size))


def _enlarged(lines: slice, scale: int) -> slice:
    return slice(lines.start * scale, lines.stop * scale)


def bilinear_forward(x: Array, scale: int, out: Array | None = None) -> Array:
    """Interpolate columns, then rows: the steps across memory are taken while there are few.

    The result goes into ``out`` where it is given.
    """
    return _interpolate(_interpolate(x, 3, scale), 2, scale, out)


def _in_bands(x: Array, scale: int, back: bool) -> Array:
    """Either of the two by several threads: a task takes some lines, and their neighbours, too."""
    n, c, h, w = x.shape
    small = (h // scale, w // scale) if back else (h, w)
    large = (h, w) if back else (h * scale, w * scale)
    y = empty_as(x, (n, c, *(small if back else large)))
    bands = _bands(x if back else y, scale)

    def task(k: int) -> None:
        lines = bands[k]
        seen = slice(max(0, lines.start - 1), min(small[0], lines.stop + 1))
        inner = slice(lines.start - seen.start, lines.stop - seen.start)
        if back:
            found = bilinear_backward(x[:, :, _enlarged(seen, scale)], scale)
            np.copyto(y[:, :, lines], found[:, :, inner])
        else:
            found = bilinear_forward(x[:, :, seen], scale)
            np.copyto(y[:, :, _enlarged(lines, scale)], found[:, :, _enlarged(inner, scale)])

    workers.run(task, len(bands))
    return y


def bilinear_backward(grad_y: Array, scale: int, out: Array | None = None) -> Array:
    """Spread rows back, then columns: the transposed products in reverse order."""
    return _spread(_spread(grad_y, 2, scale), 3, scale, out)


def _phases(scale: int) -> list[tuple[int, float]]:
    """For output pixel s·i + k: which neighbour of input i it leans to (−1 or +1), how far."""
    offsets = [(k + 0.5) / scale - 0.5 for k in range(scale)]
    return [(-1 if d < 0 else 1, abs(d)) for d in offsets]


def _interpolate(x: Array, axis: int, scale: int, out: Array | None = None) -> Array:
    shape = list(x.shape)
    shape[axis] *= scale
    y = empty_as(x, tuple(shape)) if out is None else out
    weighted = {}
    for k, (side, weight) in enumerate(_phases(scale)):
        if weight not in weighted:  # for an even scale, each weight serves both sides
            weighted[weight] = x * (1 - weight), x * weight
        own, other = weighted[weight]
        part = y[_along(axis, slice(k, None, scale))]
        inner, neighbour, border = _shifted(axis, side)
        np.add(own[inner], other[neighbour], out=part[inner])
        part[border] = x[border]  # beyond the border lies the border pixel again
    return y


def _spread(grad_y: Array, axis: int, scale: int, out: Array | None = None) -> Array:
    shape = list(grad_y.shape)
    shape[axis] //= scale
    grad_x = empty_as(grad_y, tuple(shape)) if out is None else out
    phases = list(enumerate(_phases(scale)))
    parts = [grad_y[_along(axis, slice(k, None, scale))] for k in range(scale)]
    for number, weight in enumerate(sorted({weight for _, (_, weight) in phases})):
        same = [parts[k] for k, (_, w) in phases if w == weight]
        total = same[0] + same[1] if len(same) == 2 else same[0]
        if number == 0:
            np.multiply(total, 1 - weight, out=grad_x)
        else:
            grad_x += total * (1 - weight)
    for k, (side, weight) in phases:
        inner, neighbour, border = _shifted(axis, side)
        weighted = parts[k] * weight
        grad_x[neighbour] += weighted[inner]
        grad_x[border] += weighted[border]
    return grad_x


def _shifted(axis: int, side: int) -> tuple[tuple, tuple, tuple]:
    """Where the neighbour on ``side`` exists, that neighbour, and the border without one."""
    if side < 0:
        cuts = slice(1, None), slice(None, -1), slice(0, 1)
    else:
        cuts = slice(None, -1), slice(1, None), slice(-1, None)
    return tuple(_along(axis, cut) for cut in cuts)


def _along(axis: int, cut: slice) -> tuple:
    return (slice(None),) * axis + (cut,)


# --- The ops ----------------------------------------------------------------------------------


def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """``ops.upsample_nearest``."""
    upsample.check_upsample("upsample_nearest", x, scale)

    def backward(grad_y):
        return (nearest_backward(grad_y, scale),)

    y = nearest_forward(x.data, scale)
    return record("upsample_nearest", y, inputs=(x,), backward=backward)


def upsample_bilinear(x: Tensor, scale: int) -> Tensor:
    """``ops.upsample_bilinear``."""
    upsample.check_upsample("upsample_bilinear", x, scale)

    def backward(grad_y):
        return (_in_bands(grad_y, scale, back=True),)

    y = _in_bands(x.data, scale, back=False)
    return record("upsample_bilinear", y, inputs=(x,), backward=backward)


def _suits(x, scale) -> bool:
    return on_cpu(x)


offer(upsample.upsample_nearest, _suits, upsample_nearest)
offer(upsample.upsample_bilinear, _suits, upsample_bilinear)
