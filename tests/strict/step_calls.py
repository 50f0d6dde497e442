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

from minipose import backend
from minipose.experiments.people.recipe import H_NET, U_NET
from minipose.kernels.faster import plain_only
from tests import steps
from tests.steps import Step, people, posenet
from tests.strict import calls, no_sync, strict

SMALL = {"width": 2, "size": (96, 64)}


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
    real = backend.device_module
    for module in (backend, steps):
        module.device_module = lambda name: np if name == "cpu" else strict
    try:
        yield
    finally:
        for module in (backend, steps):
            module.device_module = real


STEPS: dict[str, Callable[[], Step]] = {
    "PoseNet, detection": lambda: posenet("cuda", "detection", batch=4),
    "PoseNet, regression": lambda: posenet("cuda", batch=4),
    "U-Net, mask + softmax": lambda: people("cuda", **U_NET | SMALL),
    "U-Net, triple": lambda: people("cuda", model="triple", **U_NET | SMALL),
    "U-Net, triple, batch norm": lambda: people(
        "cuda", model="triple", normalise=True, **U_NET | SMALL
    ),
    "H-Net, mask": lambda: people("cuda", network="hnet", model="mask", **H_NET | SMALL),
    "H-Net, triple": lambda: people("cuda", network="hnet", model="triple", **H_NET | SMALL),
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
            loss = step.loss(step.net, step.batch)
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
