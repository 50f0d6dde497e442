"""Which device a run uses: from the flag ``--device`` to a device that is known to work.

``python -m minipose.devices cuda`` tries one and ends with 1 and a line if it does not work.
"""

from __future__ import annotations

import os

import numpy as np

from minipose.backend import device_module
from minipose.nn import Module

INSTALL = "Install the extra: minipose[gpu]"


def use_device(name: str, tf32: bool = False) -> str:
    """The device of a flag, ``"cpu"`` or ``"cuda"``, said in one printed line.

    Parameters
    ----------
    name : cpu, cuda or auto; ``auto`` takes the CPU where no GPU works
    tf32 : let a GPU's float32 products run on its tensor cores, with 10 binary places, not 23

    Raises
    ------
    ValueError
        If the device cannot be used, with the reason.
    """
    if tf32:
        allow_tf32()  # before the device is tried, which multiplies matrices
    device, line = resolve_device(name)
    print(line, flush=True)
    return device


def device_of(model: Module) -> str:
    """Where a network's parameters are."""
    return "cpu" if isinstance(model.parameters()[0].data, np.ndarray) else "cuda"


def resolve_device(name: str) -> tuple[str, str]:
    """Turn ``cpu | cuda | auto`` into a usable device and a line that says why.

    ``auto`` falls back to the CPU; ``cuda`` raises ``ValueError`` where there is no working GPU.
    """
    if name in ("auto", "cuda"):
        ok, reason, remedy = gpu_status()
        if ok:
            return "cuda", "device: cuda"
        if name == "auto":
            return "cpu", f"device: cpu (no GPU: {reason})"
        raise ValueError(f"device 'cuda' cannot be used: {reason}. {remedy}")
    device_module(name)
    return name, f"device: {name}"


def allow_tf32() -> None:
    """CuPy reads the setting before its first product, so this comes before a device is tried."""
    os.environ["CUPY_TF32"] = "1"


def gpu_status() -> tuple[bool, str, str]:
    """Probe the GPU by doing work: ``(ok, reason, remedy)``.

    A driver without a toolkit imports fine and fails at the first kernel, so one kernel, one
    reduction and one matrix product are run rather than asking whether they could be.
    """
    try:
        cupy = device_module("cuda")
    except ValueError as error:
        return False, f"CuPy is not installed ({error.__cause__})", INSTALL
    try:
        x = cupy.ones((2, 2), dtype="float32")
        total = float(((x + 1) @ x).sum())
    except Exception as error:  # any CUDA library may fail here, each with its own exception type
        first_line = (str(error) or type(error).__name__).strip().splitlines()[0]
        return False, first_line, "Check the NVIDIA driver and the CUDA libraries (minipose[gpu])"
    if total != 16.0:
        return False, f"a 2×2 product gave {total}, expected 16", "Check the GPU itself"
    return True, "a kernel, a reduction and a product ran", ""


if __name__ == "__main__":
    from minipose.errors import Parser

    parser = Parser(prog="python -m minipose.devices", description=__doc__.partition("\n")[0])
    parser.add_argument("device", help="cpu, cuda or auto")
    try:
        print(resolve_device(parser.parse_args().device)[1])
    except ValueError as error:
        raise SystemExit(f"error: {error}") from None
