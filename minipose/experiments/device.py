"""From the flag ``--device`` to a device, and from a network to where it is."""

from __future__ import annotations

import numpy as np

from minipose.backend import allow_tf32, resolve_device
from minipose.nn import Module


def use_device(name: str, tf32: bool = False) -> str:
    """The device of a flag, ``"cpu"`` or ``"cuda"``, said in one printed line.

    Parameters
    ----------
    name : cpu, cuda or auto
    tf32 : let a GPU's products run with 10 binary places

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
