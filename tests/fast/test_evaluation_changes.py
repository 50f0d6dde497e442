"""What is changed while a network is evaluated counts at once, whatever was folded or kept."""

from functools import partial

import numpy as np
import pytest

from minipose import nn, ops
from minipose.evaluation import evaluating
from minipose.fast.evaluation.unchanged import fingerprint
from minipose.tensor import Tensor
from tests.fast.evaluation_nets import (
    SIZE,
    ask,
    close,
    expected,
    pictures,
    same,
    small,
)


@pytest.mark.parametrize("count", [1, 4])
def test_batches_of_other_sizes_follow(count, processes):
    net = small()
    with evaluating(net):
        for size in (SIZE, SIZE, (64, 96), (64, 96), SIZE):
            x = pictures(count, size=size)
            close(ask(net, x), expected(net, x))


def each_counts(net, x, changes):
    with evaluating(net):
        for change in changes:
            for _ in range(2):
                before = ask(net, x)
            change()
            after = ask(net, x)
            assert not np.array_equal(before[0], after[0])
            close(after, expected(net, x))


@pytest.mark.parametrize("count", [1, 4])
def test_changed_weights_count_at_once(count, processes):
    net, x = small(), pictures(count)
    changes = (
        lambda: net[2].weight.data.__imul__(1.5),
        lambda: net[1].running_mean.__iadd__(0.25),
        lambda: net.load_state_dict({k: v * 0.75 for k, v in net.state_dict().items()}),
    )
    each_counts(net, x, changes)


def test_changed_layers_count_at_once(processes):
    net, x = small(), pictures(4)
    changes = (
        lambda: setattr(net[1], "eps", 0.5),
        lambda: setattr(net[1], "activation", None),
        lambda: net.layers.append(nn.MaxPool2d(2)),
        lambda: net.layers.__setitem__(4, nn.Conv2d(33, 40, 3, np.random.default_rng(5))),
    )
    each_counts(net, x, changes)


class Scaled(nn.Module):
    """With numbers that are no parameters."""

    def __init__(self):
        self.layer = nn.Conv2d(3, 4, 3, np.random.default_rng(0))
        self.constant, self.number = Tensor(np.ones(1, np.float32)), np.float32(1)
        self.function = ops.relu

    def forward(self, x):
        return self.function(self.layer(x) * self.constant) * float(self.number)


def test_other_attributes_count_at_once(processes):
    net, x = Scaled(), pictures(4)
    with evaluating(net):

        def follows():
            close(ask(net, x), expected(net, x))
            close(ask(net, x), expected(net, x))

        follows()
        net.constant.data[...] = 3
        follows()
        for number in (5, 7, 9, 11):
            net.number = np.float32(2)  # whose place in memory is free then for the next one
            net.number = np.float32(number)
            follows()
        for slope in (0.1, 0.2, 0.3, 0.4):
            net.function = None
            net.function = partial(ops.leaky_relu, slope=slope)
            follows()


def test_another_network_in_the_block_is_computed_as_ever():
    other, x = small().eval(), pictures(2)
    with evaluating(small()) as net:
        for _ in range(2):
            ask(net, x)
            first, of_a_layer = ask(other, x), ask(net[0], x)
            other[1].running_mean += 0.25
            net[0].weight.data += 0.25
        second, then = ask(other, x), ask(net[0], x)
    assert not np.array_equal(first[0], second[0])
    same(second, ask(other, x))
    assert not np.array_equal(of_a_layer[0], then[0])
    same(then, ask(net[0], x))


def test_training_within_the_block_is_training(processes):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, np.random.default_rng(0)), nn.BatchNorm2d(4))
    with evaluating(net):
        ask(net, pictures(4))
        net.train()
        ask(net, pictures(4))
    assert net.layers[1].running_mean.any()


def test_a_fingerprint_notices_every_change():
    rng = np.random.default_rng(0)
    for dtype, shape in ((np.float32, (7, 11)), (np.float64, (3, 5)), (np.int64, (4,))):
        a = (10 * rng.standard_normal(shape)).astype(dtype)
        first = fingerprint([a])
        assert fingerprint([a.copy()]) == first
        for place in range(a.size):
            b = a.copy()
            b.reshape(-1).view(np.uint8)[place * a.itemsize] ^= 1  # the last bit of a number
            assert fingerprint([b]) != first
        assert fingerprint([a[::-1].copy()]) != first  # moved, not changed
        assert fingerprint([a[None]]) != first
    a = rng.standard_normal((2, 6)).astype(np.float32)
    assert fingerprint([np.asfortranarray(a)]) != fingerprint([2 * a])
    assert fingerprint([np.array([0.0])]) != fingerprint([np.array([-0.0])])
