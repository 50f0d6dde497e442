"""One number of processors for kernels, trainings at once, ranks and the book."""

import os

import pytest

from minipose.errors import UserError
from minipose.processors import available, processors


def test_those_that_this_process_may_run_on(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 8}, raising=False)
    for asked in (None, ""):
        if asked is None:
            monkeypatch.delenv("MINIPOSE_THREADS", raising=False)
        else:
            monkeypatch.setenv("MINIPOSE_THREADS", asked)
        assert processors() == available() == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # as on a Mac, which has none
    for found, expected in ((7, 7), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda found=found: found)
        assert processors() == expected


@pytest.mark.parametrize(("asked", "expected"), [("1", 1), ("64", 64), ("0", 1)])
def test_as_many_as_were_asked_for(monkeypatch, asked, expected):
    monkeypatch.setenv("MINIPOSE_THREADS", asked)
    assert processors() == expected


@pytest.mark.parametrize("asked", ["x", "-1", "1.5", "²", " "])
def test_what_is_no_number_is_named(monkeypatch, asked):
    monkeypatch.setenv("MINIPOSE_THREADS", asked)
    with pytest.raises(
        UserError, match=f"^MINIPOSE_THREADS: expected a whole number, got '{asked}'$"
    ):
        processors()
