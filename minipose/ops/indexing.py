"""``x[key]`` as NumPy indexes; its derivative adds up at elements that are taken twice."""

from __future__ import annotations

import numpy as np

from minipose.backend import Array, array_module, is_array
from minipose.tensor import Tensor, record

Part = int | slice | Array | None  # or Ellipsis


def select(x: Tensor, key: object) -> Tensor:
    """y = x[key],  dL/dx = 0 but for dL/dx[key] += dL/dy.

    Parameters
    ----------
    x : Tensor
    key : integers, slices, ``None``, ``...``, arrays or lists of integers, masks, tuples of these
        As in NumPy. Arrays are copied. A mask on a GPU has to be waited for, and integers beyond
        the end are not noticed there.

    Raises
    ------
    IndexError
        If an index is out of range, or a mask has another shape than the axes that it stands for.
    TypeError
        If the key is of another kind, for instance a Tensor.

    Example
    -------
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    array([2., 0., 1.], dtype=float32)
    """
    xp, dtype, shape = array_module(x.data), x.dtype, x.shape
    index, may_repeat = _index(x, key)
    try:
        y = x.data[index]
    except IndexError as error:
        raise IndexError(f"select: {error} (x has shape {shape})") from None

    def backward(grad_y):
        grad_x = xp.zeros(shape, dtype=dtype)
        if may_repeat:
            xp.add.at(grad_x, index, grad_y)
        else:
            grad_x[index] = grad_y
        return (grad_x,)

    return record("select", y, inputs=(x,), backward=backward)


def _index(x: Tensor, key: object) -> tuple[tuple[Part, ...], bool]:
    """The key with the places of a mask for the mask, and whether it may name an element twice."""
    xp = array_module(x.data)
    parts = [_part(part) for part in (key if isinstance(key, tuple) else (key,))]
    unnamed = max(0, x.ndim - sum(_axes(part) for part in parts))  # axes that ``...`` stands for
    index, may_repeat, axis = [], False, 0
    for part in parts:
        if not is_array(part):
            index.append(part)
        elif part.dtype == bool:
            if part.shape != x.shape[axis : axis + part.ndim]:
                raise IndexError(
                    f"select: a mask of shape {part.shape} at axis {axis} of {x.shape}"
                )
            index += [xp.asarray(places) for places in part.nonzero()]
        else:
            index.append(xp.array(part))
            may_repeat = True
        axis += unnamed if part is Ellipsis else _axes(part)
    return tuple(index), may_repeat


def _part(part: object) -> Part:
    if isinstance(part, Tensor):
        raise TypeError("select: a Tensor is no index; take integers, or a mask such as x.data > 0")
    if part is None or part is Ellipsis or isinstance(part, (int, slice)):
        return part
    if isinstance(part, list) and not part:
        return np.zeros(0, dtype=int)
    try:
        array = part if is_array(part) else np.asarray(part)
    except ValueError:  # a list of lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "iub":
        raise TypeError(
            "select: expected integers, slices, None, ... or arrays of integers or booleans, "
            f"got {type(part).__name__} ({array.dtype})"
        )
    return array if array.ndim else array.item()


def _axes(part: Part) -> int:
    """How many axes of x a part of the key stands for."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return part.ndim if is_array(part) and part.dtype == bool else 1
