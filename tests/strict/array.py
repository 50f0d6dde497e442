"""An array that behaves as if it lay on a GPU: what CuPy refuses, it refuses.

It holds a NumPy array and is none: not a subclass, since then C code would read the memory and no
mistake would ever show. Where CuPy raises, this raises. Where CuPy is silently different from NumPy
(an index out of range wraps around, assigning to one element twice is undefined, fresh memory holds
old numbers), this raises too, or fills in NaN.
"""

from __future__ import annotations

import contextlib
import operator
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.strict import names
from tests.strict.calls import count, note

ALLOWED = names.read()
NUMBERS = (bool, int, float, np.generic)
counts: Counter[str] = Counter()  # transfers to and from the device, and waits for it
_may_wait = True


class HiddenWait(RuntimeError):
    """Something inside ``no_sync()`` would have made the program wait for the GPU."""


@contextlib.contextmanager
def no_sync() -> Iterator[None]:
    """Within this block, whatever waits for the device raises ``HiddenWait``."""
    global _may_wait
    before, _may_wait = _may_wait, False
    try:
        yield
    finally:
        _may_wait = before


def wait(what: str) -> None:
    """Note that ``what`` has to wait until the device has computed."""
    counts["waits"] += 1
    if not _may_wait:
        raise HiddenWait(f"{what} waits for the GPU, which is not allowed inside no_sync()")


def wrap(result: Any) -> Any:
    """Host results become device arrays; a reduction to one number becomes a 0-d array."""
    if isinstance(result, (np.ndarray, np.generic)):
        return StrictArray(np.asarray(result), _token)
    if isinstance(result, (tuple, list)):
        return type(result)(wrap(r) for r in result)
    return result


def unwrap(value: Any, where: str) -> Any:
    """The host array inside; a host array that was handed in itself is refused."""
    if isinstance(value, StrictArray):
        return value._host
    if isinstance(value, np.ndarray):  # 0-d arrays too: only np.float32(3) and 3.0 are scalars
        raise TypeError(f"{where}: a host array (numpy.ndarray) where a device array is expected")
    if isinstance(value, (tuple, list)):
        return type(value)(unwrap(v, where) for v in value)
    return value


_token = object()  # so that only this package makes arrays: code under test calls asarray, zeros...


class StrictArray:
    """A NumPy array behind the interface of ``cupy.ndarray``."""

    __slots__ = ("__weakref__", "_host")
    __hash__ = None

    def __init__(self, host: np.ndarray, token: object = None) -> None:
        if token is not _token:
            raise TypeError("a device array is made by asarray, zeros, empty, ...")
        self._host = host

    # --- no way to NumPy but .get() -----------------------------------------------------------

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise TypeError("implicit conversion of a device array to NumPy: use to_host(x)")

    def __array_ufunc__(self, ufunc: np.ufunc, *_: object, **__: object) -> None:
        raise TypeError(f"numpy.{ufunc.__name__} was given a device array: use array_module(x)")

    def __array_function__(self, function: Callable, *_: object) -> None:
        raise TypeError(f"numpy.{function.__name__} was given a device array: use array_module(x)")

    def get(self) -> np.ndarray:
        wait(".get()")
        counts["to host"] += 1
        note("download")
        return self._host.copy()

    # --- hidden ways to the host: allowed, but each one waits ---------------------------------

    def item(self) -> float:
        wait(".item()")
        note("download")
        return self._host.item()

    def tolist(self) -> list:
        wait(".tolist()")
        note("download")
        return self._host.tolist()

    def __float__(self) -> float:
        wait("float(x)")
        note("download")
        return float(self._host)

    def __int__(self) -> int:
        wait("int(x)")
        note("download")
        return int(self._host)

    def __bool__(self) -> bool:
        wait("bool(x), if, while, assert or 'in'")
        note("download")
        return bool(self._host)

    def __format__(self, spec: str) -> str:
        wait("formatting")
        note("download")
        return format(self._host.item(), spec)

    def __repr__(self) -> str:  # for failure messages; not counted as waiting
        return f"StrictArray({self._host!r})"

    # --- what is known without waiting --------------------------------------------------------

    shape = property(lambda self: self._host.shape)
    strides = property(lambda self: self._host.strides)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    T = property(lambda self: wrap(self._host.T))
    data = property(lambda self: SimpleNamespace(ptr=self._host.ctypes.data))
    base = property(lambda self: wrap(self._host.base))

    @property
    def flags(self) -> SimpleNamespace:
        """CuPy's three; there is no ``writeable``."""
        flags = self._host.flags
        return SimpleNamespace(
            c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous, owndata=flags.owndata
        )

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator[StrictArray]:
        return (self[i] for i in range(len(self._host)))

    # --- indexing -----------------------------------------------------------------------------

    def __getitem__(self, key: object) -> StrictArray:
        key, by_array = _index(key)
        if by_array:
            note("x[array]")
            return wrap(self._host[key])
        keys = key if isinstance(key, tuple) else (key,)
        if not any(k is Ellipsis for k in keys):
            keys = (*keys, ...)  # keeps even a single element a view
        return wrap(self._host[keys])

    def __setitem__(self, key: object, value: object) -> None:
        key, by_array = _index(key)
        value = unwrap(value, "x[key] = value")
        if by_array and np.size(value) > 1:
            places = np.arange(self._host.size).reshape(self._host.shape)[key]
            if np.unique(places).size != places.size:
                raise ValueError("x[i] = v names an element twice: undefined on a GPU")
        self._host[key] = value
        note("x[key] = value")

    # --- methods: those of cupy.ndarray, through the function of the same name -----------------

    def __getattr__(self, name: str) -> Callable:
        if name not in ALLOWED["ndarray"] or not hasattr(np.ndarray, name):
            raise AttributeError(f"cupy.ndarray has no attribute {name!r}")
        function = getattr(self._host, name)
        keywords = ALLOWED["numpy"].get(name)

        def method(*args: object, **kwargs: object) -> object:
            check_keywords(f"ndarray.{name}", kwargs, keywords)
            if name == "nonzero":
                wait(".nonzero()")
            host = [unwrap(a, name) for a in args]
            result = function(*host, **{k: unwrap(v, name) for k, v in kwargs.items()})
            count(name, (self._host, *host), result, kwargs.get("axis"))
            return wrap(result)

        return method


