"""Jobs whose tasks threads take one by one, in every build of Python, with and without a GIL."""

import sys
import threading
import time

import numpy as np
import pytest

from minipose.fast import blas, jobs, workers
from minipose.kernels.faster import is_plain, plain_only
from tests.training.threads import Inheriting


@pytest.fixture
def often():
    """The interpreter changes threads as often as it can, where it is the interpreter that does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def no_helpers(monkeypatch):
    """None is there at first; those that this test starts end with it."""
    if blas.found() is None:
        pytest.skip("NumPy brought no OpenBLAS along: kernels run on one thread")
    jobs.rest()
    yield
    jobs.rest()


def at_once(task, count):
    """Call the task in so many threads of one moment."""
    line = threading.Barrier(count)

    def begin():
        line.wait()
        task()

    threads = [threading.Thread(target=begin) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("callers", [1, 4])
def test_each_task_is_done_once_before_the_job_is(often, no_helpers, callers):
    wrong = []

    def many_jobs():
        for turn in range(200):
            count = 2 + turn % 5
            times = [0] * count

            def task(k, times=times):
                times[k] += 1
                if k % 3 == 0:
                    time.sleep(0)  # here another thread may take the next one
                return k

            found = jobs.shared(task, count, threads=2 + turn % 3)
            if found != list(range(count)) or times != [1] * count:
                wrong.append((found, times))

    at_once(many_jobs, callers)
    assert not wrong


def test_threads_that_compute_at_once_get_what_each_would_get_alone(monkeypatch, no_helpers):
    """Buffers, and the thread count of BLAS, are each thread's own; products of all sizes."""
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    rng = np.random.default_rng(0)
    pairs = [(rng.random((n, 40)), rng.random((40, 300))) for n in (3, 70, 300)]
    expected, wrong = [a @ b for a, b in pairs], []
    before = blas.found().get()

    def compute():
        for turn in range(30):
            a, b = pairs[turn % 3]
            out = np.empty((len(a), 300))

            def task(k, a=a, b=b, out=out):
                buffer = workers.scratch("test", (len(a), 75), out.dtype)
                np.matmul(a, b[:, 75 * k : 75 * (k + 1)], out=buffer)
                out[:, 75 * k : 75 * (k + 1)] = buffer

            workers.run(task, 4)
            if not np.allclose(out, expected[turn % 3], rtol=1e-13):
                wrong.append(turn)

    at_once(compute, 4)
    assert not wrong and blas.found().get() == before


def test_threads_that_come_first_at_once_share_their_helpers(monkeypatch, no_helpers):
    class Slow(threading.Thread):
        def start(self):
            super().start()
            if self.name.startswith("kernel"):
                time.sleep(0.02)

    monkeypatch.setattr(jobs.threading, "Thread", Slow)
    at_once(lambda: jobs.shared(lambda k: k, 4, threads=2), 3)
    assert len([t for t in threading.enumerate() if t.name == "kernel-0"]) == 1


def test_helpers_begin_in_none_of_the_blocks_of_who_started_them(monkeypatch, no_helpers):
    monkeypatch.setattr(jobs.threading, "Thread", Inheriting)
    first = threading.current_thread()

    def task(k):
        time.sleep(0.01)  # both threads get tasks
        return threading.current_thread() is first, is_plain()

    with plain_only():
        found = jobs.shared(task, 4, threads=2)
    assert set(found) == {(True, True), (False, False)}
