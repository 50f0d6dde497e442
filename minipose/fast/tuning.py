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
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from statistics import median

import numpy as np

from minipose.errors import Parser, UserError, line_of
from minipose.fast.choices import CHOICES, Choice, Work
from minipose.processors import processors

ROUNDS = 15
LONG, CALLS = 0.03, 16  # s that a candidate takes in a round, about, and calls in it at most
GAIN = 1.04  # times as fast as the built-in size, at least
MOST = 0.75  # of the rounds, in which it has to be faster: medians may differ by chance


def path() -> Path:
    """Where what was measured lies. Raises UserError for a user without a folder."""
    try:
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # in a container, for instance: no HOME, and unknown to the system
        raise UserError("this user has no home folder; set XDG_CACHE_HOME") from None
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
    _seconds(run, 1)  # which makes buffers
    calls = max(1, min(CALLS, int(LONG / _seconds(run, 1))))
    times: dict[int, list[float]] = {value: [] for value in {before, *choice.candidates}}
    try:
        for k in range(-1, rounds):
            for value in sorted(times, reverse=k % 2 == 0):
                choice.set(value)
                seconds = _seconds(run, calls)
                if k >= 0:  # in the first round buffers become as large as any candidate needs
                    times[value].append(seconds / calls)
    finally:
        choice.set(before)
    return times


def _seconds(run: Work, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start


def best(seconds: dict[int, list[float]], built_in: int) -> int:
    """The fastest, if it is clearly faster than what is built in, and in most rounds."""
    fastest = min(seconds, key=lambda value: median(seconds[value]))
    pairs = list(zip(seconds[fastest], seconds[built_in], strict=True))
    wins = sum(new < old for new, old in pairs)
    clearly = median(seconds[built_in]) > GAIN * median(seconds[fastest])
    return fastest if clearly and wins >= MOST * len(pairs) else built_in


def tune(choices: tuple[Choice, ...] = CHOICES, rounds: int = ROUNDS) -> dict[str, int]:
    """Measure all, print them, keep and use what is better."""
    found, kept_in = {}, path()
    kept_in.parent.mkdir(parents=True, exist_ok=True)  # before what takes half a minute
    for choice in choices:
        seconds = measure(choice, rounds)
        value = best(seconds, choice.value)
        timed = ", ".join(f"{v}: {1e3 * median(s):.2f} ms" for v, s in sorted(seconds.items()))
        kept = "stays" if value == choice.value else f"{choice.value} → {value}"
        print(f"{choice.module}.{choice.name}: {kept} ({timed})", flush=True)
        if value != choice.value:
            found[f"{choice.module}.{choice.name}"] = value
            choice.set(value)
    kept_in.write_text(json.dumps({"machine": machine(), "sizes": found}, indent=2) + "\n")
    print(f"kept in {kept_in}")
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


def main(arguments: Sequence[str] = ()) -> int:
    """Measure from the built-in sizes on."""
    Parser(
        prog="python -m minipose.fast.tuning", description=__doc__.partition("\n")[0]
    ).parse_args(arguments)
    os.environ["MINIPOSE_TUNED"] = "0"
    import_module("minipose.fast").load()
    try:
        tune()
    except (UserError, OSError) as error:  # a word for the number of threads, a full disk
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
