"""Two processes, two threads each, in turn: what one number in the table is made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

import numpy as np

from tests.bench import cases

CLOCKS = {"wall": "perf_counter", "processor": "process_time"}
ROUNDS, LEAST_ROUNDS = 9, 3
TURN = 0.4  # s: short steps are repeated for so long
SECONDS = 40.0  # for the rounds of one pair
REST = 0.1  # s: threads that wait by spinning go to sleep before the other side's turn
TOLERANCE = 2e-3  # of the norm, see ``compare``
TF32_TOLERANCE = (
    2e-2  # where both sides round factors to 10 binary places, in products of their own
)


THREAD_SETTINGS = ("MINIPOSE_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def prepare(threads: int, clock: str) -> None:
    """Settings for the workers, which read them as they start.

    The clock that counts is the one on the wall. Where other programs keep a machine busy, the
    processor's, with one thread, still tells how much work each side does.
    """
    os.environ |= {name: str(threads) for name in THREAD_SETTINGS}
    os.environ["BENCH_CLOCK"] = CLOCKS[clock]


class Worker:
    """A process that holds one side of a case."""

    def __init__(self, side: str, case: object, variant: str, device: str, weights: str) -> None:
        about = json.dumps(asdict(case)) if isinstance(case, cases.Case) else str(case)
        command = [
            sys.executable,
            "-m",
            "tests.bench.worker",
            side,
            about,
            variant,
            device,
            weights,
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.what = f"{side} ({variant})"

    def ask(self, *command: object) -> object:
        """The answer to one command."""
        print(*command, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(f"bench: {self.what} ended at {command[0]!r}, see above")
        return json.loads(line)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()  # at which it ends by itself
        self.process.wait()


def run_case(case: cases.Case, variants: list[str], device: str, seconds: float) -> dict:
    """Everything about one case, each variant of PyTorch paired with minipose."""
    with tempfile.TemporaryDirectory() as folder:
        weights = str(Path(folder) / "weights.npz")
        np.savez(weights, **cases.weights(case))
        with Worker("ours", case, "minipose", device, weights) as ours:
            mine = Path(folder) / "ours.npz"
            same = case.network != "hnet"  # else there is nothing to compare
            ours.ask("check", mine)
            ceiling = ours.ask("ceiling")
            pairs = {}
            for variant in variants:
                with Worker("theirs", case, variant, device, weights) as theirs:
                    try:
                        theirs.ask("check", Path(folder) / "theirs.npz")
                    except ChildProcessError as error:
                        print(f"{case.name}: no numbers for {variant}: {error}", file=sys.stderr)
                        continue
                    difference = compare(mine, Path(folder) / "theirs.npz") if same else None
                    pairs[variant] = {
                        **pair(ours, theirs, seconds),
                        "memory": theirs.ask("memory"),
                        "difference": difference,
                    }
            row = {"memory": ours.ask("memory"), "ceiling": ceiling, "pairs": pairs}
    if not pairs:
        raise ChildProcessError(f"bench: no variant of PyTorch ran {case.name}")
    return {**asdict(case), **row, "arithmetic": cases.arithmetic(case), **summary(pairs)}


def pair(
    ours: Worker, theirs: Worker, budget: float, *, rounds: int = ROUNDS, turn: float = TURN
) -> dict:
    """Median seconds a step of both, which take turns so that disturbances hit both."""
    first = [max(w.ask("time", 1), w.ask("time", 1)) for w in (ours, theirs)]
    counts = [max(1, min(200, round(turn / max(t, 1e-6)))) for t in first]
    seconds = sum(t * n for t, n in zip(first, counts, strict=True))
    rounds = max(LEAST_ROUNDS, min(rounds, int(budget / seconds)))
    times: tuple[list, list] = ([], [])
    for k in range(rounds):
        for i in (0, 1) if k % 2 == 0 else (1, 0):
            times[i].append((ours, theirs)[i].ask("time", counts[i]))
            time.sleep(REST)
    mine, others = (median(t) for t in times)
    return {"ours": mine, "theirs": others, "ratio": others / mine, "rounds": rounds}


def summary(pairs: dict[str, dict]) -> dict:
    """The variant that counts: the one that minipose leads by least."""
    best = min(pairs, key=lambda name: pairs[name]["ratio"])
    return {"best": best, "ratio": pairs[best]["ratio"]}


def compare(mine: Path, theirs: Path) -> float:
    """The largest ‖a − b‖ / ‖b‖ of outputs and gradients; above the tolerance nothing is timed.

    Norms, since the two sides round differently: where two candidates of a max-pool differ by a
    rounding error, each may pick another one, and a few elements of a gradient move.
    """
    tolerance = TF32_TOLERANCE if os.environ.get("CUPY_TF32") == "1" else TOLERANCE
    worst = 0.0
    with np.load(mine) as a, np.load(theirs) as b:
        if set(a.files) != set(b.files):
            raise AssertionError(f"bench: different results: {set(a.files) ^ set(b.files)}")
        for name in a.files:
            x, y = a[name].astype(np.float64), b[name].astype(np.float64)
            if x.shape != y.shape:
                raise AssertionError(f"bench: {name}: shape {x.shape}, PyTorch has {y.shape}")
            norm = np.linalg.norm(y)
            difference = float(np.linalg.norm(x - y) / (norm if norm > 0 else 1))
            if not difference <= tolerance:
                raise AssertionError(
                    f"bench: {name} differs from PyTorch's by {difference:.1e} of its norm, "
                    f"expected at most {tolerance:g}: nothing is timed"
                )
            worst = max(worst, difference)
    return worst
