"""Every network of the reports with every head, small, and as if it had been trained a little."""

from __future__ import annotations

import copy

import numpy as np

from minipose import Tensor, no_grad
from minipose.experiments.people.recipe import MODELS
from minipose.models import HNet, PoseNet, UNet
from minipose.nn import Module

HEADS = {name: outputs.heads for name, outputs in MODELS.items()}


def _pose(**options):
    net = PoseNet((2, 3, 2), rng=np.random.default_rng(0), dropout=0.2, **options)
    if net.head == "regression":
        rng = np.random.default_rng(1)
        net.set_output_range(rng.uniform(-300, 300, 51), rng.uniform(50, 200, 51))
    with no_grad():
        for _ in range(10 * options.get("normalise", False)):
            net(Tensor(rng.random((4, 1, 128, 128), dtype=np.float32)))
    return net


def _pixels(kind, model, **options):
    """The running statistics are those of a batch, and no bias is 0."""
    rng = np.random.default_rng(0)
    net = kind(HEADS[model], rng=rng, dropout=0.2, **{"width": 2} | options)
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            parameter.assign_(rng.normal(0, 0.1, parameter.shape))
    net.reseed(0)
    with no_grad():
        for _ in range(10 * options.get("normalise", False)):
            net(Tensor(rng.random((2, 3, 32, 48), dtype=np.float32)))
    return net


MAKERS = {
    "PoseNet detection": lambda: _pose(head="detection"),
    "PoseNet regression": lambda: _pose(head="regression"),
    "PoseNet regression, tanh": lambda: _pose(head="regression", output_tanh=True),
    "normalised PoseNet": lambda: _pose(head="regression", normalise=True),
    **{f"UNet {model}": lambda m=model: _pixels(UNet, m) for model in MODELS},
    "normalised UNet triple": lambda: _pixels(UNet, "triple", width=3, normalise=True),
    "normalised UNet on blocks": lambda: _pixels(UNet, "triple", width=3, normalise=True, patch=2),
    **{f"HNet {model}": lambda m=model: _pixels(HNet, m) for model in ("mask", "triple")},
}


def network(name: str) -> Module:
    """A network by its name in ``MAKERS``, ready to predict."""
    return MAKERS[name]().eval()


def emptied(net: Module) -> Module:
    """The same network with other weights."""
    other = copy.deepcopy(net)
    other.load_state_dict({name: a * 0 - 1 for name, a in net.state_dict().items()})
    return other


def pictures(net: Module, count: int = 2, size: tuple[int, int] = (37, 50)) -> np.ndarray:
    """Random ones that the network takes."""
    shape = (1, 128, 128) if isinstance(net, PoseNet) else (3, *size)
    return np.random.default_rng(count).random((count, *shape), dtype=np.float32)


def outputs(net: Module, x: np.ndarray) -> list[np.ndarray]:
    """What the network says, a list of arrays."""
    with no_grad():
        y = net(Tensor(x))
    return [each.data for each in (y.values() if isinstance(y, dict) else [y])]


def assert_same_bits(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    """Of all arrays of two states."""
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.dtype == theirs[name].dtype and array.shape == theirs[name].shape
        assert array.tobytes() == theirs[name].tobytes(), name
