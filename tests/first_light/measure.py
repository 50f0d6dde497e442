"""``python -m tests.first_light.measure``: what a training step costs on a device, as a table.

Each network at its report's size, in float32, with ``--fp16``'s products and with ``--recompute``:
milliseconds of a step until the device has done it, milliseconds until Python has asked for it (if
they are alike, the device waits for Python), and the most memory that was taken. ``--profile``
lists instead where Python spends its time.
"""

from __future__ import annotations

import cProfile
import io
import pstats
import time
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from minipose.backend import device_module, half_products
from minipose.devices import allow_tf32, resolve_device
from minipose.errors import Parser
from minipose.experiments.people.recipe import H_NET, U_NET
from minipose.training.recompute import sparing
from tests.steps import Step, people, posenet

FULL: dict[str, Callable[[str], Step]] = {
    "PoseNet [5 10 15], 128 × 1×128×128": posenet,
    "U-Net 64-1024, 1 × 3×192×128": lambda device: people(device, **U_NET),
    "H-Net 32+32 to 512+512, 1 × 3×192×128": lambda device: people(
        device, network="hnet", model="mask", **H_NET
    ),
}
SMALL: dict[str, Callable[[str], Step]] = {
    "PoseNet, 2 pictures": lambda device: posenet(device, batch=2),
    "U-Net of width 2, 64×32": lambda device: people(device, (64, 32), width=2, dropout=0.3),
}
WAYS = {"float32": (False, False), "fp16": (True, False), "recompute": (False, True)}
WARM_UP, STEPS = 3, 10


class Device:
    """How to wait for a device, and how much memory it has taken."""

    def __init__(self, name: str) -> None:
        self.name, self.xp = name, device_module(name)

    def wait(self) -> None:
        if self.name == "cuda":
            self.xp.cuda.get_current_stream().synchronize()

    def forget(self) -> None:
        """Begin to look for the most memory."""
        if self.name == "cuda":
            self.xp.get_default_memory_pool().free_all_blocks()
        else:
            tracemalloc.start()

    def peak(self) -> float:
        """MiB at most since ``forget``: what the pool holds, which gives nothing back meanwhile."""
        if self.name == "cuda":
            return self.xp.get_default_memory_pool().total_bytes() / 2**20
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        return peak


def take(step: Step, number: int, half: bool, recompute: bool) -> None:
    """One training step."""
    loss = sparing(step.loss) if recompute else step.loss
    with half_products() if half else nullcontext():
        step.net.reseed(0, 0, number)
        loss(step.net, step.batch).backward()
    step.optimizer.step()
    step.optimizer.zero_grad()


def measured(step: Step, device: Device, way: tuple[bool, bool]) -> tuple[float, float, float]:
    """Milliseconds until done and until asked for, medians; MiB."""
    step.net.train()
    device.forget()
    done, asked = [], []
    for number in range(WARM_UP + STEPS):
        device.wait()
        start = time.perf_counter()
        take(step, number, *way)
        asked.append(time.perf_counter() - start)
        device.wait()
        done.append(time.perf_counter() - start)
    peak = device.peak()
    return *(1e3 * float(np.median(t[WARM_UP:])) for t in (done, asked)), peak


def table(device: Device, steps: dict[str, Callable[[str], Step]]) -> str:
    """Markdown, a row for each network and way."""
    lines = ["| training step | | ms | ms to ask for it | peak memory, MiB |"]
    lines.append("|---|---|---:|---:|---:|")
    for name, make in steps.items():
        for label, way in WAYS.items():
            done, asked, peak = measured(make(device.name), device, way)
            lines.append(f"| {name} | {label} | {done:.3g} | {asked:.3g} | {peak:.0f} |")
    return "\n".join(lines)


def profile(device: Device, steps: dict[str, Callable[[str], Step]]) -> str:
    """The functions in which Python spends most of its time, of each network's steps."""
    parts = []
    for name, make in steps.items():
        step, watch = make(device.name), cProfile.Profile()
        step.net.train()
        take(step, 0, False, False)
        device.wait()
        watch.enable()
        for number in range(STEPS):
            take(step, number + 1, False, False)
        watch.disable()
        device.wait()
        out: Any = io.StringIO()
        pstats.Stats(watch, stream=out).strip_dirs().sort_stats("tottime").print_stats(12)
        rows = [line for line in out.getvalue().splitlines() if line.strip()]
        parts.append("\n".join([f"{name}, {STEPS} steps", *rows[2:]]))
    return "\n\n".join(parts)


def main() -> int:
    parser = Parser(prog="python -m tests.first_light.measure", description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    parser.add_argument("--tf32", action="store_true", help="products with 10 binary places")
    parser.add_argument("--small", action="store_true", help="small networks, to try this out")
    parser.add_argument("--profile", action="store_true", help="where Python spends its time")
    options = parser.parse_args()
    if options.tf32:
        allow_tf32()
    device = Device(resolve_device(options.device)[0])
    steps = SMALL if options.small else FULL
    print((profile if options.profile else table)(device, steps))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
