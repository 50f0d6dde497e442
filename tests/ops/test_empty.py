"""No samples: an empty result, a gradient of the right shape, zeros for what was shared."""

import numpy as np
import pytest

from minipose import Tensor, ops
from minipose.backend import to_host

ONE = {
    **{
        name: getattr(ops, name)
        for name in "abs exp log log_sigmoid negative relu sigmoid softplus sqrt tanh".split()
    },
    "add a number": lambda x: 2 + x,
    "power": lambda x: x**2,
    "clip": lambda x: x.clip(0, 1),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "softmax": ops.softmax,
    "log_softmax": ops.log_softmax,
    "reshape": lambda x: x.reshape(0, 3, 1),
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.T,
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 1))),
    "crop": lambda x: ops.crop(x, ((0, 0), (1, 0))),
    "select": lambda x: x[:, 1],
    "select places": lambda x: x[:, [0, 0, 2]],
    "select a mask": lambda x: x[np.zeros((0, 3), bool)],
    "stack": lambda x: ops.stack([x, x]),
    "max": lambda x: x.max(axis=1),
    "var": lambda x: x.var(axis=1),
    "sum": lambda x: x.sum(axis=0),
}
SHARED = {
    "add": ops.add,
    "subtract": ops.subtract,
    "multiply": ops.multiply,
    "divide": ops.divide,
    "power": ops.power,
    "maximum": ops.maximum,
    "minimum": ops.minimum,
    "where": lambda a, b: ops.where(a > b, a, b),
    "matmul": lambda a, b: a @ b,
    "einsum": lambda a, b: ops.einsum("ij,j->i", a, b),
    "linear": lambda a, b: ops.linear(a, b.reshape(1, 3)),
}


def backward(y, xp):
    y.backward(xp.ones(y.shape))
    return y


@pytest.mark.parametrize("name", ONE)
def test_no_samples(xp, name):
    x = Tensor(xp.zeros((0, 3)), requires_grad=True)
    y = backward(ONE[name](x), xp)
    assert x.grad.shape == (0, 3) and not to_host(y.data).any()


@pytest.mark.parametrize("name", SHARED)
def test_what_samples_share_gets_the_gradient_zero(xp, name):
    x = Tensor(xp.zeros((0, 3)), requires_grad=True)
    shared = Tensor(xp.ones((3,)), requires_grad=True)
    y = backward(SHARED[name](x, shared), xp)
    assert y.size == 0 and x.grad.shape == (0, 3)
    np.testing.assert_array_equal(to_host(shared.grad), np.zeros(3))


def test_no_samples_beside_some():
    none, some = (Tensor(np.ones(s), requires_grad=True) for s in ((0, 3), (2, 3)))
    y = ops.concatenate([none, some], axis=0)
    y.backward(np.ones((2, 3)))
    assert none.grad.shape == (0, 3)
    np.testing.assert_array_equal(some.grad, np.ones((2, 3)))


def test_no_channels_are_normalised_to_none():
    x, none = Tensor(np.ones((2, 0, 3, 3)), requires_grad=True), Tensor(np.ones(0))
    for y in (ops.batch_norm(x, none, none)[0], ops.complex_batch_norm(x, (0, 0))):
        y.backward(np.ones_like(y.data))
        assert y.shape == x.grad.shape == x.shape
