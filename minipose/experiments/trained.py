"""A trained network out of its checkpoint, without the rest of its job, which loads slowly."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from minipose import experiments
from minipose.errors import UserError
from minipose.experiments.settings import Choices, checked
from minipose.nn import Module
from minipose.training import checkpoint


class Trained(NamedTuple):
    """The job's name, the network, the recipe of its training, what the file says beside it."""

    job: str
    net: Module
    recipe: Choices
    meta: dict[str, Any]


def read_network(path: Path, device: str = "cpu") -> Trained:
    """The network of a checkpoint, ready to predict.

    Raises
    ------
    UserError
        If it is not a checkpoint, or one that predicts nothing by itself.
    """
    _, meta = checkpoint.read(path)
    name = experiments.EARLIER.get(meta.get("job"), meta.get("job"))
    if name not in experiments.JOBS:
        raise UserError(f"{path}: a checkpoint of an unknown job {name!r}")
    lacking = [key for key in ("recipe", "seed", "progress") if key not in meta]
    if lacking:
        raise UserError(f"{path}: the checkpoint of a training lacks {lacking[0]!r}")
    far = meta["progress"] if isinstance(meta["progress"], dict) else {}
    if not all(isinstance(far.get(key), (int, float)) for key in ("epoch", "seconds")):
        raise UserError(f"{path}: does not say how far its training has come")
    kind = experiments.load(name, "recipe").Recipe
    try:
        recipe = kind(**checked(meta["recipe"], (kind,)))
        net = experiments.load(name, "predict").make_network(recipe, meta)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    checkpoint.load(path, net)
    return Trained(name, net.to(device).eval(), recipe, meta)
