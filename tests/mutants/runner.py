"""One process of the mutation run: pytest collects once, then its items are run again and again.

An altered function is put in place by exchanging the code of the function object itself, so every
module that imported it sees the change, and taking it back is one assignment.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from minipose import Tensor
from minipose.backend import array_module
from tests.mutants.mutate import Mutant, Target, mutants, targets

TESTS = ["tests/ops", "tests/kernels", "tests/test_tensor.py", "tests/test_graph.py"]


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant; ``killed_by`` is empty if no test failed.

    ``possible`` is False if there was nothing to alter: a vector cannot be transposed.
    """

    function: str
    key: str
    line: int
    tests: int
    killed_by: str
    possible: bool


def read_outcomes(path: Path) -> list[Outcome]:
    """What ``main`` wrote."""
    return [Outcome(**fields) for fields in json.loads(path.read_text(encoding="utf-8"))]


class Alter:
    """Makes a gradient wrong, or each of a tuple, in an altered function."""

    def __init__(self) -> None:
        self.possible = False  # whether the alteration made sense for anything so far

    def __call__(self, how: str, grad: Any) -> Any:
        if isinstance(grad, (tuple, list)):
            return type(grad)(self(how, g) for g in grad)
        if isinstance(grad, Tensor) and not grad.requires_grad:  # a target: its numbers
            return Tensor(self(how, grad.data))
        if grad is None or isinstance(grad, (bool, dict)):
            return grad
        if how == "transposed" and getattr(grad, "ndim", 0) < 2:
            return grad
        if how == "shifted by one" and getattr(grad, "ndim", 0) < 1:
            return grad
        self.possible = True
        return ALTER[how](grad)


def _transposed(grad: Any) -> Any:
    return grad.swapaxes(-1, -2) if grad.shape[-1] == grad.shape[-2] else grad


def _shifted(grad: Any) -> Any:
    return array_module(grad).concatenate([grad[..., 1:], grad[..., :1]], axis=-1)


ALTER = {
    "zeroed": lambda grad: grad * 0,
    "times 7": lambda grad: grad * 7,
    "sign flipped": lambda grad: -grad,
    "transposed": _transposed,
    "shifted by one": _shifted,
}


class MutationRun:
    """A pytest plugin that replaces the loop over the collected tests."""

    def __init__(self, only: str, share: int, shares: int) -> None:
        self.outcomes: list[Outcome] = []
        self.targets = [t for t in targets() if only in f"{t.module}.{t.function}"]
        self.share, self.shares = share, shares

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "native"  # nobody reads the reports; this kind is made quickly

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        executed_by = self._who_executes_what(session.items)
        everything = [(t, m) for t in self.targets for m in mutants(t)]
        for target, mutant in everything[self.share :: self.shares]:
            self.outcomes.append(self._judge(mutant, executed_by[_place(target)]))
        return True

    def _who_executes_what(self, items: list[pytest.Item]) -> dict:
        """For each derivative the tests that run it, fastest first. All have to pass."""
        places = {_place(t) for t in self.targets}
        times: dict[tuple, list] = defaultdict(list)
        seen: set[tuple] = set()

        def look(frame: FrameType, event: str, argument: object) -> None:
            code = frame.f_code
            if event == "call" and (code.co_filename, code.co_firstlineno) in places:
                seen.add((code.co_filename, code.co_firstlineno))

        for item in items:
            seen.clear()
            threading.setprofile(look)
            sys.setprofile(look)
            start = time.process_time()
            failed = _fails(item)
            spent = time.process_time() - start
            sys.setprofile(None)
            threading.setprofile(None)
            if failed:
                raise pytest.UsageError(f"fails without any change: {item.nodeid}")
            for place in seen:
                times[place].append((spent, item))
        return {place: sorted(runs, key=lambda run: run[0]) for place, runs in times.items()} | {
            place: [] for place in places - times.keys()
        }

    def _judge(self, mutant: Mutant, runs: list[tuple[float, pytest.Item]]) -> Outcome:
        function = getattr(importlib.import_module(mutant.module), mutant.function)
        with _Changed(function, mutant.code) as alter:
            killer = next((item for t, item in runs if _fails(item, 5 + 20 * t)), None)
        if killer is not None and _fails(killer):  # it would notice whatever is put before it
            raise pytest.UsageError(f"still fails after {mutant.key}: {killer.nodeid}")
        possible = alter.possible or mutant.change not in ALTER
        name = "" if killer is None else killer.nodeid
        return Outcome(mutant.name, mutant.key, mutant.line, len(runs), name, possible)


class _Changed:
    """The function with other code, inside a ``with``."""

    def __init__(self, function: Callable, code: CodeType) -> None:
        self.function, self.code, self.before = function, code, function.__code__

    def __enter__(self) -> Alter:
        alter = self.function.__globals__["__alter__"] = Alter()
        self.function.__code__ = self.code
        return alter

    def __exit__(self, *_: object) -> None:
        self.function.__code__ = self.before
        del self.function.__globals__["__alter__"]


def _place(target: Target) -> tuple[str, int]:
    """Where the derivative is defined, as its code object tells it."""
    module = importlib.import_module(target.module)
    return module.__file__, target.part.lineno


def _fails(item: pytest.Item, patience: float = 0.0) -> bool:
    """Run one test; one that computes for more than ``patience`` seconds (if any) has failed."""
    item._initrequest()  # fresh fixtures: an item is made for one run
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, patience)  # of this process, whatever others do
    try:
        return any(report.failed for report in runtestprotocol(item, nextitem=None, log=False))
    except (TimeoutError, SystemError):  # the alarm came while pytest wrote its report
        signal.setitimer(signal.ITIMER_PROF, 0)
        item.session._setupstate.teardown_exact(None)  # or every later test would fail
        return True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_long(*_: object) -> None:
    raise TimeoutError("the altered function does not come to an end")


def main(path: str, only: str, tests: str, share: str, shares: str) -> int:
    """Write the outcomes of one share of the mutants to ``path``; 0 if all could be judged."""
    os.environ["MINIPOSE_PROFILE"] = "mutants"
    run = MutationRun(only, int(share), int(shares))
    quiet = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:terminal"]
    status = pytest.main([*TESTS, *quiet, "--device", "cpu", "-k", tests], plugins=[run])
    fields = [asdict(outcome) for outcome in run.outcomes]
    Path(path).write_text(json.dumps(fields), encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
