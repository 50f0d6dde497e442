"""Batches that another thread reads in advance: the same ones, no more, and no thread stays."""

import contextlib
import sys
import threading
import time
from types import SimpleNamespace

import pytest

import minipose as mp
from minipose.training.prefetch import prefetch
from tests.training.test_batches import X, Y, indices
from tests.training.threads import Inheriting


def test_another_thread_reads_the_same_batches_in_advance():
    plain = indices(mp.batches(X, Y, batch_size=3, shuffle=1))
    read = []

    def fetch(rows):
        read.append(threading.current_thread().name)
        return X[rows], Y[rows]

    found = mp.batches(fetch, count=10, batch_size=3, shuffle=1, prefetch=2)
    assert indices(found) == plain
    assert len(read) == 4 and threading.current_thread().name not in read


def test_a_second_thread_begins_in_none_of_the_blocks_of_the_loop(monkeypatch):
    """What it makes is the same on every version of Python."""
    monkeypatch.setattr("minipose.training.prefetch.threading.Thread", Inheriting)
    with mp.no_grad():
        assert list(
            prefetch((mp.Tensor([1.0], requires_grad=True) * 2).requires_grad for _ in range(1))
        ) == [True]


def test_an_early_end_leaves_no_thread():
    before = threading.active_count()
    found = mp.batches(X, Y, batch_size=1, prefetch=2)
    for _ in found:
        assert threading.active_count() == before + 1
        break
    assert threading.active_count() == before
    waiting = iter(found)
    next(waiting)
    del waiting
    assert threading.active_count() == before


def test_an_error_in_the_thread_is_raised_in_the_loop():
    def fetch(rows):
        if 4 in rows:
            raise OSError("a damaged picture")
        return X[rows], Y[rows]

    before, seen = threading.active_count(), []
    with pytest.raises(OSError, match="a damaged picture"):
        for _, y in mp.batches(fetch, count=10, batch_size=2, prefetch=3):
            seen.append(y.tolist())
    assert seen == [[0, 1], [2, 3]] and threading.active_count() == before


def test_no_more_is_read_in_advance_than_was_asked_for():
    read = []

    def fetch(rows):
        read.append(rows)
        return X[rows]

    found = iter(mp.batches(fetch, count=10, batch_size=1, prefetch=2))
    next(found)
    time.sleep(0.05)
    assert len(read) <= 1 + 2 + 1  # the one in hand, two that wait, one that is being handed over
    found.close()


@pytest.mark.parametrize("has_gpu", [True, False])
def test_what_is_made_in_advance_goes_by_the_stream_of_the_loop(has_gpu, monkeypatch):
    """A GPU's library keeps device and stream for each thread: here a stand-in's."""
    log = []

    class Place(contextlib.nullcontext):
        def __enter__(self):
            log.append((self.enter_result, threading.current_thread().name))

    def current_stream():
        if not has_gpu:
            raise RuntimeError("no device")
        return Place("the loop's stream")

    cuda = SimpleNamespace(Device=lambda: Place("device"), get_current_stream=current_stream)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ndarray=Place, cuda=cuda))
    assert list(prefetch(range(3))) == [0, 1, 2]
    places = [("device", "prefetch"), ("the loop's stream", "prefetch")]
    assert log == (places if has_gpu else [])
