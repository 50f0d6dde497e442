"""Upsampling in the picture's own memory order, by taps and phases, and its adjoints."""

from __future__ import annotations

import numpy as np

from minipose.fast import blocks, workers
from minipose.fast.layout import empty_as
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops import upsample
from minipose.tensor import Tensor, record

Array = np.ndarray

PIECE = 1 << 20  # numbers of the larger picture that a task makes, at most


def nearest_forward(x: Array, scale: int) -> Array:
    """Each pixel as a block of scale × scale: (N, C, H, W) -> (N, C, s·H, s·W)."""
    n, c, h, w = x.shape
    y = empty_as(x, (n, c, h * scale, w * scale))
    bands = _bands(y, scale)

    def task(k: int) -> None:
        blocks.fill(y[:, :, _enlarged(bands[k], scale)], x[:, :, bands[k]], scale)

    workers.run(task, len(bands))
    return y


def nearest_backward(grad_y: Array, scale: int) -> Array:
    """The sum over each block."""
    n, c, h, w = grad_y.shape
    grad_x = empty_as(grad_y, (n, c, h // scale, w // scale))
    bands = _bands(grad_y, scale)

    def task(k: int) -> None:
        lines = bands[k]
        blocks.add_up(grad_y[:, :, _enlarged(lines, scale)], scale, grad_x[:, :, lines])

    workers.run(task, len(bands))
    return grad_x


def _bands(larger: Array, scale: int) -> list[slice]:
    """Lines of the smaller picture for a task: at most ``PIECE`` numbers of the larger one."""
    lines = larger.shape[2] // scale
    piece = workers.for_each_thread(larger.size, PIECE)
    return workers.even_pieces(lines, max(1, -(-piece * lines // larger.size)))


def _enlarged(lines: slice, scale: int) -> slice:
    return slice(lines.start * scale, lines.stop * scale)


def bilinear_forward(x: Array, scale: int, out: Array | None = None) -> Array:
    """Interpolate columns, then rows: the steps across memory are taken while there are few.

    The result goes into ``out`` where it is given.
    """
    n, c, h, w = x.shape
    wide = empty_as(x, (n, c, h, w * scale))
    y = empty_as(x, (n, c, h * scale, w * scale)) if out is None else out
    bands = _bands(y, scale)

    def columns(k: int) -> None:
        lines = bands[k]
        _interpolate(x[:, :, lines], 3, scale, slice(0, w), wide[:, :, lines])

    workers.run(columns, len(bands))
    workers.run(lambda k: _interpolate(wide, 2, scale, bands[k], y), len(bands))
    return y


def bilinear_backward(grad_y: Array, scale: int, out: Array | None = None) -> Array:
    """Spread rows back, then columns: the transposed products in reverse order."""
    n, c, h, w = grad_y.shape
    wide = empty_as(grad_y, (n, c, h // scale, w))
    grad_x = empty_as(grad_y, (n, c, h // scale, w // scale)) if out is None else out
    bands = _bands(grad_y, scale)

    def columns(k: int) -> None:
        lines = bands[k]
        _spread(wide[:, :, lines], 3, scale, slice(0, w // scale), grad_x[:, :, lines])

    workers.run(lambda k: _spread(grad_y, 2, scale, bands[k], wide), len(bands))
    workers.run(columns, len(bands))
    return grad_x


def _phases(scale: int) -> list[tuple[int, float]]:
    """For output pixel s·i + k: which neighbour of input i it leans to (−1 or +1), how far."""
    offsets = [(k + 0.5) / scale - 0.5 for k in range(scale)]
    return [(-1 if d < 0 else 1, abs(d)) for d in offsets]


def _interpolate(x: Array, axis: int, scale: int, span: slice, y: Array) -> None:
    """What the inputs i of a span along an axis become: pixels s·i + k of y."""
    near = _with_neighbours(span, x.shape[axis])
    seen, weighted = x[_along(axis, near)], {}
    for k, (side, weight) in enumerate(_phases(scale)):
        if weight not in weighted:  # for an even scale, each weight serves both sides
            weighted[weight] = seen * (1 - weight), seen * weight
        own, other = weighted[weight]
        part = y[_along(axis, _phase(span, k, scale))]
        inner, border = _inside(span, side, x.shape[axis])
        terms = (
            own[_shifted(axis, inner, -near.start)],
            other[_shifted(axis, inner, side - near.start)],
        )
        np.add(*terms, out=part[_shifted(axis, inner, -span.start)])
        # Beyond the border lies the border pixel again.
        part[_shifted(axis, border, -span.start)] = seen[_shifted(axis, border, -near.start)]


def _spread(grad_y: Array, axis: int, scale: int, span: slice, grad_x: Array) -> None:
    """The adjoint: what the inputs i of a span get back."""
    total, near = grad_x[_along(axis, span)], _with_neighbours(span, grad_x.shape[axis])
    phases = list(enumerate(_phases(scale)))
    own = [grad_y[_along(axis, _phase(span, k, scale))] for k in range(scale)]
    for number, weight in enumerate(sorted({weight for _, (_, weight) in phases})):
        same = [own[k] for k, (_, w) in phases if w == weight]
        both = same[0] + same[1] if len(same) == 2 else same[0]
        if number == 0:
            np.multiply(both, 1 - weight, out=total)
        else:
            total += both * (1 - weight)
    for k, (side, weight) in phases:
        weighted = grad_y[_along(axis, _phase(near, k, scale))] * weight
        # Input i is the neighbour of i − side; that of a border pixel is the pixel itself.
        inner, _ = _inside(span, -side, grad_x.shape[axis])
        border = _inside(span, side, grad_x.shape[axis])[1]
        total[_shifted(axis, inner, -span.start)] += weighted[
            _shifted(axis, inner, -side - near.start)
        ]
        total[_shifted(axis, border, -span.start)] += weighted[_shifted(axis, border, -near.start)]


def _with_neighbours(span: slice, size: int) -> slice:
    return slice(max(0, span.start - 1), min(size, span.stop + 1))


def _phase(span: slice, k: int, scale: int) -> slice:
    """Output pixels s·i + k for i in the span."""
    return slice(scale * span.start + k, scale * span.stop, scale)


def _inside(span: slice, side: int, size: int) -> tuple[slice, slice]:
    """Those of the span that have a neighbour on ``side``, and those that have none."""
    if side < 0:
        first = max(span.start, 1)
        return slice(first, span.stop), slice(span.start, first)
    last = min(span.stop, size - 1)
    return slice(span.start, last), slice(last, span.stop)


def _shifted(axis: int, cut: slice, by: int) -> tuple:
    return _along(axis, slice(cut.start + by, cut.stop + by))


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
        return (bilinear_backward(grad_y, scale),)

    y = bilinear_forward(x.data, scale)
    return record("upsample_bilinear", y, inputs=(x,), backward=backward)


def _suits(x, scale) -> bool:
    return on_cpu(x)


offer(upsample.upsample_nearest, _suits, upsample_nearest)
offer(upsample.upsample_bilinear, _suits, upsample_bilinear)
