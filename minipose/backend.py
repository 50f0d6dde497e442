"""Arrays on a CPU or on a GPU: the only file that imports CuPy.

Code above this floor asks ``array_module(x)`` which library an array belongs to and calls that, so
one source serves both. Nothing here depends on a global "current device": the operand decides.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import numpy as np

Array = Any  # a numpy.ndarray, a cupy.ndarray or a registered stand-in
NUMBERS = "fiub"  # kinds of dtypes: floats, integers, booleans

_registered: list[tuple[type, ModuleType]] = []


def register_array_module(array_type: type, module: ModuleType) -> None:
    """Let ``array_module`` answer ``module`` for arrays of ``array_type`` (used by the tests)."""
    _registered.append((array_type, module))


def array_module(x: Array) -> ModuleType:
    """The library that ``x`` belongs to: ``numpy`` or ``cupy``.

    Raises
    ------
    TypeError
        If ``x`` is not an array, for instance a list or a ``Tensor``.
    """
    if isinstance(x, (np.ndarray, np.generic)):
        return np
    for array_type, module in _registered:
        if isinstance(x, array_type):
            return module
    cupy = sys.modules.get("cupy")  # an array of CuPy's can only exist once CuPy is imported
    if cupy is not None and isinstance(x, cupy.ndarray):
        return cupy
    if isinstance(
        x, memoryview
    ):  # the ``.data`` of a NumPy array, where an op looked for a Tensor's
        raise TypeError("expected a Tensor, got a NumPy array: write Tensor(x)")
    raise TypeError(f"expected a NumPy or CuPy array, got {type(x).__name__}")


def is_array(x: object) -> bool:
    """Whether ``x`` is an array of NumPy, of CuPy or of a registered stand-in."""
    try:
        array_module(x)
    except TypeError:
        return False
    return True


def is_whole(value: object) -> bool:
    """Whether ``value`` is an integer, of Python or as NumPy computes them (``np.prod(shape)``)."""
    return isinstance(value, (int, np.integer))


_half = ContextVar("half", default=False)  # of each thread by itself


@contextlib.contextmanager
def half_products() -> Iterator[None]:
    """Within this block matrix products take and give numbers of 16 bits (``product``)."""
    token = _half.set(True)
    try:
        yield
    finally:
        _half.reset(token)


def in_half() -> bool:
    """Whether this is within ``half_products``."""
    return _half.get()


def product(a: Array, b: Array, out: Array | None = None) -> Array:
    """A B, in the dtype of A, written into ``out`` where that is given.

    Within ``half_products`` both are rounded to 11 binary places and so is the result, while each
    sum is added up with 24. A GPU's tensor cores do that; a CPU imitates it, which is slower. What
    is above 65,504 becomes infinite.
    """
    xp = array_module(a)
    if not _half.get():
        return a @ b if out is None else xp.matmul(a, b, out=out)
    half, dtype = xp.float16, a.dtype
    if xp is np:
        with np.errstate(over="ignore"):
            a, b = (each.astype(half).astype(np.float32) for each in (a, b))
            y = (a @ b).astype(half).astype(dtype)
    else:
        y = (a.astype(half) @ b.astype(half)).astype(dtype)
    if out is None:
        return y
    out[...] = y
    return out


def to_host(x: Array) -> np.ndarray:
    """A NumPy array with the values of ``x``; a copy (and a wait) only if ``x`` is on a GPU."""
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(x)
    return x.get()


def to_device(x: Array, device: str = "cpu") -> Array:
    """``x`` on ``device``: ``"cpu"`` (NumPy) or ``"cuda"`` (CuPy). No copy if it is there already.

    Raises ValueError if ``device`` has another name, or CuPy is not installed.
    """
    if device == "cpu":
        return to_host(x)
    return device_module(device).asarray(x)


def device_module(device: str) -> ModuleType:
    """The array library of a device name. Raises ``ValueError`` with reason and remedy."""
    if device == "cpu":
        return np
    if device != "cuda":
        raise ValueError(f"device: expected 'cpu' or 'cuda', got {device!r}")
    try:
        return importlib.import_module("cupy")
    except ImportError as error:
        raise ValueError(
            f"device 'cuda' cannot be used: CuPy is not installed ({error}). "
            "Install the extra: minipose[gpu]"
        ) from error


def same_stream() -> contextlib.AbstractContextManager[None]:
    """The device and stream on which the calling thread's calls run, for another thread to enter.

    A GPU's library keeps both for each thread. On another stream, memory that one thread has given
    back would be filled again while calls of the other still read it. Nothing without a GPU.
    """
    cupy = sys.modules.get("cupy")
    if cupy is None:
        return contextlib.nullcontext()
    try:
        device, stream = cupy.cuda.Device(), cupy.cuda.get_current_stream()
    except RuntimeError:  # CuPy is imported, but there is no GPU
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def entered() -> Iterator[None]:
        with device, stream:
            yield

    return entered()


def nccl_backend(size: int, rank: int) -> Any:
    """CuPy's NCCL communicator of so many processes; raises ImportError or RuntimeError."""
    return importlib.import_module("cupyx.distributed").NCCLBackend(size, rank, use_mpi=True)


def generator(device_of: Array, *entropy: int) -> Any:
    """A random generator in the library of ``device_of``, seeded by non-negative integers.

    A generator of CuPy's cannot be saved in a checkpoint, so randomness inside a step is derived
    from numbers that can be: (seed, epoch, step, layer).
    """
    xp = array_module(device_of)
    if xp is np:
        return np.random.default_rng(entropy)
    return DeviceGenerator(xp, int(np.random.SeedSequence(entropy).generate_state(1)[0]))


class DeviceGenerator:
    """A generator of a GPU's that is made, by a call, when it is first asked for a number.

    A layer that draws nothing thus costs nothing, nor does one whose kernel makes its own numbers:
    it takes ``draw()``, a seed and how often it was taken before.
    """

    def __init__(self, xp: ModuleType, seed: int) -> None:
        self.seed, self._xp, self._made, self._draws = seed, xp, None, 0

    def draw(self) -> tuple[int, int]:
        """What seeds one set of random numbers: different at every call."""
        self._draws += 1
        return self.seed, self._draws

    def __deepcopy__(self, memo: dict) -> DeviceGenerator:
        """The same numbers again; not where some were drawn by CuPy, whose state has no copy."""
        made = DeviceGenerator(self._xp, self.seed)
        made._draws = self._draws
        return made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._made is None:
            self._made = self._xp.random.default_rng(self.seed)
        return getattr(self._made, name)


def shown(array: Array, kind: str) -> str:
    """The values as NumPy writes them, a few at most: those of many rows stand in one line."""
    options = {"precision": 4, "separator": ", ", "threshold": 20, "edgeitems": 2}
    host = to_host(array)
    text = np.array2string(host, prefix=f"{kind}(", **options)
    return text if text.count("\n") < 5 else np.array2string(host.reshape(-1), **options)
