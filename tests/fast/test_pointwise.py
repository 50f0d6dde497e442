"""Large arrays, which go through pieces on threads: the same as the plain ops, in every order."""

import functools

import numpy as np
import pytest

from minipose import ops
from minipose.fast import moving, pointwise, softmax, upsampling
from minipose.kernels.faster import choose, plain_only
from minipose.tensor import Tensor

WIDTHS = ((0, 0), (0, 0), (1, 2), (0, 3))
UNARY = {
    "relu": {},
    "leaky_relu": {"slope": 0.1},
    "sigmoid": {},
    "softplus": {},
    "log_sigmoid": {},
    "softmax": {},
    "log_softmax": {},
    "pad": {"widths": WIDTHS},
    "crop": {"widths": WIDTHS},
    "max_pool2d": {"kernel_size": 2},
    "avg_pool2d": {"kernel_size": 2},
    "upsample_nearest": {"scale": 2},
    "upsample_bilinear": {"scale": 2},
}
BINARY = {"add": {}, "subtract": {}, "concatenate": {"axis": 1}}
ORDERS = {"NCHW": (0, 1, 2, 3), "NHWC": (0, 2, 3, 1), "CNHW": (1, 0, 2, 3)}


def call(name):
    """An op and its arguments, with gradients, for the tests of all offers."""
    inputs = [array("NHWC", k, dtype=np.float64) for k in range(1 if name in UNARY else 2)]
    tensors = [Tensor(x, requires_grad=True) for x in inputs]
    options = (UNARY | BINARY)[name].values()
    return getattr(ops, name), [tensors, *options] if name == "concatenate" else [
        *tensors,
        *options,
    ]


HERE_ALONE = [n for n in (*UNARY, *BINARY) if "pool" not in n and "upsample" not in n]
CALLS = [functools.partial(call, name) for name in HERE_ALONE]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    for module in (moving, pointwise, softmax):
        monkeypatch.setattr(module, "WORTHWHILE", 1)
    for module in (moving, upsampling):
        monkeypatch.setattr(module, "PIECE", 512)
    monkeypatch.setattr(pointwise, "PIECE", 512)


def array(order, seed, shape=(2, 5, 12, 8), dtype=np.float32):
    axes = ORDERS[order]
    x = np.random.default_rng(seed).standard_normal([shape[a] for a in axes])
    return (4 * x).astype(dtype).transpose(np.argsort(axes))


def outcome(name, arrays, options):
    inputs = [Tensor(a, requires_grad=True) for a in arrays]
    op = getattr(ops, name)
    y = op(inputs, **options) if name == "concatenate" else op(*inputs, **options)
    grad = np.random.default_rng(9).standard_normal(y.shape).astype(y.dtype)
    y.backward(grad)
    return [y.data, *(x.grad for x in inputs)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_pieces_make_the_whole(name, order, dtype):
    options = UNARY.get(name, BINARY.get(name))
    arrays = [array(order, k, dtype=dtype) for k in range(1 if name in UNARY else 2)]
    found = outcome(name, arrays, options)
    with plain_only():
        wanted = outcome(name, arrays, options)
    tolerance = 2e-6 if dtype == np.float32 else 1e-14
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=4 * tolerance)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "sigmoid", "softplus", "log_sigmoid"])
def test_values_that_are_no_numbers_or_far_away(name):
    x = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e4, -1e4, 80.0, -80.0] * 9)
    x = x.astype(np.float32)
    found = getattr(ops, name)(Tensor(x)).data
    with plain_only(), np.errstate(invalid="ignore"):
        wanted = getattr(ops, name)(Tensor(x)).data
    np.testing.assert_allclose(found, wanted, rtol=3e-6, atol=1e-30)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "log_sigmoid"])
def test_slopes_far_away_keep_their_digits(name, dtype):
    """σ' is about e^−x for a large x, not 0 as soon as 1 − σ is."""
    x = np.array([-80.0, -40.0, -20.0, -12.0, 0.0, 5.0, 12.0, 17.0, 20.0, 40.0, 80.0] * 9, dtype)

    def slope():
        leaf = Tensor(x, requires_grad=True)
        getattr(ops, name)(leaf).backward(np.ones_like(x))
        return leaf.grad

    found = slope()
    with plain_only():
        wanted = slope()
    np.testing.assert_allclose(found, wanted, rtol=2e-5 if dtype == np.float32 else 1e-13)


def test_a_leaky_relu_without_a_leak_lets_infinity_pass():
    x = Tensor(np.full(64, np.inf, np.float32))
    with np.errstate(invalid="ignore"):
        assert (ops.leaky_relu(x, 0.0).data == np.inf).all()


def test_the_offers_are_taken():
    x = Tensor(array("NHWC", 0))
    assert choose(ops.relu, x) is pointwise.relu
    assert choose(ops.pad, x, WIDTHS) is moving.pad
    assert choose(ops.concatenate, [x, x]) is moving.concatenate
    assert choose(ops.softmax, x) is softmax.softmax
    assert choose(ops.add, x, x) is pointwise.add
    assert choose(ops.add, x, Tensor(array("NCHW", 0))) is ops.add


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.concatenate([x, Tensor(np.ones((2, 5, 12, 9), np.float32))]),
        lambda x: ops.concatenate([x, x], axis=4),
        lambda x: ops.pad(x, ((0, 0), (0, 0), (0, 1))),
        lambda x: ops.crop(x, ((0, 0), (0, 0), (6, 6), (0, 0))),
        lambda x: ops.softmax(x, axis=7),
        lambda x: ops.relu(x.data),
    ],
)
def test_errors_are_those_of_the_plain_ops(call):
    x = Tensor(array("NHWC", 0))
    with pytest.raises((ValueError, TypeError)) as found:
        call(x)
    with plain_only(), pytest.raises((ValueError, TypeError)) as wanted:
        call(x)
    assert str(found.value) == str(wanted.value)
