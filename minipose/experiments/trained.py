"""A trained network out of its checkpoint, without the rest of its job, which loads slowly."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from minipose import experiments
from minipose.datasets.guard import in_a_line
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
    name = str(meta.get("job"))
    name = experiments.EARLIER.get(name, name)
    if name not in experiments.JOBS:
        raise UserError(f"{path}: a checkpoint of an unknown job {meta.get('job')!r}")
    lacking = [key for key in ("recipe", "seed", "progress") if key not in meta]
    if lacking:
        raise UserError(f"{path}: the checkpoint of a training lacks {lacking[0]!r}")
    far = meta["progress"] if isinstance(meta["progress"], dict) else {}
    if not all(isinstance(far.get(key), (int, float)) for key in ("epoch", "seconds")):
        raise UserError(f"{path}: does not say how far its training has come")
    kind = experiments.load(name, "recipe").Recipe
    try:
        if not isinstance(meta["recipe"], dict):
            raise UserError(f"recipe: expected choices by name, got {meta['recipe']!r}")
        recipe = kind(**checked(meta["recipe"], (kind,)))
        net = experiments.load(name, "predict").make_network(recipe, meta)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # of whatever a file may say of its network
        raise UserError(f"{path}: {in_a_line(error)}") from None
    checkpoint.load(path, net)
    return Trained(name, net.to(device).eval(), recipe, meta)
