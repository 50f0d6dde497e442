"""The fast harmonic ops compute what the plain ones define, and leave alone what does not suit."""

from contextlib import nullcontext

import numpy as np
import pytest

import minipose as mp
import minipose.fast  # it makes the offers
from minipose import Tensor, ops
from minipose.kernels.faster import choose, plain_only
from minipose.models import HNet
from minipose.nn import harmonic as layers
from tests.strict import strict

OF = (2, 1)


def tensors(*shapes, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.standard_normal(s).astype(dtype), requires_grad=True) for s in shapes]


def _convolution():
    x, weights, *centres = tensors((2, 6, 4, 5), (2, 3, 3, 1), (1, 2), (2, 1))
    return ops.harmonic_conv2d, [x, weights, centres, (1, 2), OF]


def _image():
    x, weights, centre = tensors((1, 3, 4, 5), (2, 4, 3, 1), (2, 3))
    return ops.harmonic_conv2d, [x, weights, [centre], (2, 2), (3,)]


def _polar():
    return ops.polar, tensors((3, 4, 1), (3, 4, 1))


def _gate():
    return ops.normalised_gate, [*tensors((2, 6, 4, 5), (3, 3), (3,)), OF]


def _dropout():
    return ops.map_dropout, [*tensors((3, 6, 4, 5)), 0.4, np.random.default_rng(4), OF]


def _concatenation():
    return ops.concatenate_streams, [tensors((2, 6, 4, 5), (2, 8, 4, 5)), [OF, (1, 3)]]


CALLS = [_convolution, _image, _polar, _gate, _dropout, _concatenation]


def leaves(arguments):
    """The Tensors among them, also those in lists."""
    flat = [a for given in arguments for a in (given if isinstance(given, list) else [given])]
    return [a for a in flat if isinstance(a, Tensor)]


def both_forms(run):
    """What ``run`` returns, fast and plain."""
    results = []
    for form in (nullcontext, plain_only):
        with form():
            results.append(run())
    return zip(*results, strict=True)


def assert_same(fast, plain, tolerance=1e-12):
    assert fast.shape == plain.shape and fast.dtype == plain.dtype
    most = tolerance * np.abs(plain).max(initial=1)
    np.testing.assert_allclose(fast, plain, rtol=0, atol=most)


@pytest.mark.parametrize("call", CALLS)
def test_a_fast_op_is_the_plain_one(call):
    op, arguments = call()
    assert choose(op, *arguments).__module__.startswith("minipose.fast.")

    def run():
        op, arguments = call()
        y = op(*arguments)
        y = y[0] if isinstance(y, tuple) else y
        y.backward(np.random.default_rng(8).standard_normal(y.shape))
        return [y.data, *(leaf.grad for leaf in leaves(arguments))]

    for fast, plain in both_forms(run):
        assert_same(fast, plain)


@pytest.mark.parametrize("call", CALLS)
def test_other_arrays_than_numpys_are_not_computed_as_numpys(call):
    op, arguments = call()

    def there(x):
        return Tensor(strict.asarray(x.data)) if isinstance(x, Tensor) else x

    moved = [[there(x) for x in a] if isinstance(a, list) else there(a) for a in arguments]
    chosen = choose(op, *moved)
    assert chosen is op or chosen.__module__.startswith("minipose.fast.device.")


def test_what_does_not_suit_is_left_to_the_plain_op():
    """Also what is wrong: the plain op names it."""
    x, weights, first, second, five = tensors(
        (2, 6, 4, 5), (2, 3, 3, 1), (1, 2), (2, 1), (2, 3, 3, 2)
    )
    centres, into = [first, second], (1, 2)
    half = Tensor(first.data.astype(np.float32))
    convolve = ops.harmonic_conv2d
    assert choose(convolve, x, weights, centres, into, OF, scale=2) is not convolve
    for arguments, options in [
        ((x, five, centres, into, OF, 5), {}),
        ((x, weights, centres, (1, 2, 0), OF), {}),  # three orders
        ((x, weights, centres, into, (1, 1)), {}),
        ((x, weights, [first], into, OF), {}),
        ((x, weights, [half, second], into, OF), {}),
        ((x.data, weights, centres, into, OF), {}),
        ((x, weights, centres, into, OF), {"real_output": True}),  # and there is an order 1
        ((x, weights, centres, into, OF), {"scale": 0}),
        ((x, weights, centres, into, OF), {"scale": 1.5}),
        ((Tensor(x.data[:0]), weights, centres, into, OF), {}),
    ]:
        assert choose(convolve, *arguments, **options) is convolve
    assert choose(ops.polar, x, weights) is ops.polar
    assert choose(ops.normalised_gate, x, first, second, OF) is ops.normalised_gate
    assert choose(ops.normalised_gate, x, first, second, (3, 1)) is ops.normalised_gate
    assert choose(ops.map_dropout, x, 0.1, None, (3, 1)) is ops.map_dropout
    for several in ([], [x, weights], [x, Tensor(x.data[:1])]):
        assert choose(ops.concatenate_streams, several, [OF, OF]) is ops.concatenate_streams


@pytest.mark.parametrize(
    ("of", "into"), [((3,), (2, 2)), ((2, 3), (4, 5)), ((5, 4), (2, 2)), ((2, 2), (3,))]
)
@pytest.mark.parametrize("scale", [1, 2])
def test_convolution_products_first_and_patterns_first(of, into, scale):
    """Values and all gradients, for real images, streams, and real parts only."""

    def run():
        rng = np.random.default_rng(7)
        real_output = len(into) == 1
        layer = layers.HarmonicConv2d(of, into, rng, scale=scale, real_output=real_output)
        layer.astype(np.float64)
        planes = sum(of) * (1 if len(of) == 1 else 2)
        x = Tensor(rng.standard_normal((2, planes, 7, 10)), requires_grad=True)
        y = layer(x)
        y.backward(np.random.default_rng(8).standard_normal(y.shape))
        return [y.data, x.grad, *(p.grad for p in layer.parameters())]

    for fast, plain in both_forms(run):
        assert_same(fast, plain)


def test_the_whole_network_is_the_same_in_both_forms():
    rng = np.random.default_rng(9)
    net = HNet({"mask": 2}, width=3, rng=rng).astype(np.float64).train()
    x = rng.random((2, 3, 32, 48))

    def run():
        net.zero_grad()
        net.reseed(5)
        y = net(mp.Tensor(x))["mask"]
        y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
        return [y.data, *(p.grad for p in net.parameters())]

    for fast, plain in both_forms(run):
        assert_same(fast, plain, 1e-11)
