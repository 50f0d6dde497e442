"""minipose: deep learning from scratch on NumPy and CuPy, to find people's poses.

``import minipose as mp`` needs NumPy alone. The floors, from the ground up: ``backend``, ``tensor``
and ``graph``; ``kernels`` and ``ops``; ``nn``, ``losses`` and ``optim``; ``models``; ``training``;
``experiments``; and the command line, ``python -m minipose``. ``fast`` holds all that is only
speed; without it, or with ``MINIPOSE_PLAIN=1``, everything is computed as the ops define it.
"""

import importlib
import os

from minipose import losses, nn, ops, optim
from minipose.tensor import Parameter, Tensor, debug, no_grad

__version__ = "0.1.0"

_ON_DEMAND = ("gradcheck", "metrics", "models")  # imported when they are first asked for


def __getattr__(name: str) -> object:
    if name == "batches":
        return importlib.import_module("minipose.training.batches").batches
    if name in _ON_DEMAND:
        return importlib.import_module(f"minipose.{name}")
    raise AttributeError(f"module 'minipose' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "batches", *_ON_DEMAND})


if os.environ.get("MINIPOSE_PLAIN", "").lower() in ("", "0", "no", "false"):
    try:
        import minipose.fast  # it offers itself to kernels.faster
    except ModuleNotFoundError as missing:
        if missing.name != "minipose.fast":
            raise
