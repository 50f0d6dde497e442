"""``python -m tests.strict.step_calls``: how many calls of a GPU a training step makes, as a table.

One step of each job as its recipe trains it, at a width of 2 and a quarter of the size: neither
changes the number of calls with ``minipose.fast``; without it ``repeat`` goes row by row, and
larger pictures take more. ``--where`` lists the calls by name.
"""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minipose import Tensor, losses, models, optim
from minipose.experiments.people.data import Batch
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.recipe import H_NET, U_NET, Recipe
from minipose.experiments.people.train import build, make_optimizer
from minipose.kernels.faster import plain_only
from minipose.nn import Module
from tests.strict import calls, no_sync, strict

SIZE = (96, 64)


class Step(NamedTuple):
    """What a step consists of."""

    net: Module
    optimizer: optim.Optimizer
    loss: Callable[[], Tensor]


class Counted(NamedTuple):
    """Calls of a step, by name, for each of its thirds."""

    forward: Counter[str]
    backward: Counter[str]
    update: Counter[str]

    @property
    def total(self) -> int:
        return sum(part.total() for part in self)


@contextlib.contextmanager
def on_the_stand_in() -> Any:
    """Within this block the device ``"cuda"`` is the stand-in."""
    from minipose import backend

    real = backend.device_module
    backend.device_module = lambda name: np if name == "cpu" else strict
    try:
        yield
    finally:
        backend.device_module = real


def posenet(head: str) -> Step:
    """Report 1's networks and optimizer."""
    rng = np.random.default_rng(0)
    net = models.PoseNet(head=head).to("cuda")
    x = strict.asarray(rng.random((4, 1, 128, 128), np.float32))
    target = strict.asarray(rng.random((4, models.posenet.OUTPUTS[head])).astype(np.float32))

    def loss() -> Tensor:
        y = net(Tensor(x))
        if head == "detection":
            return losses.window_cross_entropy(y, target)
        return losses.joint_squared_error(y * 0.01, target * np.float32(0.01))

    return Step(net, optim.SGD(net.parameters()), loss)


def people(**choices: Any) -> Step:
    """One of report 2's models and its optimizer."""
    recipe, rng = Recipe(**choices | {"width": 2}), np.random.default_rng(0)
    net = build(recipe, 0, "cuda")
    classes = rng.integers(0, 26, (1, *SIZE))
    arrays = {
        "images": rng.random((1, 3, *SIZE)),
        "mask": rng.integers(0, 2, (1, *SIZE)),
        "joints": np.eye(26)[classes].transpose(0, 3, 1, 2) if recipe.outputs.joints else None,
        "regression": rng.random((1, 1, *SIZE)) if recipe.outputs.regression else None,
    }
    on = {n: None if a is None else strict.asarray(a, dtype=np.float32) for n, a in arrays.items()}
    batch = Batch(**on)
    optimizer = make_optimizer(recipe, net)
    return Step(net, optimizer, lambda: total_loss(net(Tensor(batch.images)), batch, recipe))


STEPS: dict[str, Callable[[], Step]] = {
    "PoseNet, detection": lambda: posenet("detection"),
    "PoseNet, regression": lambda: posenet("regression"),
    "U-Net, mask + softmax": lambda: people(**U_NET),
    "U-Net, triple": lambda: people(model="triple", **U_NET),
    "U-Net, triple, batch norm": lambda: people(model="triple", normalise=True, **U_NET),
    "H-Net, mask": lambda: people(network="hnet", model="mask", **H_NET),
    "H-Net, triple": lambda: people(network="hnet", model="triple", **H_NET),
}
MOST = {  # what has been promised
    "PoseNet, detection": 150,
    "PoseNet, regression": 150,
    "U-Net, mask + softmax": 450,
    "U-Net, triple": 450,
    "U-Net, triple, batch norm": 450,
    "H-Net, mask": 1500,
    "H-Net, triple": 1500,
}


def count(step: Step) -> Counted:
    """The calls of a second step (the first makes tables), in which nothing may wait."""
    step.net.train()
    for number in range(2):
        parts = []
        with no_sync():
            calls.clear()
            step.net.reseed(0, 0, number)
            loss = step.loss()
            parts.append(Counter(calls))
            loss.backward()
            parts.append(calls - parts[0])
            step.optimizer.step()
            step.optimizer.zero_grad()
            parts.append(calls - parts[0] - parts[1])
    return Counted(*parts)


def table() -> str:
    """Markdown: forward, backward, update and all, and without ``minipose.fast``."""
    lines = ["| training step | forward | backward | update | calls | at most | plain |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    for name, make in STEPS.items():
        found = count(make())
        with plain_only():
            plain = count(make())
        thirds = " | ".join(str(part.total()) for part in found)
        lines.append(f"| {name} | {thirds} | {found.total} | {MOST[name]:,} | {plain.total:,} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.strict.step_calls", description="Calls of a GPU in a training step."
    )
    parser.add_argument("--where", action="store_true", help="list the calls by name instead")
    with on_the_stand_in():
        if not parser.parse_args().where:
            print(table())
            return
        for name, make in STEPS.items():
            found = count(make())
            print(f"{name}: {found.total}")
            for call, number in sum(found, Counter()).most_common():
                print(f"{number:6} {call}")


if __name__ == "__main__":
    main()
