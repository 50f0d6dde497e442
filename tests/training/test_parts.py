"""A batch in parts: the same gradients as of the whole, each part with its own dropout."""

from typing import NamedTuple

import numpy as np
import pytest

from minipose import losses, nn
from minipose.optim import SGD
from minipose.tensor import Tensor
from minipose.training.parts import Parts, split
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


class Normalised(Toy):
    """With a layer that takes statistics of its batch, and keeps running ones."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x):
        return super().forward(self.norm(x))


def steps(make, parts=2, samples=(8, 7, 1), rate=0.3, network=Toy):
    """Losses, gradients of each step, weights and buffers after a few steps."""
    net = network()
    net.dropout.rate = rate
    net.train()
    optimizer = SGD(net.parameters(), lr=0.1)
    found = []
    with make(net, loss, parts) as computing:
        for step, count in enumerate(samples):
            found.append(computing.backward(batch(count), 5, step).data)
            optimizer.step()
            found += [p.grad.copy() for p in net.parameters()]
            optimizer.zero_grad()
    return [*found, *net.state_dict().values()]


def test_parts_make_the_whole():
    """Weighted by their sizes (4 + 3 of 7 samples), the parts' gradients are the batch's."""
    whole, parts = (steps(Parts, n, samples=(8, 7), rate=0.0) for n in (1, 2))
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-7)


def test_running_statistics_move_by_the_mean_of_the_parts():
    """r ← r + 0.1 · Σ_k (N_k / N) (statistic of part k − r), whichever part came last."""
    net = Normalised().train()
    before = net.norm.running_mean + np.array([1, 2, 3, 4], dtype=np.float32)
    net.norm.running_mean += np.array([1, 2, 3, 4], dtype=np.float32)
    whole = batch(7)
    Parts(net, loss, 2).backward(whole, 0)
    parts = [(whole.x[:4], 4 / 7), (whole.x[4:], 3 / 7)]
    mean = sum(fraction * x.mean(axis=0) for x, fraction in parts)
    variance = sum(fraction * x.var(axis=0, ddof=1) for x, fraction in parts)
    np.testing.assert_allclose(net.norm.running_mean, 0.9 * before + 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(net.norm.running_variance, 0.9 + 0.1 * variance, rtol=1e-5)


class Counting(Toy):
    """With a count that has no axis, and buffers of whole numbers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("steps", np.zeros((), np.int64))
        self.register_buffer("seconds", np.zeros((), np.float32))
        self.register_buffer("begun", np.zeros(2, bool))

    def forward(self, x):
        self.steps += 1
        self.seconds += 0.5
        self.begun[0] = True
        return super().forward(x)


@pytest.mark.parametrize("parts", [2, 3])
def test_other_buffers_move_as_in_each_part(parts):
    net = Counting().train()
    for step in range(3):
        Parts(net, loss, parts).backward(batch(7), step)
    assert net.steps == 3 and abs(net.seconds - 1.5) < 1e-6
    assert net.begun.tolist() == [True, False]
    assert net.steps.dtype == np.int64 and net.begun.dtype == bool


def test_each_part_has_its_own_dropout():
    """Else the units that two equal samples lose would be the same."""
    net = Toy().train()
    seen = []
    twice = Batch(*(np.repeat(a, 2, axis=0) for a in batch(1)[:2]))

    def watched(model, some):
        y = model(Tensor(some.x))
        seen.append(y.data.item())
        return losses.mse(y, some.y)

    Parts(net, watched, 2).backward(twice, 0)
    assert len(seen) == 2 and seen[0] != seen[1]


def test_splitting():
    parts = split(batch(5), 2)
    assert [(len(p.x), p.nothing, fraction) for p, fraction in parts] == [
        (3, None, 0.6),
        (2, None, 0.4),
    ]
    assert [fraction for _, fraction in split(batch(1), 2)] == [1.0]
