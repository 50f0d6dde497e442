"""Moving values without changing them: every derivative here moves the gradient back."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from minipose.backend import array_module, is_whole
from minipose.kernels.faster import replaceable
from minipose.ops.indexing import select
from minipose.tensor import Tensor, record

Widths = Sequence[tuple[int, int]]  # for each axis, how much before and how much after


def reshape(x: Tensor, shape: int | Sequence[int]) -> Tensor:
    """y has the elements of x in row-major order in another shape; one entry may be −1."""
    all_tensors("reshape", [x])
    before, shape = x.shape, _sequence(shape)
    try:
        y = x.data.reshape(shape)
    except ValueError:
        raise ValueError(f"reshape: {before} cannot become {shape}") from None

    def backward(grad_y):
        return (grad_y.reshape(before),)

    return record("reshape", y, inputs=(x,), backward=backward)


def flatten(x: Tensor, start: int = 1) -> Tensor:
    """y = x with its axes from ``start`` on as one: (N, C, H, W) -> (N, C·H·W)."""
    all_tensors("flatten", [x])
    if not is_whole(start) or not -x.ndim <= start <= x.ndim:
        raise ValueError(
            f"flatten: expected start from {-x.ndim} to {x.ndim} for shape {x.shape}, got {start!r}"
        )
    start += x.ndim if start < 0 else 0
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start:])))  # −1 fails for no samples


def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """y's axis i is x's axis ``axes[i]`` (by default in reverse order)."""
    all_tensors("transpose", [x])
    axes = tuple(reversed(range(x.ndim))) if axes is None else _sequence(axes)
    given, axes = axes, tuple(a + x.ndim if is_whole(a) and a < 0 else a for a in axes)
    if not all(is_whole(a) for a in axes) or sorted(axes) != list(range(x.ndim)):
        raise ValueError(f"transpose: axes {given} do not permute the axes of {x.shape}")
    back = tuple(sorted(range(x.ndim), key=axes.__getitem__))  # the inverse permutation

    def backward(grad_y):
        return (grad_y.transpose(back),)

    return record("transpose", x.data.transpose(axes), inputs=(x,), backward=backward)


@replaceable
def concatenate(tensors: Iterable[Tensor], axis: int = 1) -> Tensor:
    """y = the inputs one after another along ``axis``; each gets its own part of dL/dy back."""
    tensors = _several("concatenate", tensors, axis)
    if not tensors:
        raise ValueError("concatenate: expected at least one tensor, got none")
    first = tensors[0]
    if not -first.ndim <= axis < first.ndim:
        raise ValueError(f"concatenate: axis {axis} is not an axis of {first.shape}")
    axis %= first.ndim
    for x in tensors:
        if x.shape[:axis] + x.shape[axis + 1 :] != first.shape[:axis] + first.shape[axis + 1 :]:
            shapes = ", ".join(str(t.shape) for t in tensors)
            raise ValueError(f"concatenate: shapes differ beside axis {axis}: {shapes}")
    ends, total = [], 0
    for x in tensors:
        ends.append((total, total + x.shape[axis]))
        total += x.shape[axis]
    lead = (slice(None),) * axis

    def backward(grad_y):
        return tuple(grad_y[lead + (slice(start, end),)] for start, end in ends)

    y = array_module(first.data).concatenate([x.data for x in tensors], axis=axis)
    return record("concatenate", y, inputs=tensors, backward=backward)


def stack(tensors: Iterable[Tensor], axis: int = 0) -> Tensor:
    """y = inputs of one shape along a new axis; each gets its own part of dL/dy back."""
    tensors = _several("stack", tensors, axis)
    shapes = {x.shape for x in tensors}
    if len(shapes) != 1:
        raise ValueError(f"stack: expected tensors of one shape, got {sorted(shapes)}")
    ndim = tensors[0].ndim + 1
    if not -ndim <= axis < ndim:
        raise ValueError(f"stack: axis {axis} is not one of the {ndim} axes of the result")
    lead = (slice(None),) * (axis % ndim)

    def backward(grad_y):
        return tuple(grad_y[(*lead, i)] for i in range(len(tensors)))

    y = array_module(tensors[0].data).stack([x.data for x in tensors], axis=axis)
    return record("stack", y, inputs=tensors, backward=backward)


@replaceable
def pad(x: Tensor, widths: Widths) -> Tensor:
    """y = x with zeros around it; ``widths`` holds (before, after) for each axis."""
    inside = _inside("pad", x, widths)
    shape = tuple(n + sum(w) for n, w in zip(x.shape, widths, strict=True))
    y = array_module(x.data).zeros(shape, dtype=x.dtype)
    y[inside] = x.data

    def backward(grad_y):
        return (grad_y[inside],)

    return record("pad", y, inputs=(x,), backward=backward)


@replaceable
def crop(x: Tensor, widths: Widths) -> Tensor:
    """y = x without (before, after) elements of each axis: what ``pad`` added is taken off."""
    check_widths("crop", x, widths)
    kept = tuple(n - sum(w) for n, w in zip(x.shape, widths, strict=True))
    if any(k < min(n, 1) for k, n in zip(kept, x.shape, strict=True)):
        raise ValueError(f"crop: widths {list(widths)} do not leave anything of {x.shape}")
    return select(x, tuple(slice(w[0], w[0] + n) for w, n in zip(widths, kept, strict=True)))


def all_tensors(name: str, tensors: Sequence[Tensor]) -> None:
    """Raises TypeError for an array in place of a Tensor."""
    for x in tensors:
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}: expected Tensors, got {type(x).__name__}")


def _several(name: str, tensors: Iterable[Tensor], axis: int) -> tuple[Tensor, ...]:
    if not isinstance(tensors, Iterable):
        raise TypeError(f"{name}: expected a list of Tensors, got {type(tensors).__name__}")
    tensors = tuple(tensors)
    all_tensors(name, tensors)
    if not is_whole(axis):
        raise TypeError(f"{name}: expected axis as a whole number, got {axis!r}")
    return tensors


def spread(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The op as a method that takes its numbers one by one too: ``x.reshape(2, 3)``."""

    @functools.wraps(op)
    def method(x: Tensor, *sizes: object, **named: object) -> Tensor:
        return op(x, *sizes, **named) if len(sizes) < 2 else op(x, sizes, **named)

    return method


def _sequence(shape: int | Sequence[int]) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)


def check_widths(name: str, x: Tensor, widths: Widths) -> None:
    """Raises ValueError for anything but a pair of widths for each axis."""
    all_tensors(name, [x])
    try:
        good = len(widths) == x.ndim and all(
            len(w) == 2 and all(is_whole(n) and n >= 0 for n in w) for w in widths
        )
    except TypeError:  # a number in place of a pair, or of all
        good = False
    if not good:
        got = list(widths) if isinstance(widths, Iterable) else widths
        raise ValueError(
            f"{name}: expected {x.ndim} pairs of non-negative widths for shape {x.shape}, got {got}"
        )


def _inside(name: str, x: Tensor, widths: Widths) -> tuple[slice, ...]:
    check_widths(name, x, widths)
    return tuple(slice(w[0], w[0] + n) for w, n in zip(widths, x.shape, strict=True))
