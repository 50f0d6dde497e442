"""Threads: order, nesting, errors, buffers; and memory order of image batches."""

import threading

import numpy as np
import pytest

from minipose.cli import main
from minipose.fast import blas, jobs, layout, workers
from tests.strategies import layouts


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_results_come_in_task_order(monkeypatch, threads):
    monkeypatch.setenv("MINIPOSE_THREADS", threads)
    assert workers.run(lambda k: k * k, 20) == [k * k for k in range(20)]
    assert workers.run(lambda k: k, 0) == []


@pytest.mark.parametrize(
    ("other_has_begun", "short", "expected"),
    [
        (False, 1.0, [3, 4, 5, 2, 1, 0]),
        (True, 1.0, [3, 4, 5, 2, 1]),
        (True, 0.0, [3, 4, 5, 2, 1, 0]),
    ],
)
def test_a_thread_does_its_own_tasks_first(monkeypatch, other_has_begun, short, expected):
    """The last short one is left to the thread whose cache may hold its numbers."""
    monkeypatch.setattr(jobs, "SHORT", short)
    done = []
    job = jobs.Job(done.append, 6, threads=2)
    job.begun[0] = other_has_begun
    job.work(1)
    assert done == expected
    job.work(0)
    assert sorted(done) == list(range(6)) and job.results == [None] * 6


@pytest.mark.parametrize(("total", "size"), [(10, 20), (10, 10), (10, 4), (11, 4), (7, 1), (0, 3)])
def test_pieces_come_in_two_halves(total, size):
    cuts = workers.even_pieces(total, size)
    assert [i for cut in cuts for i in range(cut.start, cut.stop)] == list(range(total))
    assert all(cut.stop - cut.start <= size for cut in cuts)
    assert len(cuts) == 1 or len(cuts) % 2 == 0 or size == 1


def test_a_task_may_call_run(monkeypatch):
    """With a pool of two threads, two tasks that wait for the pool would wait for ever."""
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    inner = workers.run(lambda k: workers.run(lambda j: 10 * k + j, 3), 4)
    assert inner == [[10 * k + j for j in range(3)] for k in range(4)]


def test_a_task_that_fails_is_heard_and_the_next_run_works(monkeypatch):
    monkeypatch.setenv("MINIPOSE_THREADS", "2")

    def task(k):
        if k == 2:
            raise ValueError("task 2")
        return k

    with pytest.raises(ValueError, match="task 2"):
        workers.run(task, 4)
    assert workers.run(lambda k: workers.run(lambda j: j, 1)[0] + k, 3) == [0, 1, 2]


def test_blas_has_its_threads_again_after_runs_that_overlap():
    """The one that began first ends first: what the other found is not what there was."""
    if blas.found() is None:
        pytest.skip("NumPy brought no OpenBLAS along")
    limit = blas.found()
    began = [threading.Event() for _ in range(2)]
    end = [threading.Event() for _ in range(2)]

    def task(k):
        began[k].set()
        end[k].wait()

    runs = [
        threading.Thread(target=workers.run, args=(lambda _, k=k: task(k), 1)) for k in range(2)
    ]
    before = limit.get()
    limit.set(2)
    try:
        for k in range(2):
            runs[k].start()
            began[k].wait()
        for k in range(2):
            assert limit.get() == 1
            end[k].set()
            runs[k].join()
        assert limit.get() == 2
    finally:
        limit.set(before)


def test_scratch_is_used_again_and_belongs_to_one_thread():
    first = workers.scratch("test", (4, 5), np.dtype(np.float32))
    again = workers.scratch("test", (10,), np.dtype(np.float64))
    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, workers.scratch("other", (4, 5), np.dtype(np.float32)))
    seen = []
    other = threading.Thread(
        target=lambda: seen.append(workers.scratch("test", (4, 5), np.dtype(np.float32)))
    )
    other.start()
    other.join()
    assert not np.shares_memory(first, seen[0])


def test_scratch_lies_as_what_it_is_made_for():
    for x in layouts(np.ones((2, 3, 4)))[:2]:
        found = workers.scratch_as("test", x)
        assert found.strides == x.strides and found.dtype == x.dtype
        assert np.shares_memory(found, workers.scratch("test", (1,), np.dtype(np.float32)))


@pytest.fixture
def known(monkeypatch):
    """The zeros of this thread, none at first."""
    monkeypatch.setitem(jobs.thread.__dict__, "zeros", {})
    return jobs.thread.__dict__["zeros"]


def test_zeros_lie_as_what_they_are_compared_with_in_one_memory(known):
    x = np.ones((2, 3, 4), np.float32)
    first = workers.zeros_as(x)
    for other in (x, *layouts(x)[:2], x.transpose(2, 0, 1), x[:, 1:]):
        zeros = workers.zeros_as(other)
        assert zeros.shape == other.shape and zeros.dtype == other.dtype and not zeros.any()
        assert np.argsort(zeros.strides).tolist() == np.argsort(other.strides).tolist()
        assert np.shares_memory(first, zeros)
    assert workers.zeros_as(x) is first


def test_zeros_of_many_shapes_are_forgotten_but_not_their_memory(known, monkeypatch):
    monkeypatch.setattr(workers, "VIEWS", 8)
    largest = workers.zeros_as(np.ones(5000))
    for n in range(1, 50):
        assert np.shares_memory(workers.zeros_as(np.ones((n, 3))), largest)
        assert len(known) <= 8 + 1  # and the memory
    larger = workers.zeros_as(np.ones(6000))
    assert not np.shares_memory(larger, largest) and len(known) == 2


def test_pieces_cover_all_once():
    assert [(p.start, p.stop) for p in workers.pieces(10, 4)] == [(0, 4), (4, 8), (8, 10)]


def test_batch_last_there_and_back():
    x = np.random.default_rng(0).standard_normal((3, 2, 20, 5))
    for array in layouts(x):
        transposed = layout.batch_last(array)
        assert transposed.flags.c_contiguous and transposed.shape == (20, 5, 2, 3)
        np.testing.assert_array_equal(layout.batch_first(transposed), x)
        assert np.shares_memory(layout.batch_last(layout.batch_first(transposed)), transposed)


def test_a_word_for_the_number_of_threads_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("MINIPOSE_THREADS", "abc")
    assert main(["doctor"]) == 1
    error = capsys.readouterr().err
    assert error == "error: MINIPOSE_THREADS: expected a whole number, got 'abc'\n"
