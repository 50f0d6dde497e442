"""Who holds a lock is told also by one who asks before the new holder has signed."""

from __future__ import annotations

import fcntl
import os
import runpy
import subprocess
import sys

import pytest

from minipose import locks
from tests.test_docs import ROOT

# Takes the lock as another program would, and signs only after a while.
LATE = """
import fcntl, os, sys, time
taken = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(taken, fcntl.LOCK_EX)
print(flush=True)
time.sleep(0.1)
os.pwrite(taken, b'{"process": 7, "host": "here", "since": "today", "command": "late"}', 0)
sys.stdin.read()
"""


@pytest.fixture
def late(tmp_path):
    """A lock file whose holder has not signed yet."""
    path = tmp_path / ".store.h5.lock"
    command = [sys.executable, "-c", LATE, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as holder:
        holder.stdout.readline()
        yield path
        holder.stdin.close()


def test_a_holder_that_signs_late_is_named(late):
    with (
        pytest.raises(locks.Taken, match=r"in use by process 7 on here since today \(late\)"),
        locks.claimed(late.with_name("store.h5")),
    ):
        pass


def test_make_names_a_holder_that_signs_late(late):
    holder = runpy.run_path(str(ROOT / ".ci/one_at_a_time.py"))["holder"]
    descriptor = os.open(late, os.O_RDONLY)
    assert holder(descriptor) == "process 7 on here, since today"
    os.close(descriptor)


def test_a_holder_that_never_signs_is_not_waited_for(tmp_path):
    """As on a full disk."""
    with open(tmp_path / ".store.h5.lock", "w") as silent:
        fcntl.flock(silent, fcntl.LOCK_EX)
        with (
            pytest.raises(locks.Taken, match="in use by another process"),
            locks.claimed(tmp_path / "store.h5"),
        ):
            pass
