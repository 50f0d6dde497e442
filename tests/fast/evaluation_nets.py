"""A small network to be evaluated, and how its outputs are compared with the plain ones."""

import numpy as np

from minipose import nn
from minipose.kernels.faster import plain_only
from minipose.tensor import Tensor, no_grad

SIZE = (48, 80)


def small():
    """A network whose tasks are shared."""
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, rng, padding=1, bias=False),
        nn.BatchNorm2d(16, activation="relu"),
        nn.Conv2d(16, 33, 3, rng, padding=1, activation="relu"),
        nn.MaxPool2d(2),
        nn.Conv2d(33, 40, 3, rng, padding=1),
        nn.UpsampleConv2d(40, 4, rng),
    )
    for _, buffer in net.named_buffers():
        buffer[...] = rng.uniform(0.5, 1.5, buffer.shape)
    return net


def pictures(count, seed=0, size=SIZE):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 3, *size)).astype(np.float32)


def arrays(y):
    return [t.data for t in y.values()] if isinstance(y, dict) else [y.data]


def ask(net, x):
    return [a.copy() for a in arrays(net(Tensor(x)))]


def expected(net, x):
    with no_grad(), plain_only():
        return ask(net.eval(), x)


def close(found, wanted, tolerance=2e-5):
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


def same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
