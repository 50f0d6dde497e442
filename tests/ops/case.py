"""One row of a table: a way of calling an op, and what is known about the result.

``test_every_op.py`` puts each row through the same checks. To add an op, write a reference for it
with plain loops, a strategy that draws its calls, and one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minipose.tensor import Tensor

# The same values in different places of memory: an op must not care.


def _fortran(xp, a):
    return xp.ascontiguousarray(a.transpose()).transpose()


def _channels_last(xp, a):
    if a.ndim < 3:
        return a
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(a, 1, -1)), -1, 1)


def _every_other(xp, a):
    return xp.stack([a, a], axis=-1).reshape((*a.shape[:-1], 2 * a.shape[-1]))[..., ::2]


def _reversed(xp, a):
    return xp.ascontiguousarray(a[..., ::-1])[..., ::-1]


LAYOUTS = {
    "C order": lambda xp, a: a,
    "Fortran order": _fortran,
    "channels last": _channels_last,
    "every other": _every_other,
    "reversed": _reversed,
}


@dataclass(frozen=True)
class Call:
    """What an op is called with: values, how each lies in memory, and options."""

    values: tuple[np.ndarray, ...]
    layouts: tuple[str, ...]
    options: dict[str, Any]

    def arrays(self, xp: ModuleType, dtype: type = np.float64) -> list[Any]:
        """The inputs in the library ``xp``."""
        return [
            LAYOUTS[layout if v.ndim else "C order"](xp, xp.asarray(v.astype(dtype)))
            for v, layout in zip(self.values, self.layouts, strict=True)
        ]

    def __repr__(self) -> str:  # what hypothesis prints when a check fails
        inputs = [f"{v.shape} {lay}" for v, lay in zip(self.values, self.layouts, strict=True)]
        return f"Call({', '.join(inputs)}, {self.options})"


@dataclass(frozen=True)
class Case:
    """An op, how to draw calls of it, and a second, simpler way to the same values.

    Attributes
    ----------
    name : what the test is called; ``op`` or ``op/variant``
    op : takes Tensors and the options of a call
    calls : strategy of ``Call``
    reference : takes NumPy arrays and the same options
    linear_in : the inputs in which the op is linear (or affine), each with the others fixed
    host_random : the op draws random numbers, which are others on a GPU than in the reference
    """

    name: str
    op: Callable[..., Tensor]
    calls: st.SearchStrategy[Call]
    reference: Callable[..., np.ndarray]
    linear_in: tuple[int, ...] = ()
    host_random: bool = field(default=False, kw_only=True)

    @property
    def op_name(self) -> str:
        return self.name.partition("/")[0]

    def __str__(self) -> str:
        return self.name


# --- Strategies -----------------------------------------------------------------------------------

SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)
SQUARE_OR_NOT = st.sampled_from([(3, 3), (2, 4), (4, 4), (1, 5)])


def uniform(low: float, high: float) -> Callable[[np.random.Generator, tuple], np.ndarray]:
    """Values anywhere between the two."""
    return lambda rng, shape: np.asarray(rng.uniform(low, high, shape))


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values at least 0.01 apart and 0.005 from zero: a small step changes no order and no sign."""
    n = int(np.prod(shape))
    return (rng.permutation(n).reshape(shape) - n // 2 + 0.5) * 0.01


@st.composite
def calls(draw, shapes: Any, values: Any = None, **options: Any) -> Call:
    """A call with arrays of ``shapes`` and with ``options``, either of which may be strategies.

    Parameters
    ----------
    shapes : list of shapes, or a strategy of such lists
    values : function (rng, shape) -> array, or one for each input; uniform in (−2, 2) by default
    options : values, or strategies of values, that the op takes by keyword
    """
    shapes = draw(shapes) if isinstance(shapes, st.SearchStrategy) else shapes
    functions = values if isinstance(values, list) else [values or uniform(-2, 2)] * len(shapes)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Call(
        tuple(function(rng, shape) for function, shape in zip(functions, shapes, strict=True)),
        tuple(draw(st.sampled_from(sorted(LAYOUTS))) for _ in shapes),
        {k: draw(v) if isinstance(v, st.SearchStrategy) else v for k, v in options.items()},
    )
