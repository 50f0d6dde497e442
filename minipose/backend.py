"""Arrays on a CPU or on a GPU: the only file that imports CuPy.

Code above this floor asks ``array_module(x)`` which library an array belongs to and calls that, so
one source serves both. Nothing here depends on a global "current device": the operand decides.
"""

from __future__ import annotations

import importlib
import os
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


def to_host(x: Array) -> np.ndarray:
    """A NumPy array with the values of ``x``; a copy (and a wait) only if ``x`` is on a GPU."""
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(x)
    return x.get()


def to_device(x: Array, device: str = "cpu") -> Array:
    """``x`` on ``device``: ``"cpu"`` (NumPy) or ``"cuda"`` (CuPy). No copy if it is there already.

    Raises
    ------
    ValueError
        If ``device`` has another name, or ``"cuda"`` cannot be used here (with the reason).
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
    ok, reason, remedy = gpu_status()
    if not ok:
        raise ValueError(f"device 'cuda' cannot be used: {reason}. {remedy}")
    return importlib.import_module("cupy")


def resolve_device(name: str) -> tuple[str, str]:
    """Turn ``cpu | cuda | auto`` into a usable device and a line that says why.

    ``auto`` falls back to the CPU; ``cuda`` raises ``ValueError`` where there is no working GPU.
    """
    if name == "auto":
        ok, reason, _ = gpu_status()
        return ("cuda", "device: cuda") if ok else ("cpu", f"device: cpu (no GPU: {reason})")
    device_module(name)
    return name, f"device: {name}"


def allow_tf32() -> None:
    """Let a GPU's float32 products run on its tensor cores, with 10 binary places instead of 23.

    CuPy reads the setting before its first product, so this has to come before ``resolve_device``.
    """
    os.environ["CUPY_TF32"] = "1"


def gpu_status() -> tuple[bool, str, str]:
    """Probe the GPU by doing work: ``(ok, reason, remedy)``.

    A driver without a toolkit imports fine and fails at the first kernel, so one kernel, one
    reduction and one matrix product are run rather than asking whether they could be.
    """
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as error:
        return False, f"CuPy is not installed ({error})", "Install the extra: minipose[gpu]"
    try:
        x = cupy.ones((2, 2), dtype="float32")
        total = float(((x + 1) @ x).sum())
    except Exception as error:  # any CUDA library may fail here, each with its own exception type
        first_line = (str(error) or type(error).__name__).strip().splitlines()[0]
        return False, first_line, "Check the NVIDIA driver and the CUDA libraries (minipose[gpu])"
    if total != 16.0:
        return False, f"a 2×2 product gave {total}, expected 16", "Check the GPU itself"
    return True, "a kernel, a reduction and a product ran", ""


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
