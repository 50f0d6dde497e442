"""A forked process has one thread, and none of those that kernels had started before."""

import multiprocessing
import os
import threading
import traceback
from pathlib import Path

import numpy as np
import pytest

from minipose import Tensor, ops
from minipose.fast import blas, workers
from minipose.fast.replicas import Replicas
from minipose.training.prefetch import prefetch
from tests.training.test_parts import batch, loss
from tests.training.toy import Toy

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]
LEAKED = 100 << 20  # bytes; the 400 results themselves would be 320 MiB


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    monkeypatch.setenv("MINIPOSE_THREADS", "2")


@pytest.fixture
def two_of_blas():
    if blas.found() is None:
        pytest.skip("NumPy brought no OpenBLAS along")
    before = blas.found().get()
    blas.found().set(2)
    yield blas.found()
    blas.found().set(before)


def in_child(function):
    """The text that ``function`` returns in a forked process, or what went wrong there."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = function()
        except BaseException:
            answer = traceback.format_exc()
        os.write(send, answer.encode()[:4000])
        os._exit(0)
    os.close(send)
    with open(receive) as pipe:
        answer = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    return answer


def resident():
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def picture():
    return Tensor(np.random.default_rng(0).standard_normal((4, 16, 128, 64), dtype=np.float32))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_a_child_computes_on_threads_of_its_own_and_keeps_no_jobs():
    x = picture()
    expected = ops.max_pool2d(x, 2).data

    def pool():
        first = ops.max_pool2d(x, 2).data
        before = resident()
        for _ in range(400):
            last = ops.max_pool2d(x, 2).data
        np.testing.assert_array_equal(first, expected)
        np.testing.assert_array_equal(last, expected)
        threads = sum(t.name.startswith("kernel-") for t in threading.enumerate())
        return f"{threads} thread, {(resident() - before) // LEAKED} times too much"

    assert in_child(pool) == "1 thread, 0 times too much"
    np.testing.assert_array_equal(ops.max_pool2d(x, 2).data, expected)  # and here all goes on


def gradient():
    x, weight = picture(), Tensor(np.ones((4, 16, 3, 3), np.float32), requires_grad=True)
    y = ops.conv2d_relu(x, weight, padding=1)
    y.backward(y.data)
    return weight.grad


def test_processes_of_multiprocessing_compute_the_same():
    expected = gradient()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = [pool.apply_async(gradient) for _ in range(2)]
        for each in found:
            np.testing.assert_array_equal(each.get(timeout=60), expected)


def test_a_child_is_free_of_what_other_threads_held(two_of_blas):
    """Another thread computes at the moment of the fork: it does not exist in the child."""
    holding, done = threading.Event(), threading.Event()

    def hold():
        with blas.one_thread():
            holding.set()
            done.wait()

    other = threading.Thread(target=hold)
    other.start()
    holding.wait()
    try:
        before, (inside, after) = two_of_blas.get(), in_child(_limits).split()
    finally:
        done.set()
        other.join()
    assert before == 1 and (inside, after) == ("1", "2") and two_of_blas.get() == 2


def _limits():
    free = blas.found().get()
    inside = workers.run(lambda k: blas.found().get(), 1)[0]
    assert free == blas.found().get()
    return f"{inside} {free}"


def test_a_child_keeps_what_its_own_thread_held(two_of_blas):
    def leave():
        inside = two_of_blas.get()
        block.__exit__(None, None, None)
        return f"{inside} {two_of_blas.get()}"

    with blas.one_thread():
        block = blas.one_thread()
        block.__enter__()
        assert in_child(lambda: f"{two_of_blas.get()}") == "1"
        assert in_child(leave) == "1 1"  # the outer block is the child's, too
        block.__exit__(None, None, None)
    assert two_of_blas.get() == 2


def test_replicas_belong_to_one_process_and_leave_no_shared_weights():
    net = Toy().train()
    weight = net.parameters()[0]
    with Replicas(net, loss, 2) as replicas:
        before = replicas.backward(batch(4), 0).item()
        assert "Replicas: " in in_child(lambda: str(replicas.backward(batch(4), 0)))
        assert in_child(lambda: str(replicas.__exit__())) == "None"
        net.zero_grad()
        assert replicas.backward(batch(4), 0).item() == before  # its processes still answer
    values = weight.data.copy()
    assert in_child(lambda: str(weight.assign_(values + 1))) == "None"
    np.testing.assert_array_equal(weight.data, values)


def test_an_iterator_of_the_parents_thread_says_so_in_a_child():
    items = prefetch(iter(range(10)))
    assert next(items) == 0
    assert "prefetch: " in in_child(lambda: str(next(items)))
    assert list(items) == list(range(1, 10))
