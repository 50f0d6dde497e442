"""``python -m tests.bench``: is minipose as fast as PyTorch? The tables of docs/performance.md.

Each case runs in two processes, minipose in one and PyTorch in the other, on the same weights,
batch and number of threads. First outputs and gradients are compared; then the two take turns, and
the medians of their times give the ratio. PyTorch is tried in three variants; the best one counts.
Results of other cases from earlier runs on the same machine stay in the table.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

from minipose.devices import allow_tf32, resolve_device
from minipose.errors import Parser
from tests.bench import cases, driver, growth, machine, ops_cases, results, tables

VARIANTS = ["eager", "channels-last", "compiled"]


def main(arguments: list[str] | None = None) -> int:
    names = [c.name for c in cases.CASES]
    parser = Parser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    parser.add_argument("--quick", action="store_true", help="few cases, PyTorch without compile")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="CASE",
        help=f"of {', '.join([*names, 'ops', 'small', 'growth'])}",
    )
    parser.add_argument(
        "--ops", nargs="+", metavar="OP", help="these alone: names of ops, or how their rows begin"
    )
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, help="of PyTorch")
    parser.add_argument("--tf32", action="store_true", help="TF32 products on a GPU, both sides")
    parser.add_argument(
        "--threads", type=_numbers, default=[2], help="of each side; 2 by default, or 1,2,4 in turn"
    )
    parser.add_argument(
        "--clock", default="wall", choices=driver.CLOCKS, help="processor, where others use it too"
    )
    parser.add_argument("--seconds", type=_seconds, default=driver.SECONDS, help="for each pair")
    parser.add_argument(
        "--runs", type=_count, default=1, help="of it all, one after another: medians and ranges"
    )
    parser.add_argument("--fresh", action="store_true", help="forget the results of earlier runs")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="put the tables between the markers of this page"
    )
    options = parser.parse_args(arguments)
    wrong = set(options.only or ()) - {*names, "ops", "small", "growth"}
    if wrong:
        parser.error(
            f"--only: expected some of {[*names, 'ops', 'small', 'growth']}, got {sorted(wrong)}"
        )
    strange = [name for name in options.ops or () if not ops_cases.chosen([name])]
    if strange:
        parser.error(f"--ops: expected names of ops, or how their rows begin, got {strange}")
    if options.ops:
        options.only = [*(options.only or ()), "ops"]
    try:
        device, reason = resolve_device(options.device)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(reason)
    if options.tf32:
        allow_tf32()  # in this process's environment, which its workers get
    for threads in options.threads:
        run(options, device, threads)
    return 0


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return seconds


def _numbers(text: str) -> list[int]:
    numbers = [int(each) for each in text.split(",") if each.isdecimal() and int(each) > 0]
    if len(numbers) != len(text.split(",")):
        raise argparse.ArgumentTypeError(f"expected whole numbers such as 1,2,4, got {text!r}")
    return numbers


def run(options: argparse.Namespace, device: str, threads: int) -> None:
    """Measure with so many threads, keep, print and write."""
    driver.prepare(threads, options.clock)
    label = "-".join(
        [device, *(["tf32"] if options.tf32 else []), *_unusual(threads, options.clock)]
    )
    about = f"{machine.describe(device)}; {threads} threads; {options.clock} time"
    kept = results.Results(label, about, options.fresh)
    for number in range(options.runs):
        if options.runs > 1:
            print(f"run {number + 1} of {options.runs}", flush=True)
        _measure(options, device, kept, again=number > 0)
    if options.write:
        tables.write(kept, options.write)


def _measure(options: argparse.Namespace, device: str, kept: results.Results, again: bool) -> None:
    """One run of all that is asked for."""
    variants = options.variants or (VARIANTS[:2] if options.quick else VARIANTS)
    for case in cases.CASES:
        chosen = case.name in (options.only or (cases.QUICK if options.quick else {case.name}))
        if chosen:
            start = time.perf_counter()
            row = driver.run_case(case, variants, device, options.seconds)
            kept.add("networks", case.name, row, again)
            print(f"{tables.line(row)}  ({time.perf_counter() - start:.0f} s)", flush=True)
    if "ops" in options.only if options.only else True:
        for name, row in ops_cases.run(device, options.quick, options.seconds, options.ops):
            kept.add("ops", name, row, again)
            print(tables.op_line(row), flush=True)
    if "small" in options.only if options.only else not options.quick:
        for name, row in ops_cases.small(device, options.seconds):
            kept.add("small", name, row, again)
            print(tables.small_line(row), flush=True)
    if not again and ("growth" in options.only if options.only else not options.quick):
        kept.add("growth", "growth", growth.run(device))


def _unusual(threads: int, clock: str) -> list[str]:
    """What tells this run's results from those of the default settings."""
    return ([] if threads == 2 else [f"{threads}-threads"]) + ([] if clock == "wall" else [clock])


if __name__ == "__main__":
    raise SystemExit(main())
