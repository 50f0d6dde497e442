"""The two jobs, each in a package of its own, and the runner that trains and measures both.

A job's package has ``recipe`` with what the command line needs to know, which imports little, and
``job`` with the ``JOB`` itself (see ``experiments.job``).
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


def load(job: str, module: str = "job") -> ModuleType:
    """A module of a job, imported only when it is asked for."""
    return importlib.import_module(f"minipose.experiments.{PACKAGES[job]}.{module}")
