"""minipose: deep learning from scratch on NumPy and CuPy, to find people's poses.

``import minipose as mp`` needs NumPy alone. The floors, from the ground up: ``backend``,
``kernels``, ``tensor``, ``ops``, ``nn`` and ``losses`` and ``optim``, ``models``, ``training``,
``experiments``, and the front door ``python -m minipose``.
"""

from minipose import gradcheck, losses, metrics, models, nn, ops, optim
from minipose.tensor import Parameter, Tensor, debug, no_grad

__version__ = "0.1.0"

__all__ = [
    "Parameter",
    "Tensor",
    "debug",
    "gradcheck",
    "losses",
    "metrics",
    "models",
    "nn",
    "no_grad",
    "ops",
    "optim",
]
