"""A job that hangs or crashes on a file is lost, and only that one."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from data_tools import patience
from data_tools.patience import apart, in_order, still_working
from minipose.errors import UserError


def hang(_):
    """As a loop in a C library does: it holds the interpreter, so nothing in it can step in."""
    ctypes.PyDLL(None).sleep(60)


def crash(_):
    ctypes.string_at(0)


def slow(job):
    for _ in range(6):
        time.sleep(0.2)
        still_working()
    return job


WORK = {"hang": hang, "crash": crash, "slow": slow}


def work(job):
    return WORK[job](job) if job in WORK else job


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.8)


def run(jobs, folder, workers=2):
    notes = [folder / f"{k}.note" for k in range(len(jobs))]
    return list(in_order(work, jobs, notes, workers, lambda job, why: f"{job}: {why}"))


@pytest.mark.parametrize("workers", [1, 2])
def test_only_the_job_that_hangs_or_crashes_is_lost(workers, tmp_path):
    assert run(["a", "hang", "b", "crash", "c"], tmp_path, workers) == [
        "a",
        "hang: its reader made no progress for 0.8 s",
        "b",
        "crash: its reader crashed",
        "c",
    ]
    assert not list(tmp_path.iterdir())


def test_what_takes_long_but_gets_on_is_finished(tmp_path):
    assert run(["slow", "a"], tmp_path) == ["slow", "a"]


def test_outside_of_a_job_progress_needs_not_be_told():
    still_working()


def killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_from_outside_is_no_fault_of_a_file(tmp_path):
    with pytest.raises(BrokenProcessPool):
        list(in_order(killed, ["a"], [tmp_path / "note"], 1, lambda job, why: why))
    with pytest.raises(UserError, match=r"^a\.mat: its reader was ended from outside"):
        apart(killed, "a", "a.mat")


def refuse(_):
    raise UserError("a.mat: no such variable")


def test_one_job_apart():
    assert apart(work, "b", "a.mat") == "b"
    with pytest.raises(UserError, match=r"^a\.mat: no such variable$"):
        apart(refuse, "b", "a.mat")
    with pytest.raises(UserError, match=r"^a\.mat: its reader made no progress for 0\.8 s$"):
        apart(work, "hang", "a.mat")
