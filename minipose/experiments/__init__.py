"""The two jobs: which network, loss, data and recipe.

A job is a package with ``arguments.add_train_arguments(parser)``, which imports little, and
``commands``: ``train(args)``, ``evaluate(args)``, ``predict(args)`` and ``show(args)``.
"""

from __future__ import annotations

import importlib
from types import ModuleType

JOBS = {
    "h36m": "3D pose of a walking person (report 1)",
    "figures": "mask and joints of a person (report 2)",
}


def load(job: str, module: str = "commands") -> ModuleType:
    """A module of a job, imported only when it is asked for."""
    return importlib.import_module(f"minipose.experiments.{job}.{module}")
