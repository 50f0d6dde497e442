"""Data-parallel training: the same gradients, the same numbers with and without processes."""

import os
import signal
from typing import NamedTuple

import numpy as np
import pytest

from minipose import losses
from minipose.optim import SGD
from minipose.tensor import Tensor
from minipose.training.replicas import Replicas, split
from tests.training.toy import Toy


class Batch(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    nothing: None = None


def batch(samples: int) -> Batch:
    rng = np.random.default_rng(samples)
    x = rng.standard_normal((samples, 4), dtype=np.float32)
    return Batch(x, x[:, :1] * x[:, 1:2])


def loss(model, some):
    if len(some.x) and np.isnan(some.x[-1, 0]):
        raise FloatingPointError("not a number in this part")
    return losses.mse(model(Tensor(some.x)), some.y)


def steps(monkeypatch, threads, parts=2, samples=(8, 7, 1), rate=0.3):
    """Losses, gradients of the last step and weights after a few steps."""
    monkeypatch.setenv("MINIPOSE_THREADS", threads)
    net = Toy()
    net.dropout.rate = rate
    net.train()
    optimizer = SGD(net.parameters(), lr=0.1)
    found = []
    with Replicas(net, loss, parts) as replicas:
        assert len(replicas.processes) == (parts - 1 if int(threads) >= parts else 0)
        for step, count in enumerate(samples):
            found.append(replicas.backward(batch(count), 5, step).data)
            optimizer.step()
            found += [p.grad.copy() for p in net.parameters()]
            optimizer.zero_grad()
    return [*found, *(p.data.copy() for p in net.parameters())]


@pytest.mark.parametrize("parts", [2, 3])
def test_processes_do_not_change_a_bit(monkeypatch, parts):
    alone = steps(monkeypatch, "1", parts)
    for a, b in zip(alone, steps(monkeypatch, str(parts), parts), strict=True):
        np.testing.assert_array_equal(a, b)


def test_parts_make_the_whole(monkeypatch):
    """Weighted by their sizes (4 + 3 of 7 samples), the parts' gradients are the batch's."""
    whole, parts = (steps(monkeypatch, "2", n, samples=(8, 7), rate=0.0) for n in (1, 2))
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-7)


def test_each_part_has_its_own_dropout(monkeypatch):
    """Else the units that two equal samples lose would be the same."""
    monkeypatch.setenv("MINIPOSE_THREADS", "1")
    net = Toy().train()
    seen = []
    twice = Batch(*(np.repeat(a, 2, axis=0) for a in batch(1)[:2]))

    def watched(model, some):
        y = model(Tensor(some.x))
        seen.append(y.data.item())
        return losses.mse(y, some.y)

    Replicas(net, watched, 2).backward(twice, 0)
    assert len(seen) == 2 and seen[0] != seen[1]


def test_splitting():
    parts = split(batch(5), 2)
    assert [(len(p.x), p.nothing, share) for p, share in parts] == [(3, None, 0.6), (2, None, 0.4)]
    assert [share for _, share in split(batch(1), 2)] == [1.0]


@pytest.mark.parametrize("where", [1, 3], ids=["in_the_own_part", "in_the_replica"])
def test_an_error_in_a_part_is_raised_and_the_next_batch_works(monkeypatch, where):
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    bad = batch(4)
    bad.x[where, 0] = np.nan
    net = Toy().train()
    with Replicas(net, loss, 2) as replicas:
        with pytest.raises(FloatingPointError, match="not a number in this part"):
            replicas.backward(bad, 0)
        net.zero_grad()
        again = replicas.backward(batch(4), 0).item()
    monkeypatch.setenv("MINIPOSE_THREADS", "1")
    assert again == Replicas(Toy().train(), loss, 2).backward(batch(4), 0).item()


def test_a_replica_that_is_gone_is_missed(monkeypatch):
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    with Replicas(Toy().train(), loss, 2) as replicas:
        process = replicas._others[0].process
        replicas.backward(batch(4), 0)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with pytest.raises(ChildProcessError, match=r"exit code -9"):
            replicas.backward(batch(4), 0)


def test_processes_end_with_the_training(monkeypatch):
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    with Replicas(Toy(), loss, 2) as replicas:
        process = replicas._others[0].process
        assert process.is_alive()
    assert process.exitcode == 0
