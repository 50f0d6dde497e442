"""``python -m tests.bench.plain``: a training step as the ops define it beside the fast one.

Both in one process, in turn, on the same weights; the ratio is that of neighbouring steps. The fast
layer has told the C library to keep freed memory, which serves the plain steps as well.
"""

from __future__ import annotations

import os
import time

import numpy as np

from minipose.errors import Parser
from minipose.kernels.faster import plain_only
from tests.bench import cases

TRAINED = [case for case in cases.CASES if case.training and case.name != "unet-8-train"]


def ratios(case: cases.Case, pairs: int) -> np.ndarray:
    """Seconds of (fast, plain) steps, (pairs, 2)."""
    os.environ.setdefault("MINIPOSE_THREADS", str(len(os.sched_getaffinity(0))))
    os.environ["BENCH_CLOCK"] = "process_time"  # so that no batch is split over processes
    from tests.bench.ours import Side

    step = Side(case, "minipose", "cpu", cases.weights(case)).step()

    def plain() -> None:
        with plain_only():
            step()

    step()
    plain()
    return np.array([[_seconds(step), _seconds(plain)] for _ in range(pairs)])


def _seconds(step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def main() -> int:
    """Print a table."""
    parser = Parser(prog="python -m tests.bench.plain", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--pairs", type=int, default=5, help="of steps (default: 5)")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error(f"--pairs: expected 1 or more, got {options.pairs}")
    chosen = [case for case in TRAINED if options.only in case.name]
    if not chosen:
        parser.error(f"--only: expected part of one of {[case.name for case in TRAINED]}")
    print("| training step | fast | plain | plain : fast, median (range) |\n|---|---:|---:|---:|")
    for case in chosen:
        times = ratios(case, options.pairs)
        fast, plain = np.median(times, axis=0)
        each = times[:, 1] / times[:, 0]
        title = case.title.removesuffix(", training step").replace(" beside PyTorch's U-Net", "")
        print(
            f"| {title} | {fast:.3f} s | {plain:.3f} s | "
            f"{np.median(each):.2f} ({each.min():.2f}-{each.max():.2f}) |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
