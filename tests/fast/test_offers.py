"""Each fast form is chosen for ordinary arguments, and for them alone.

A condition that is never true would leave everything plain: right, slow, and unnoticed.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

import minipose.fast
from minipose import Tensor, ops, optim
from minipose.fast import (
    conv_pool,
    convolution,
    doubling,
    dropout,
    moving,
    norm,
    pointwise,
    pooling,
    products,
    replicas,
    softmax,
    upsampling,
)
from minipose.kernels import faster
from minipose.kernels.faster import choose, plain_only
from minipose.ops.norm import follow
from minipose.training import parts
from tests.fast import test_harmonic, test_norm, test_pointwise
from tests.strict import strict
from tests.training.toy import Toy

minipose.fast.load()


class Offer(NamedTuple):
    """An op, its fast form, the shapes of its Tensors, what follows them, and wrong shapes."""

    op: Callable
    fast: Callable
    shapes: list[tuple[int, ...]]
    rest: tuple
    wrong: list[list[tuple[int, ...]]]


@pytest.fixture(autouse=True)
def any_work_is_worthwhile(monkeypatch):
    """Also that of the small arrays here."""
    monkeypatch.setattr(convolution, "WORTHWHILE", 0)
    monkeypatch.setattr(convolution, "SMALL", 0)
    for module in (norm, moving, pointwise, softmax):
        monkeypatch.setattr(module, "WORTHWHILE", 0)
    monkeypatch.setattr(conv_pool, "LINE_PRODUCTS", 0)
    monkeypatch.setattr(conv_pool, "MANY_SAMPLES", 16)
    monkeypatch.setattr(doubling, "ROW_PRODUCTS", 0)


IMAGES, KERNELS = (16, 3, 6, 7), (4, 3, 2, 2)
CONVOLUTION = [
    [IMAGES, (4, 2, 2, 2), (4,)],
    [IMAGES, KERNELS, (3,)],
    [IMAGES[1:], KERNELS, (4,)],
    [IMAGES, KERNELS[1:], (4,)],
    [(16, 3, 1, 7), (4, 3, 4, 2), (4,)],
]
LINEAR = [[(5, 3), (4, 2), (4,)], [(5, 3), (4, 3), (3,)], [(3,), (4, 3), (4,)]]
NOT_IMAGES = [[(3, 6, 6)], [(6,)]]
OFFERS = [
    Offer(ops.conv2d, convolution.conv2d, [IMAGES, KERNELS, (4,)], (2, 1), CONVOLUTION),
    Offer(ops.conv2d_relu, convolution.conv2d_relu, [IMAGES, KERNELS, (4,)], (), CONVOLUTION),
    Offer(
        ops.conv2d_max_pool2d,
        conv_pool.conv2d_max_pool2d,
        [IMAGES, KERNELS, (4,)],
        (True,),
        [*CONVOLUTION, [(16, 3, 2, 2), KERNELS, (4,)]],
    ),
    Offer(
        ops.upsample_conv2d,
        doubling.upsample_conv2d,
        [IMAGES, KERNELS, (4,)],
        (True,),
        [*CONVOLUTION[:3], [IMAGES, (4, 3, 3, 3), (4,)]],
    ),
    Offer(ops.matmul, products.matmul, [(5, 3), (3, 4)], (), [[(5, 3), (4, 3)], [(4,), (3, 4)]]),
    Offer(ops.linear, products.linear, [(5, 3), (4, 3), (4,)], (), LINEAR),
    Offer(ops.max_pool2d, pooling.max_pool2d, [IMAGES], (2,), [*NOT_IMAGES, [(1, 1, 1, 4)]]),
    Offer(ops.avg_pool2d, pooling.avg_pool2d, [IMAGES], (2, 1), [*NOT_IMAGES, [(1, 1, 1, 4)]]),
    Offer(ops.upsample_nearest, upsampling.upsample_nearest, [IMAGES], (2,), NOT_IMAGES),
    Offer(ops.upsample_bilinear, upsampling.upsample_bilinear, [IMAGES], (2,), NOT_IMAGES),
    Offer(ops.dropout, dropout.dropout, [IMAGES], (0.5, None), []),
]
every_offer = pytest.mark.parametrize("offer", OFFERS, ids=lambda o: o.op.__name__)
WRONG_OPTIONS = {
    ops.conv2d: [(0,), (1, -1), ("two",)],
    ops.conv2d_relu: [(0,), (1, -1), ("two",)],
    ops.max_pool2d: [(0,), (2, 0), ("two",)],
    ops.avg_pool2d: [(0,), (2, 0), ("two",)],
    ops.upsample_nearest: [(0,), (1.5,), ("two",)],
    ops.upsample_bilinear: [(0,), (1.5,), ("two",)],
    ops.dropout: [(1.0, np.random.default_rng(0)), (-0.5, np.random.default_rng(0))],
}


def tensors(shapes, xp=np, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [
        Tensor(xp.asarray(rng.standard_normal(s).astype(dtype)), requires_grad=True) for s in shapes
    ]


def rest(offer):
    """The other arguments; random numbers begin anew."""
    return [np.random.default_rng(0) if given is None else given for given in offer.rest]


def call(offer):
    """The op and its arguments, made anew."""
    return offer.op, [*tensors(offer.shapes), *rest(offer)]


def without_bias(offer):
    """Whether the last Tensor may be left out."""
    return len(offer.shapes) == 3


@every_offer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_fast_form_is_chosen_for_ordinary_arguments(offer, dtype):
    inputs = tensors(offer.shapes, dtype=dtype)
    assert choose(offer.op, *inputs, *rest(offer)) is offer.fast
    if without_bias(offer):
        assert choose(offer.op, *inputs[:2]) is offer.fast
        assert choose(offer.op, x=inputs[0], weight=inputs[1], bias=None) is offer.fast


# On a GPU a product is one call as it is, and NumPy's random numbers are of no use.
PLAIN_ON_A_DEVICE = {ops.matmul, ops.linear, ops.dropout}


@every_offer
def test_a_form_with_fewer_calls_is_chosen_for_a_device(offer):
    def chosen(*arguments):
        function = choose(offer.op, *arguments)
        return function is not offer.op and function.__module__.startswith("minipose.fast.device")

    inputs = tensors(offer.shapes, strict)
    expected = offer.op not in PLAIN_ON_A_DEVICE
    assert chosen(*inputs, *rest(offer)) == expected
    if without_bias(offer):
        assert chosen(*inputs[:2]) == expected
    empty = [Tensor(x.data[:0]) for x in inputs]
    assert choose(offer.op, *empty, *rest(offer)) is offer.op


@every_offer
def test_the_plain_form_is_chosen_for_mixed_and_wrong_types(offer):
    inputs = tensors(offer.shapes)
    for i, _ in enumerate(inputs):
        others = [[1.0, 2.0], "a picture", inputs[i].data]
        if not (without_bias(offer) and i == 2):
            others.append(None)
        if len(inputs) > 1:
            others += [
                Tensor(inputs[i].data.astype(np.float32)),
                *tensors(offer.shapes, strict)[:1],
            ]
        for other in others:
            given = [*inputs[:i], other, *inputs[i + 1 :]]
            assert choose(offer.op, *given, *rest(offer)) is offer.op, (i, other)


def message(op, given):
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        op(*given)
    return caught.type, str(caught.value)


@every_offer
@pytest.mark.parametrize("library", [np, strict], ids=["numpy", "strict"])
def test_wrong_shapes_and_options_are_named_as_the_plain_form_names_them(offer, library):
    calls = [[*tensors(shapes, library), *rest(offer)] for shapes in offer.wrong]
    wrong_options = WRONG_OPTIONS.get(offer.op, [])
    calls += [[*tensors(offer.shapes, library), *other] for other in wrong_options]
    assert calls or offer.op is ops.dropout
    for given in calls:
        found = message(offer.op, given)
        with plain_only():
            assert found == message(offer.op, given)


OTHERS = test_harmonic.CALLS + test_norm.CALLS + test_pointwise.CALLS
CALLS = [partial(call, offer) for offer in OFFERS] + OTHERS
every_call = pytest.mark.parametrize("make", CALLS, ids=lambda make: make()[0].__name__)


def run(make, forward, backward):
    """Gradients, where the two ways are taken under these contexts; and whose derivative it was."""
    op, arguments = make()
    with forward():
        y = op(*arguments)
    y = y[0] if isinstance(y, tuple) else y
    home = y.node.backward.__module__
    with backward():
        y.backward(np.random.default_rng(1).standard_normal(y.shape))
    return home, [y.data, *(x.grad for x in test_harmonic.leaves(arguments))]


@every_call
def test_what_began_one_way_goes_back_that_way(make):
    """To the last bit, and in the module that it came from."""
    for forward, other in ((nullcontext, plain_only), (plain_only, nullcontext)):
        home, found = run(make, forward, other)
        assert home.startswith("minipose.fast.") == (forward is nullcontext)
        for a, b in zip(found, run(make, forward, forward)[1], strict=True):
            np.testing.assert_array_equal(a, b)


@every_call
def test_the_plain_form_is_chosen_for_empty_arrays(make):
    """Of which it has nothing but the shape: what is empty, and what is then zero, it says."""
    op, arguments = make()
    assert choose(op, *arguments) is not op
    for leaf in test_harmonic.leaves(arguments):
        full = leaf.data
        leaf.data = full[:0]
        assert choose(op, *arguments) is op
        leaf.data = full


@every_call
def test_both_forms_compute_the_same(make):
    fast, plain = run(make, nullcontext, nullcontext)[1], run(make, plain_only, plain_only)[1]
    for a, b in zip(fast, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


def test_replicas_are_chosen_for_parts_on_threads(monkeypatch):
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    net = Toy()
    assert choose(parts.in_parts, net, None, 2) is replicas.Replicas
    assert choose(parts.in_parts, net, None) is parts.in_parts
    assert choose(parts.in_parts, net, None, 3) is parts.in_parts
    with plain_only():
        assert choose(parts.in_parts, net, None, 2) is parts.in_parts
    for parameter in net.parameters():
        parameter.data = strict.asarray(parameter.data)
    assert choose(parts.in_parts, net, None, 2) is parts.in_parts


def test_everything_replaceable_is_looked_at():
    tested = {o.op for o in OFFERS} | {optim.update, parts.in_parts}
    tested |= {make()[0] for make in OTHERS}
    tested |= {follow}  # on a device alone: tests/fast/test_device_kernels.py
    replaceable = {op for op in faster._offers if op.__module__.startswith("minipose.ops")}
    assert (replaceable | {optim.update, parts.in_parts}) == tested
    assert all(faster._offers[op] for op in tested)


def test_what_offers_is_loaded_with_the_first_op_that_can_be_replaced():
    script = """
import sys
import minipose as mp
from minipose.fast import OFFERING
loaded = lambda: [n for n in OFFERING if f"minipose.fast.{n}" in sys.modules]
x = mp.Tensor([[1.0]])
assert not loaded()
x @ x
assert loaded() == list(OFFERING)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
