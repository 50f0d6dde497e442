"""Arrays on a CPU or on a GPU: the only file that imports CuPy.

Code above this floor asks ``array_module(x)`` which library an array belongs to and calls that, so
one source serves both. Nothing here depends on a global "current device": the operand decides.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import numpy as np

Array = Any  # a numpy.ndarray, a cupy.ndarray or a registered stand-in

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


def generator(device_of: Array, *entropy: int) -> Any:
    """A random generator in the library of ``device_of``, seeded by non-negative integers.

    A generator of CuPy's cannot be saved in a checkpoint, so randomness inside a step is derived
    from numbers that can be: (seed, epoch, step, layer).
    """
    xp = array_module(device_of)
    if xp is np:
        return np.random.default_rng(entropy)
    seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    return xp.random.default_rng(seed)
