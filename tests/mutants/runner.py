"""The mutation run: pytest collects once, then a copy of the process judges each altered function.

An altered function is put in place by exchanging the code of the function object itself, so every
module that imported it sees the change. That happens in a fork of the process, which ends with its
verdict: nothing that a wrong derivative leaves behind, or that was stopped halfway, can reach the
next one.
"""

from __future__ import annotations

import importlib
import inspect
import operator
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from tqdm import tqdm

from minipose import Tensor
from minipose.backend import array_module
from tests.mutants.mutate import Mutant, Target, mutants, targets

TESTS = ["tests/ops", "tests/kernels", "tests/test_tensor.py", "tests/test_graph.py"]
FAST = "tests/fast"  # is left out where it was deleted
OTHERS = "tests/fast/test_replicas.py"  # waits for processes, in which nothing stops the clock
NOTICED, SURVIVED, IMPOSSIBLE = 10, 11, 12  # how a fork ends; it may also be stopped
Runs = list[tuple[float, pytest.Item]]  # tests and the seconds that each takes, in order


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant; ``noticed_by`` is empty if no test failed.

    ``possible`` is False if there was nothing to alter: a vector cannot be transposed.
    """

    function: str
    key: str
    line: int
    tests: int
    noticed_by: str
    possible: bool


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

    def __init__(self, only: str, processes: int) -> None:
        self.outcomes: list[Outcome] = []
        self.targets = [t for t in targets() if only in t.name]
        self.processes = processes

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "native"  # nobody reads the reports; this kind is made quickly

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            raise pytest.UsageError(f"cannot be collected: {report.longreprtext}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        runs = self._who_executes_what(session.items)
        pairs = [(m, runs[_place(t)]) for t in self.targets for m in mutants(t)]
        outcomes = _judge_all(pairs, self.processes)
        self.outcomes += tqdm(outcomes, "mutants", total=len(pairs), mininterval=2)
        return True

    def _who_executes_what(self, items: list[pytest.Item]) -> dict[tuple, Runs]:
        """For each derivative the tests that run it. All have to pass as things are."""
        places = {_place(t) for t in self.targets}
        times: dict[tuple, Runs] = defaultdict(list)
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
        return {_place(t): sorted(times[_place(t)], key=_order(t)) for t in self.targets}


def _judge_all(pairs: list[tuple[Mutant, Runs]], processes: int) -> Iterator[Outcome]:
    """The outcomes, as they come; ``processes`` forks at a time."""
    running: dict[int, tuple[Mutant, Runs, int]] = {}
    for mutant, runs in pairs:
        if len(running) == processes:
            yield _verdict(running)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os._exit(_judge(mutant, runs, writer))
        os.close(writer)
        running[pid] = mutant, runs, reader
    while running:
        yield _verdict(running)


def _verdict(running: dict[int, tuple[Mutant, Runs, int]]) -> Outcome:
    """Wait for the next fork to end, and for what it says."""
    pid, status = os.wait()
    mutant, runs, reader = running.pop(pid)
    with open(reader, "rb") as pipe:
        begun = len(pipe.read())
    ended = os.waitstatus_to_exitcode(status)
    if ended not in (NOTICED, SURVIVED, IMPOSSIBLE, -signal.SIGPROF) and ended >= 0:
        raise pytest.UsageError(f"{mutant.key}: a fork ended with {ended}")
    survived = ended in (SURVIVED, IMPOSSIBLE)
    noticed_by = "" if survived else runs[begun - 1][1].nodeid
    possible = ended != IMPOSSIBLE
    return Outcome(mutant.name, mutant.key, mutant.line, len(runs), noticed_by, possible)


def _judge(mutant: Mutant, runs: Runs, writer: int) -> int:
    """Run the tests until one fails. Happens in a fork; what it says is one byte for each test."""
    find = operator.attrgetter(mutant.function)
    function = inspect.unwrap(find(importlib.import_module(mutant.module)))
    alter = function.__globals__["__alter__"] = Alter()
    function.__code__ = mutant.code
    for usual, item in runs:
        os.write(writer, b".")
        signal.setitimer(signal.ITIMER_PROF, 5 + 20 * usual)  # no end: the signal ends the fork
        if _fails(item):
            return NOTICED
    return SURVIVED if alter.possible or mutant.change not in ALTER else IMPOSSIBLE


def _order(target: Target) -> Callable[[tuple[float, pytest.Item]], tuple[bool, float]]:
    """The tests that are named after a function's module come first, each kind fastest first.

    What every test of an op runs, such as the engine, is a wrong number to few of them.
    """
    own = "test_" + target.module.rpartition(".")[2]
    return lambda run: (run[1].path.stem != own, run[0])


def _place(target: Target) -> tuple[str, int]:
    """Where the derivative is defined, as its code object tells it: with its decorators."""
    module, part = importlib.import_module(target.module), target.part
    return module.__file__, min(node.lineno for node in (part, *part.decorator_list))


def _fails(item: pytest.Item) -> bool:
    item._initrequest()  # fresh fixtures: an item is made for one run
    return any(report.failed for report in runtestprotocol(item, nextitem=None, log=False))


def judge(only: str, tests: str, processes: int) -> list[Outcome] | None:
    """The outcomes of all mutants of functions named so; None if pytest itself failed."""
    os.environ["MINIPOSE_PROFILE"] = "mutants"
    run = MutationRun(only, processes)
    quiet = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:terminal"]
    folders = [*TESTS, *([FAST] if os.path.isdir(FAST) else []), "--ignore", OTHERS]
    status = pytest.main([*folders, *quiet, "--device", "cpu", "-k", tests], plugins=[run])
    return None if status else run.outcomes
