"""A view that an op has made is handed over without a copy, if nobody else holds its memory."""

import sys

import numpy as np
import pytest

import minipose.fast
from minipose import Tensor
from minipose.tensor import record

minipose.fast.load()


def gradient(backward):
    """What a leaf of 2 × 2 numbers gets from an op with that derivative."""
    x = Tensor(np.ones((2, 2)), requires_grad=True)
    record("test", x.data * 1.0, inputs=(x,), backward=backward).backward(x.data * 1.0)
    return x.grad


@pytest.fixture
def with_lock(monkeypatch):
    """As on an ordinary build of Python."""
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)


def test_a_view_of_all_that_an_op_made_is_handed_over(with_lock):
    made = []

    def backward(grad_y):
        fresh = 3 * grad_y
        made.append(fresh.ctypes.data)
        return (fresh.T,)

    grad = gradient(backward)
    assert grad.base is not None and grad.ctypes.data == made[0]


def test_a_view_is_copied_where_there_is_no_lock_to_count_under(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert gradient(lambda grad_y: ((3 * grad_y).T,)).base is None


@pytest.mark.parametrize(
    "keep", [lambda a: a, lambda a: a[:1], lambda a: a.T, memoryview],
    ids=["all", "some", "another_view", "a_buffer"],
)  # fmt: skip
def test_a_view_is_copied_if_others_hold_its_memory(with_lock, keep):
    held = []

    def backward(grad_y):
        fresh = 3 * grad_y
        held.append(keep(fresh))
        return (fresh.T,)

    assert not np.shares_memory(gradient(backward), np.asarray(held[0]))


@pytest.mark.parametrize(
    "view",
    [
        lambda g: np.ones((4, 2))[::2],  # would keep twice as much
        lambda g: np.broadcast_to(g[:, :1] * 3, (2, 2)),  # of which each number is two
        lambda g: np.frombuffer(bytearray(32)).reshape(2, 2),  # whose memory is not an array's
    ],
    ids=["a_part", "broadcast", "foreign"],
)
def test_what_is_no_array_of_its_own_is_copied(with_lock, view):
    got = gradient(lambda grad_y: (view(grad_y),))
    assert got.base is None and got.flags.writeable
