"""Moving values without changing them: every derivative here moves the gradient back."""

from __future__ import annotations

from collections.abc import Sequence

from minipose.backend import array_module
from minipose.tensor import Tensor, record

Widths = Sequence[tuple[int, int]]  # for each axis, how much before and how much after


def reshape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """y has the elements of x in row-major order in another shape; one entry may be −1."""
    before = x.shape
    try:
        y = x.data.reshape(tuple(shape))
    except ValueError:
        raise ValueError(f"reshape: {before} cannot become {tuple(shape)}") from None

    def backward(grad_y):
        return (grad_y.reshape(before),)

    return record("reshape", y, inputs=(x,), backward=backward)


def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """y's axis i is x's axis ``axes[i]`` (by default in reverse order)."""
    axes = tuple(reversed(range(x.ndim))) if axes is None else tuple(axes)
    if sorted(axes) != list(range(x.ndim)):
        raise ValueError(f"transpose: axes {axes} do not permute the axes of {x.shape}")
    back = tuple(sorted(range(x.ndim), key=axes.__getitem__))  # the inverse permutation

    def backward(grad_y):
        return (grad_y.transpose(back),)

    return record("transpose", x.data.transpose(axes), inputs=(x,), backward=backward)


def concatenate(tensors: Sequence[Tensor], axis: int = 1) -> Tensor:
    """y = the inputs one after another along ``axis``; each gets its own part of dL/dy back."""
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
    return record("concatenate", y, inputs=tuple(tensors), backward=backward)


def pad(x: Tensor, widths: Widths) -> Tensor:
    """y = x with zeros around it; ``widths`` holds (before, after) for each axis."""
    inside = _inside("pad", x, widths)
    shape = tuple(n + sum(w) for n, w in zip(x.shape, widths, strict=True))
    y = array_module(x.data).zeros(shape, dtype=x.dtype)
    y[inside] = x.data

    def backward(grad_y):
        return (grad_y[inside],)

    return record("pad", y, inputs=(x,), backward=backward)


def crop(x: Tensor, widths: Widths) -> Tensor:
    """y = x without (before, after) elements of each axis: what ``pad`` added is taken off."""
    kept = tuple(n - sum(w) for n, w in zip(x.shape, widths, strict=False))
    pairs = len(widths) == x.ndim and all(len(w) == 2 and min(w) >= 0 for w in widths)
    if not pairs or min(kept, default=1) < 1:
        raise ValueError(f"crop: widths {list(widths)} do not leave anything of {x.shape}")
    return select(x, tuple(slice(w[0], w[0] + n) for w, n in zip(widths, kept, strict=True)))


def select(x: Tensor, key: object) -> Tensor:
    """y = x[key] for integers, slices and ``...``; the rest of x gets the gradient zero."""
    keys = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(k, (int, slice)) or k is Ellipsis for k in keys):
        raise TypeError(f"select: expected integers, slices or ..., got {key!r}")
    xp, dtype, shape = array_module(x.data), x.dtype, x.shape
    try:
        y = x.data[key]
    except IndexError:
        raise IndexError(f"select: {key!r} is outside of shape {shape}") from None

    def backward(grad_y):
        grad_x = xp.zeros(shape, dtype=dtype)
        grad_x[key] = grad_y
        return (grad_x,)

    return record("select", y, inputs=(x,), backward=backward)


def _inside(name: str, x: Tensor, widths: Widths) -> tuple[slice, ...]:
    if len(widths) != x.ndim or any(len(w) != 2 or min(w) < 0 for w in widths):
        raise ValueError(
            f"{name}: expected {x.ndim} pairs of non-negative widths for shape {x.shape}, "
            f"got {list(widths)}"
        )
    return tuple(slice(w[0], w[0] + n) for w, n in zip(widths, x.shape, strict=True))
