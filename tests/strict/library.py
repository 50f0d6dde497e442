"""A module that stands in for ``cupy``: NumPy's functions, as far as CuPy has them too."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from tests.strict.array import (
    ALLOWED,
    StrictArray,
    check_keywords,
    counts,
    no_sync,
    unwrap,
    wait,
    wrap,
)
from tests.strict.calls import count, note
from tests.strict.kernels import ElementwiseKernel

# These have to know values, if only how many there are of a kind.
WAITING = {"allclose", "argwhere", "array_equal", "bincount", "flatnonzero", "histogram"}
WAITING |= {"nonzero", "unique"}
# These take a list of arrays; the others take arrays, and no lists of numbers.
TAKE_LISTS = {"array", "asarray", "concatenate", "stack", "hstack", "vstack", "zeros", "ones"}
TAKE_LISTS |= {"empty", "full", "eye", "arange", "linspace", "broadcast_arrays", "meshgrid"}
TAKE_LISTS |= {"dtype", "result_type", "broadcast_shapes", "ix_", "einsum", "broadcast"}


class Ufunc:
    """A ufunc of NumPy's with the keywords and the methods that CuPy gives it."""

    def __init__(self, function: np.ufunc) -> None:
        self._function, self.__name__ = function, function.__name__

    def __call__(self, *args: object, **kwargs: object) -> Any:
        check_keywords(self.__name__, kwargs, ALLOWED["numpy"][self.__name__])
        return _call(self.__name__, self._function, args, kwargs)

    def __getattr__(self, name: str) -> Callable:
        if self.__name__ not in ALLOWED.get(name, {}):
            raise AttributeError(f"CuPy has no {self.__name__}.{name}")
        method = getattr(self._function, name)
        return lambda *args, **kwargs: _call(f"{self.__name__}.{name}", method, args, kwargs)


class StrictModule(ModuleType):
    """Looks names up in the table of CuPy's names, and then in NumPy."""

    def __init__(self, name: str, library: Any, section: str) -> None:
        super().__init__(name)
        self._library, self._section = library, section

    def __getattr__(self, name: str) -> Any:
        table = ALLOWED[self._section]
        if name not in table:
            raise AttributeError(f"CuPy has no {name!r} (looked for in {self._section})")
        value = getattr(self._library, name)
        if isinstance(value, np.ufunc):
            made = Ufunc(value)
        elif isinstance(value, type) or not callable(value):
            made = value
        else:
            made = _function(name, value, table[name])
        setattr(self, name, made)
        return made


def _function(name: str, function: Callable, keywords: tuple[str, ...] | None) -> Callable:
    def call(*args: object, **kwargs: object) -> Any:
        check_keywords(name, kwargs, keywords)
        if name in WAITING or (name == "where" and len(args) == 1):
            wait(f"{name}()")
        if args and isinstance(args[0], (list, tuple)) and name not in TAKE_LISTS:
            raise TypeError(f"{name}: CuPy takes an array here, not a {type(args[0]).__name__}")
        result = _call(name, function, args, kwargs)
        if name in ("empty", "empty_like"):  # memory from a pool holds what was there before
            result._host.fill(np.nan if result.dtype.kind == "f" else np.asarray(99, result.dtype))
        return result

    return call


def _call(name: str, function: Callable, args: tuple, kwargs: dict) -> Any:
    host = [unwrap(a, name) for a in args]
    result = function(*host, **{k: unwrap(v, name) for k, v in kwargs.items()})
    count(name, tuple(host), result, kwargs.get("axis"))
    return kwargs["out"] if kwargs.get("out") is not None else wrap(result)


def _asarray(
    a: Any, dtype: Any = None, order: str = "K", *, copy: bool | None = None, blocking: bool = False
) -> StrictArray:
    """From the host: always a copy, so that nothing is shared by accident. On the device: none."""
    if isinstance(a, StrictArray):
        result = np.asarray(a._host, dtype=dtype)
        count("asarray", (a._host,), result)
        return wrap(result)
    if isinstance(a, (list, tuple)) and any(isinstance(x, StrictArray) for x in a):
        note("stack", len(a))
        return wrap(np.array([unwrap(x, "asarray") for x in a], dtype=dtype))
    counts["to device"] += 1
    note("upload")
    return wrap(np.array(a, dtype=dtype, order=order))


def _array(a: Any, dtype: Any = None, copy: bool = True) -> StrictArray:
    if copy and isinstance(a, StrictArray):
        note("copy")
    return wrap(np.array(unwrap(_asarray(a, dtype), "array"), copy=copy or None))


def _asnumpy(a: Any) -> np.ndarray:
    return a.get() if isinstance(a, StrictArray) else np.asarray(a)


def _as_strided(x: StrictArray, shape: tuple, strides: tuple) -> StrictArray:
    """A view for reading. A GPU would read beyond the array without a word, so look here."""
    host = unwrap(x, "as_strided")
    first, last = _reach(host.shape, host.strides)
    view_first, view_last = _reach(shape, strides)
    if 0 not in shape and (view_first < first or view_last > last):
        raise ValueError("as_strided: the view reads beyond the array")
    return wrap(np.lib.stride_tricks.as_strided(host, shape, strides, writeable=False))


def _reach(shape: tuple, strides: tuple) -> tuple[int, int]:
    """Bytes from the first element in memory order to the ends: (0 or less, 0 or more)."""
    steps = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
    return sum(min(s, 0) for s in steps), sum(max(s, 0) for s in steps)


class Generator:
    """A random generator with the methods that CuPy's has (no normal, permutation, choice, ...)."""

    def __init__(self, seed: object) -> None:
        self._generator = np.random.default_rng(seed)
        note("new generator")

    def __getattr__(self, name: str) -> Callable:
        if name not in ALLOWED["Generator"]:
            raise AttributeError(f"cupy.random.Generator has no {name!r}")
        method = getattr(self._generator, name)
        return lambda *args, **kwargs: _call(name, method, args, kwargs)


strict = StrictModule("strict", np, "numpy")
strict.ndarray, strict.newaxis = StrictArray, None
strict.asarray = strict.asanyarray = _asarray
strict.array, strict.asnumpy = _array, _asnumpy
strict.linalg = StrictModule("strict.linalg", np.linalg, "linalg")
strict.random = SimpleNamespace(default_rng=Generator, Generator=Generator)
_tricks = StrictModule("strict.lib.stride_tricks", np.lib.stride_tricks, "lib.stride_tricks")
_tricks.as_strided = _as_strided
strict.lib = SimpleNamespace(stride_tricks=_tricks)
strict.ElementwiseKernel = ElementwiseKernel
strict.no_sync = no_sync
