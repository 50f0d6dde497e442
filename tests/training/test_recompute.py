"""A recomputed network trains as an ordinary one, bit for bit, and holds fewer bytes meanwhile."""

import contextlib
import tracemalloc

import numpy as np
import pytest

import minipose as mp
from minipose.backend import to_host
from minipose.training.recompute import parts_of, recomputed, sparing

HEADS = {"mask": 2, "joints": 3}
NETWORKS = {
    "PoseNet, dropout": (
        lambda: mp.models.PoseNet((2, 3, 2), "regression", dropout=0.4),
        (2, 1, 128, 128),
    ),
    "U-Net, dropout": (lambda: mp.models.UNet(HEADS, 4, 0.3), (2, 3, 16, 32)),
    "U-Net, dropout, batch norm": (
        lambda: mp.models.UNet(HEADS, 4, 0.3, normalise=True),
        (2, 3, 16, 32),
    ),
    "H-Net, dropout": (lambda: mp.models.HNet(HEADS, 2, 0.2), (1, 3, 16, 32)),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


def total(outputs):
    outputs = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
    sums = [(y * y).mean() for y in outputs]
    for one in sums[1:]:
        sums[0] = sums[0] + one
    return sums[0]


def trained(name, xp, recompute):
    """What a step leaves: the last loss, weights, buffers, and the bytes held before backward."""
    make, shape = NETWORKS[name]
    net = make()
    if xp is not np:
        net._convert(xp.asarray)
    optimizer = mp.optim.SGD(net.parameters(), lr=1e-3)
    x = xp.asarray(np.random.default_rng(0).random(shape, np.float32))
    net.reseed(0)
    tracemalloc.start()
    with recomputed(parts_of(net)) if recompute else contextlib.nullcontext():
        loss = total(net(mp.Tensor(x)))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    loss.backward()
    optimizer.step()
    arrays = [p.data for p in net.parameters()] + [b for _, b in net.named_buffers()]
    return loss.item(), [to_host(a) for a in arrays], held


@every_network
def test_bit_for_bit_and_with_fewer_bytes(name, xp):
    loss, arrays, held = trained(name, xp, recompute=False)
    loss_, arrays_, held_ = trained(name, xp, recompute=True)
    assert loss == loss_
    for array, again in zip(arrays, arrays_, strict=True):
        np.testing.assert_array_equal(array, again)
    if xp.__name__ != "cupy":  # whose arrays lie where tracemalloc does not look
        assert held_ < 0.9 * held


def layers(*, frozen=False):
    rng = np.random.default_rng(0)
    net = mp.nn.Sequential(mp.nn.Linear(3, 4, rng), mp.nn.Tanh(), mp.nn.Linear(4, 2, rng))
    net[0].weight.requires_grad = not frozen
    return net


X = np.random.default_rng(1).random((5, 3)).astype(np.float32)


def test_gradients_add_up_and_reach_the_input():
    net, x, y = layers(), mp.Tensor(X, requires_grad=True), mp.Tensor(X, requires_grad=True)
    for _ in range(2):
        net(x).sum().backward()
    first = [p.grad for p in net.parameters()]
    net.zero_grad()
    for _ in range(2):
        with recomputed([net]):
            net(y).sum().backward()
    np.testing.assert_array_equal(x.grad, y.grad)
    for p, grad in zip(net.parameters(), first, strict=True):
        np.testing.assert_array_equal(p.grad, grad)


def test_frozen_parameters_stay_without_a_gradient():
    net = layers(frozen=True)
    with recomputed([net]):
        net(mp.Tensor(X)).sum().backward()
    assert net[0].weight.grad is None and net[2].weight.grad is not None


def test_nothing_is_recorded_where_nothing_is_to_be():
    net, calls = layers(), []
    net.layers[1].forward = lambda x: calls.append(1) or mp.ops.tanh(x)
    with recomputed([net]), mp.no_grad():
        assert net(mp.Tensor(X)).node is None
    assert len(calls) == 1
    with recomputed([net]):
        y = net(mp.Tensor(X)).sum()
    with mp.no_grad():
        y.backward()  # as of an ordinary graph
    assert len(calls) == 3 and net[0].weight.grad is not None


def test_weights_must_not_change_in_between():
    net = layers()
    with recomputed([net]):
        y = net(mp.Tensor(X)).sum()
    net[0].weight.assign_(net[0].weight.data * 2)
    with pytest.raises(ValueError, match="was changed after 'recompute Sequential' used it"):
        y.backward()


def test_what_is_no_tensor_cannot_be_recomputed():
    class Two(mp.nn.Module):
        def forward(self, x):
            return x, x

    with recomputed([two := Two()]), pytest.raises(TypeError, match="Two: only a Tensor can be"):
        two(mp.Tensor(X))


def test_a_loss_of_a_batch():
    def loss(net, batch):
        return net(mp.Tensor(batch)).sum()

    net = layers()
    of = sparing(loss)(net, X)
    assert of.item() == loss(net, X).item()
    of.backward()
    assert all(p.grad is not None for p in net.parameters())
