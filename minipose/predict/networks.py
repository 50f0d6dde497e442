"""The networks that look at a picture: report 2's for mask and joints, report 1's for the pose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minipose import weights
from minipose.datasets.guard import reading
from minipose.errors import UserError
from minipose.experiments.settings import read_toml
from minipose.experiments.trained import read_network
from minipose.nn import Module
from minipose.predict.settings import NO_POSE


@dataclass(frozen=True)
class Network:
    """A trained network, ready to predict.

    Attributes
    ----------
    job : "people" (mask and joints) or "h36m" (pose in space)
    net : on its device, in evaluation mode
    recipe : the choices that it was trained with
    trained_on : in a few words
    path : of its checkpoint
    mean_pose : (17, 3), mm, of the poses that it was trained on, where the file has it; or None
    """

    job: str
    net: Module
    recipe: Any
    trained_on: str
    path: Path
    mean_pose: np.ndarray | None = None


@dataclass(frozen=True)
class Networks:
    """What ``predict_picture`` looks with; one of the two may be missing."""

    people: Network | None
    pose3d: Network | None

    def lines(self) -> list[str]:
        """What each was trained on, a line for each."""
        lines = []
        if self.people is not None:
            recipe = self.people.recipe
            whole = recipe.outputs.joints and not recipe.cut
            note = (
                "; whole people only, so it hardly tells which joints are cut off" if whole else ""
            )
            lines.append(f"mask and joints: {self.people.trained_on}{note}")
        if self.pose3d is not None:
            lines.append(f"3D pose: {self.pose3d.trained_on}")
        return lines


def load_networks(
    checkpoint_path: Path | None = None, pose3d: Path | str | None = None, device: str = "cpu"
) -> Networks:
    """The networks of the given checkpoints, and for what is not given those that come with it.

    Parameters
    ----------
    checkpoint_path : best.npz of a run of either job
    pose3d : best.npz of a run of report 1's job; ``"none"`` for no pose

    Raises
    ------
    UserError
        If a file is not a checkpoint, or one of another job.
    """
    people = spatial = None
    if checkpoint_path is not None:
        given = load_network(checkpoint_path, device)
        people, spatial = (given, None) if given.job == "people" else (None, given)
    if pose3d is not None and spatial is not None:
        raise UserError(f"--pose3d: {checkpoint_path} is a network of that job already")
    if pose3d is not None and str(pose3d) != NO_POSE:
        spatial = load_network(Path(pose3d), device)
        if spatial.job != "h36m":
            raise UserError(f"{pose3d}: a checkpoint of {spatial.job!r}, expected one of 'h36m'")
    if people is None:
        people = load_network(weights.PEOPLE, device)
    if spatial is None and str(pose3d) != NO_POSE:
        spatial = load_network(weights.POSE3D, device)
    return Networks(people, spatial)


def load_network(path: Path, device: str = "cpu") -> Network:
    """One network with what its checkpoint says about it.

    Raises
    ------
    UserError
        If it is not a checkpoint, or one that predicts nothing by itself.
    """
    job, net, recipe, meta = read_network(path, device)
    with reading(path, "no mean pose in it"):
        mean = np.array(meta["mean_pose_mm"]).reshape(17, 3) if "mean_pose_mm" in meta else None
    return Network(job, net, recipe, _trained_on(meta, path), path, mean)


def _trained_on(meta: dict[str, Any], path: Path) -> str:
    """What the checkpoint or the run folder around it says about the data."""
    if "trained_on" in meta:
        return str(meta["trained_on"])
    epochs = f"{meta['progress']['epoch']} epochs"
    config = path.parent / "config.toml"
    if config.is_file():
        return f"trained on {read_toml(config).get('data', 'unknown data')}, {epochs}"
    return f"trained for {epochs}, on data that the file does not name"
