"""The two jobs: which network, loss, data and recipe.

A job is a package with ``arguments.add_train_arguments(parser)``, which imports little, and
``commands``: ``train(args)``, ``evaluate(args)``, ``predict(args)`` and ``show(args)``.
"""

from __future__ import annotations

import importlib
from types import ModuleType

JOBS = {
    "h36m": "3D pose of a walking person (report 1)",
    "people": "mask and joints of a person (report 2)",
}

EARLIER = {"figures": "people"}  # names in the files of the first version
PACKAGES = {"h36m": "pose3d", "people": "people"}


def load(job: str, module: str = "commands") -> ModuleType:
    """A module of a job, imported only when it is asked for."""
    return importlib.import_module(f"minipose.experiments.{PACKAGES[job]}.{module}")
