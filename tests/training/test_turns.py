"""How a rank waits for what MPI does: one call after another, and when it sleeps."""

import itertools
from collections import deque

import pytest

from minipose.training import communicator_mpi
from minipose.training.communicator_mpi import InTurn


def test_a_call_begins_when_those_before_it_are_complete():
    """And whoever waits for a later one lets the earlier ones go on."""
    log = []

    class Request:
        def __init__(self, name, looks):
            self.name, self.looks = name, looks
            log.append(f"begin {name}")

        def Test(self):
            self.looks -= 1
            if self.looks == 0:
                log.append(f"end {self.name}")
            return self.looks <= 0

    calls = deque()
    first, second, third = (
        InTurn(calls, lambda name=name, looks=looks: Request(name, looks))
        for name, looks in (("a", 2), ("b", 1), ("c", 9))
    )
    assert log == ["begin a", "end a", "begin b", "end b", "begin c"]
    assert first.test() and second.test() and not calls[0].test()
    third.wait()
    assert log[-1] == "end c" and not calls


@pytest.mark.parametrize(("calls", "naps"), [(deque(), False), (None, True)])
def test_only_ranks_that_share_a_core_soon_sleep_while_they_wait(calls, naps, monkeypatch):
    """MPI works at a sum while it is looked at, and a core of its own is nobody else's."""
    slept, looks = [], iter(range(10))

    class Request:
        def Test(self):
            return next(looks) == 9

    clock = itertools.count()
    monkeypatch.setattr(communicator_mpi.time, "perf_counter", lambda: 1e-3 * next(clock))
    monkeypatch.setattr(communicator_mpi.time, "sleep", slept.append)
    InTurn(calls, Request).wait()
    assert bool(slept) == naps
