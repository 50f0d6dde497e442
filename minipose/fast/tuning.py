"""``python -m minipose.fast.tuning``: measure the sizes of tasks on this machine and keep them.

The fast kernels cut their work into tasks, by sizes that were measured on two cores with 1 MB of
cache each. Another machine may like others better. For each size the candidates take turns at one
piece of work, so that a disturbance hits all; the fastest is kept if it is clearly faster than what
is built in. What is found lies in the user's cache folder and holds for this processor, this NumPy
and this number of threads; without it, and with ``MINIPOSE_TUNED=0``, the built-in sizes hold.

Other sizes add up sums in another order: results then differ by rounding from those of a machine
with the built-in ones.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from minipose.processors import processors

ROUNDS = 9
GAIN = 1.04  # times as fast as the built-in size, at least
MOST = (
    0.75  # of the rounds, in which it has to be faster: on a busy machine medians differ by chance
)


class Choice(NamedTuple):
    """A size, what it may be instead, and the work at which the candidates are measured."""

    module: str
    name: str
    candidates: tuple[int, ...]
    work: Callable[[], Callable[[], object]]

    @property
    def place(self) -> tuple[object, str]:
        return import_module(f"minipose.fast.{self.module}"), self.name

    @property
    def value(self) -> int:
        return getattr(*self.place)

    def set(self, value: int) -> None:
        setattr(*self.place, value)


def _convolution(module: str, x: tuple[int, ...], kernel: tuple[int, ...], function: str):
    """Forward, or dL/dw, of one convolution with a margin, channels last."""

    def work() -> Callable[[], object]:
        from minipose.fast.layout import channels_first

        rng = np.random.default_rng(0)
        n, c, h, w = x
        images = channels_first(rng.standard_normal((n, h, w, c), dtype=np.float32))
        weight = rng.standard_normal(kernel, dtype=np.float32)
        of = import_module(f"minipose.fast.{module}")
        steps = () if module == "winograd" else ((1, 1),)
        y = of.forward(images, weight, *steps, (1, 1))
        if function == "forward":
            return lambda: of.forward(images, weight, *steps, (1, 1))
        size = kernel[2] if module == "winograd" else kernel[2:]
        return lambda: of.backward_weight(y, images, size, *steps, (1, 1))

    return work


def _pointwise() -> Callable[[], object]:
    from minipose import ops
    from minipose.tensor import Tensor

    x = Tensor(np.random.default_rng(0).standard_normal((1 << 21,), dtype=np.float32))
    return lambda: ops.sigmoid(x)


CHOICES = (
    Choice("winograd", "TILES", (96, 192, 384),
           _convolution("winograd", (1, 64, 192, 128), (64, 64, 3, 3), "forward")),
    Choice("winograd", "GROUP", (256, 512, 1024),
           _convolution("winograd", (1, 64, 192, 128), (64, 64, 3, 3), "weight")),
    Choice("strips", "STRIP_BYTES", (1 << 19, 1 << 20, 1 << 21),
           _convolution("strips", (4, 16, 96, 64), (16, 16, 3, 3), "forward")),
    Choice("columns", "BLOCK_BYTES", (1 << 19, 1 << 20, 1 << 21),
           _convolution("columns", (64, 8, 28, 28), (16, 8, 3, 3), "forward")),
    Choice("workers", "PIECE", (1 << 15, 1 << 16, 1 << 17), lambda: _pointwise()),
)  # fmt: skip


def path() -> Path:
    """Where what was measured lies."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "minipose" / "tuned.json"


def machine() -> dict[str, object]:
    """What the sizes depend on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "model": _model(),
        "numpy": np.__version__,
        "threads": processors(),
    }


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return ",".join(sorted({x for x in lines if x.startswith(("model name", "cache size"))}))


def measure(choice: Choice, rounds: int = ROUNDS) -> dict[int, list[float]]:
    """Seconds of each candidate in each round; the size is left as it was."""
    before, run = choice.value, choice.work()
    times: dict[int, list[float]] = {value: [] for value in {before, *choice.candidates}}
    try:
        for k in range(-1, rounds):
            for value in sorted(times, reverse=k % 2 == 0):
                choice.set(value)
                start = time.perf_counter()
                run()
                if k >= 0:  # the first round makes buffers
                    times[value].append(time.perf_counter() - start)
    finally:
        choice.set(before)
    return times


def best(seconds: dict[int, list[float]], built_in: int) -> int:
    """The fastest, if it is clearly faster than what is built in, and in most rounds."""
    fastest = min(seconds, key=lambda value: median(seconds[value]))
    pairs = list(zip(seconds[fastest], seconds[built_in], strict=True))
    wins = sum(new < old for new, old in pairs)
    clearly = median(seconds[built_in]) > GAIN * median(seconds[fastest])
    return fastest if clearly and wins >= MOST * len(pairs) else built_in


def tune(choices: tuple[Choice, ...] = CHOICES, rounds: int = ROUNDS) -> dict[str, int]:
    """Measure all, print them, keep and use what is better."""
    found = {}
    for choice in choices:
        seconds = measure(choice, rounds)
        value = best(seconds, choice.value)
        timed = ", ".join(f"{v}: {1e3 * median(s):.2f} ms" for v, s in sorted(seconds.items()))
        kept = "stays" if value == choice.value else f"{choice.value} → {value}"
        print(f"{choice.module}.{choice.name}: {kept} ({timed})", flush=True)
        if value != choice.value:
            found[f"{choice.module}.{choice.name}"] = value
            choice.set(value)
    path().parent.mkdir(parents=True, exist_ok=True)
    path().write_text(json.dumps({"machine": machine(), "sizes": found}, indent=2) + "\n")
    print(f"kept in {path()}")
    return found


def use() -> bool:
    """Take the sizes that were kept for this machine; whether there are any."""
    if os.environ.get("MINIPOSE_TUNED") == "0":
        return False
    try:
        kept = json.loads(path().read_text(encoding="utf-8"))
        sizes = dict(kept["sizes"]) if kept["machine"] == machine() else {}
    except (OSError, ValueError, TypeError, KeyError):  # none, or not one of ours
        return False
    known = {f"{choice.module}.{choice.name}": choice for choice in CHOICES}
    for name, value in sizes.items():
        if name in known and value in known[name].candidates:
            known[name].set(value)
    return bool(sizes)


def main() -> int:
    """Measure from the built-in sizes on."""
    os.environ["MINIPOSE_TUNED"] = "0"
    import_module("minipose.fast").load()
    tune()
    return 0


if __name__ == "__main__":
    sys.exit(main())