def check_keywords(where: str, given: dict, allowed: tuple[str, ...] | None) -> None:
    """Refuse keywords that the function has in NumPy but not in CuPy."""
    unknown = [] if allowed is None else sorted(given.keys() - set(allowed))
    if unknown:
        raise TypeError(f"{where}: CuPy has no keyword {', '.join(unknown)} (it has {allowed})")


def _index(key: object) -> tuple[object, bool]:
    """The key with host arrays inside, and whether any part of it is an array."""
    parts, by_array = [], False
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, np.ndarray):
            raise TypeError("a host array as index of a device array is uploaded at every use")
        if isinstance(part, (StrictArray, list)):
            by_array = True
            part = np.asarray(part._host if isinstance(part, StrictArray) else part)
            if part.dtype == bool:
                wait("x[mask], whose size depends on the values,")
        parts.append(part)
    return (tuple(parts) if isinstance(key, tuple) else parts[0]), by_array


def _binary(function: Callable, swapped: bool = False) -> Callable:
    def method(self: StrictArray, other: object) -> Any:
        if isinstance(other, np.ndarray):
            raise TypeError(f"{function.__name__}: a device array and a host array do not mix")
        if not isinstance(other, (StrictArray, *NUMBERS)):
            return NotImplemented
        other = other._host if isinstance(other, StrictArray) else other
        pair = (other, self._host) if swapped else (self._host, other)
        result = function(*pair)
        count(function.__name__, pair, result)
        return wrap(result)

    return method


def _in_place(function: Callable) -> Callable:
    def method(self: StrictArray, other: object) -> StrictArray:
        function(self._host[...], unwrap(other, function.__name__))
        note(function.__name__)
        return self

    return method


def _unary(function: Callable) -> Callable:
    def method(self: StrictArray) -> StrictArray:
        note(function.__name__)
        return wrap(function(self._host))

    return method


for _name in "add sub mul truediv floordiv mod pow matmul and_ or_ xor".split():
    _plain = _name.rstrip("_")
    setattr(StrictArray, f"__{_plain}__", _binary(getattr(operator, _name)))
    setattr(StrictArray, f"__r{_plain}__", _binary(getattr(operator, _name), swapped=True))
    if _name != "matmul":
        setattr(StrictArray, f"__i{_plain}__", _in_place(getattr(operator, "i" + _plain)))
for _name in "lt le gt ge eq ne".split():
    setattr(StrictArray, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in "neg pos abs invert".split():
    setattr(StrictArray, f"__{_name}__", _unary(getattr(operator, _name)))
