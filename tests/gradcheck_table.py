"""``python -m tests.gradcheck_table``: how well every derivative agrees with differences.

One line for each op and each loss, over all rows of its tables (in ``tests/ops``, and in
``tests/fast`` for each algorithm): the inputs whose derivative was looked at, the calls drawn, the
numbers compared, and the worst relative error of an entry (``gradcheck`` says relative to what), of
the op as it is computed here (by ``minipose.fast`` where that is faster) and as it is written.
Every entry of every input is compared, in float64 with h = 1e-5 and a random cotangent. Below, each
network as a whole: all its parameters and its input moved along one random direction, the error
relative to the slope (or to a thousandth of the gradient). The exit status is 1 if any error is
above the tolerance.
"""

from __future__ import annotations

import importlib.util
import inspect
import math
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

import minipose.losses
from minipose import ops
from minipose.backend import device_module
from minipose.devices import resolve_device
from minipose.errors import Parser
from minipose.gradcheck import GradientError, check_direction, check_gradients
from minipose.kernels.faster import plain_only
from tests.ops import tables
from tests.ops.case import Call, Case
from tests.whole import Job, jobs

TOLERANCE = 1e-6
DEVICE_ENTRIES = 3  # of each input: a slope on a GPU waits for two transfers
FORMS = {"here": nullcontext, "plain": plain_only}


@dataclass
class Line:
    """What is printed about one op; the worst error of each form."""

    op: str
    inputs: str
    calls: int = 0
    entries: int = 0
    worst: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FORMS, 0.0))

    def note(self, form: str, error: float) -> None:
        self.worst[form] = max(self.worst[form], error)

    def __str__(self) -> str:
        errors = " ".join(f"{error:10.1e}" for error in self.worst.values())
        counts = f"{self.calls:6d} {self.entries:8d}"
        return f"{self.op:26s} {self.inputs:20s} {counts} {errors} {TOLERANCE:10.0e}"


def every_case() -> list[Case]:
    """The rows of ``tests/ops``, and those that ask for one algorithm, where it was not deleted."""
    if importlib.util.find_spec("tests.fast") is None:
        return tables.CASES
    return [*tables.CASES, *importlib.import_module("tests.fast.test_every_algorithm").CASES]


def draw(case: Case, examples: int, first: int) -> list[Call]:
    """Calls of one row, the same for the same ``first``."""
    found: list[Call] = []

    @seed(first)
    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(call=case.calls)
    def collect(call: Call) -> None:
        found.append(call)

    collect()
    return found


def worst(check: Callable, function: Callable, arrays: list[np.ndarray], first: int) -> float:
    """The worst error that the check saw, also if that is too large."""
    for rtol in (TOLERANCE, math.inf):
        try:
            return check(function, arrays, rtol=rtol, seed=first).worst
        except GradientError:
            continue
    return math.inf  # no tolerance is wide enough for a NaN


def examine(line: Line, case: Case, call: Call, first: int, xp: ModuleType = np) -> None:
    """Compare one call in each form and note it in ``line``."""
    check = check_gradients if xp is np else partial(check_gradients, entries=DEVICE_ENTRIES)

    def function(*tensors):
        return case.op(*tensors, **call.options)

    line.calls += 1
    line.entries += sum(values.size for values in call.values)
    for form, within in FORMS.items():
        with within():
            line.note(form, worst(check, function, call.arrays(xp), first))


def examine_whole(job: Job, first: int) -> Line:
    """One slope of one network."""
    count = sum(p.size for p in job.network.parameters())
    line = Line(str(job), f"{count} parameters", calls=1, entries=1)
    function, arrays = job.function(), job.arrays()  # once: it puts Tensors in place of parameters
    for form, within in FORMS.items():
        with within():
            line.note(form, worst(check_direction, function, arrays, first))
    return line


def inputs_of(name: str, most: int) -> str:
    """The names of the op's differentiable inputs, of which ``most`` were given."""
    function = getattr(ops, name, None) or getattr(minipose.losses, name)
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if _differentiable(str(p.annotation))]
    return ", ".join(names[:most])


def _differentiable(annotation: str) -> bool:
    return "Tensor" in annotation or annotation == "Operand"


def main() -> int:
    parser = Parser(prog="python -m tests.gradcheck_table", description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="calls drawn for each row")
    parser.add_argument("--seed", type=int, default=0, help="of the calls and the cotangents")
    parser.add_argument("--only", default="", help="ops whose name contains this")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    options = parser.parse_args()
    device, said = resolve_device(options.device)
    xp = device_module(device)
    if xp is not np:
        print(f"{said}; of each input {DEVICE_ENTRIES} entries; no networks")
    rows: dict[str, list[Case]] = defaultdict(list)
    for case in every_case():
        if options.only in case.op_name:
            rows[case.op_name].append(case)
    errors = " ".join(f"{f'worst {form}':>10s}" for form in FORMS)
    print(f"{'op':26s} {'inputs':20s} {'cases':>6s} {'entries':>8s} {errors}  tolerance")
    lines = []
    for name, cases in rows.items():
        drawn = [
            (case, call) for case in cases for call in draw(case, options.examples, options.seed)
        ]
        line = Line(name, inputs_of(name, max(len(call.values) for _, call in drawn)))
        for i, (case, call) in enumerate(drawn):
            examine(line, case, call, options.seed + i, xp)
        print(line, flush=True)
        lines.append(line)
    total = Line("all ops", "", sum(l.calls for l in lines), sum(l.entries for l in lines))
    for line in lines:
        for form, error in line.worst.items():
            total.note(form, error)
    print(total)
    for job in jobs(options.seed) if xp is np else ():
        if options.only in job.name:
            lines.append(examine_whole(job, options.seed))
            print(lines[-1], flush=True)
    wrong = [line.op for line in lines if not max(line.worst.values()) <= TOLERANCE]
    if wrong:
        print(f"above the tolerance: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
