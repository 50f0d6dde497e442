"""Processes of the tools: they end with the tool, whatever ends it, and begin afresh."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from data_tools.processes import pool
from minipose.errors import UserError

ROOT = Path(__file__).resolve().parents[2]

# Prints the numbers of its workers, which then are busy for longer than the test takes.
PARENT = """
import os, sys, time
sys.path.insert(0, {root!r})
from data_tools.processes import pool
from tests.data_tools.test_processes import busy

if __name__ == "__main__":
    with pool(2) as processes:
        for started in processes.map(busy, [0, 0]):
            print(started, flush=True)
        processes.map(busy, [60, 60])
        time.sleep(60)
"""


def busy(seconds: float) -> int:
    """The number of this process, after a while in which it computes."""
    end = time.perf_counter() + max(seconds, 0.2)
    while time.perf_counter() < end:
        sum(range(1000))
    return os.getpid()


def lives(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_with_the_tool_even_while_they_compute(tmp_path):
    """T2: they went on, and wrote into the folder of the next run."""
    program = tmp_path / "program.py"
    program.write_text(PARENT.format(root=str(ROOT)))
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as parent:
        workers = {int(parent.stdout.readline()) for _ in range(2)}
        assert workers and all(map(lives, workers))
        parent.kill()
        parent.wait(20)
        end = time.perf_counter() + 10
        while any(map(lives, workers)) and time.perf_counter() < end:
            time.sleep(0.02)
        assert not any(map(lives, workers))


def stop(seconds: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_ended_from_outside_is_one_line():
    with pytest.raises(UserError, match=r"ended from outside .* run the same command again"):
        with pool(1) as processes:
            list(processes.map(stop, [0]))


MARK = []  # what a copy of this process would have


def mark_of(_: int) -> list:
    return MARK


def test_workers_begin_afresh():
    """T18: a copy would have the locks of threads that it does not have."""
    MARK.append("of this process")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # of a fork while threads are alive
        with pool(1) as processes:
            assert list(processes.map(mark_of, [0])) == [[]]
    MARK.clear()


def test_no_tool_begins_processes_in_another_way():
    """Others would outlive a tool that is killed, and hold its store."""
    names = [path.relative_to(ROOT) for path in sorted(ROOT.glob("data_tools/**/*.py"))]
    words = ("ProcessPoolExecutor", "multiprocessing", "os.fork")
    found = {str(n) for n in names if any(w in (ROOT / n).read_text("utf-8") for w in words)}
    assert found == {"data_tools/processes.py"}
