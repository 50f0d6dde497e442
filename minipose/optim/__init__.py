"""How parameters follow their gradients, and what goes with it: rates, clipping, averages."""

import importlib

from minipose.optim.optimizers import SGD, Adam, Optimizer, update

_ON_DEMAND = {  # imported when they are first asked for
    "Muon": "muon",
    "muon_with_adam": "muon",
    "Together": "together",
    "Average": "average",
    "clip_gradients": "clipping",
    "clip_gradient_values": "clipping",
}


def __getattr__(name: str) -> object:
    if name == "schedules":
        return importlib.import_module("minipose.optim.schedules")
    if name in _ON_DEMAND:
        return getattr(importlib.import_module(f"minipose.optim.{_ON_DEMAND[name]}"), name)
    raise AttributeError(f"module 'minipose.optim' has no attribute {name!r}")
