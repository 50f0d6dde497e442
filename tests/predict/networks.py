"""Untrained networks of one channel, as checkpoints: for tests of everything around them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from minipose.experiments.people import recipe as people
from minipose.experiments.people.train import build as build_people
from minipose.experiments.pose3d import recipe as pose3d
from minipose.experiments.pose3d.train import build as build_pose3d
from minipose.training import checkpoint

PROGRESS = {"epoch": 3, "seconds": 1.0}


def people_checkpoint(path: Path, everywhere: float = 4.0, **choices: object) -> Path:
    """A U-Net whose mask is the same everywhere: a person for a positive score, else nobody."""
    recipe = people.Recipe(width=1, **choices)
    net = build_people(recipe, 0)
    net.heads["mask"].weight.data[...] = 0
    net.heads["mask"].bias.data[...] = (0, everywhere)
    meta = {"job": "people", "recipe": asdict(recipe), "seed": 0, "progress": PROGRESS}
    return checkpoint.save(path, net, None, meta)


def pose3d_checkpoint(path: Path) -> Path:
    """A regressor that finds the same pose in every crop: joint j at (10 j, 20 j, 30 j) mm."""
    recipe = pose3d.Recipe(kernels=(1, 1, 1), hidden=(2, 2))
    net = build_pose3d(recipe, "regression", 0)
    net.out.weight.data[...] = 0
    net.set_output_range((np.arange(17)[:, None] * (10.0, 20.0, 30.0)).ravel(), np.ones(51))
    meta = {"job": "h36m", "recipe": asdict(recipe), "seed": 0, "progress": PROGRESS}
    return checkpoint.save(path, net, None, meta | {"head": "regression"})
