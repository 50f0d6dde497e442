"""Ops between harmonic convolutions; x holds streams of complex channels z as real planes.

complex_batch_norm   y = (z − μ)/(σ + 0.01), σ of |z − μ|, over all pictures and pixels
magnitude_gate       y = z · logistic(A|z| + b)
normalised_gate      the two above
complex_relu         y = z · max(|z| + b, 0)/|z|
map_dropout          y = z · m/(1 − rate), one m for each picture and complex channel
concatenate_streams  the channels of order 0 of all inputs, then those of order 1
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import generator
from tests import harmonic_reference as reference
from tests.ops.case import Case, calls

STREAMS = st.sampled_from([(1, 1), (2, 1), (0, 2), (2,)])


@st.composite
def planes(draw, *others, values=None, sizes=((2, 3), (3, 3), (1, 4)), kinds=STREAMS, **options):
    """Streams, and what else the op takes: shapes in which C stands for the number of channels."""
    streams = draw(kinds)
    c, n = sum(streams), draw(st.integers(1, 2))
    shapes = [(n, 2 * c, *draw(st.sampled_from(sizes)))]
    shapes += [tuple(c if d == "C" else d for d in shape) for shape in others]
    return draw(calls(shapes, values, streams=streams, **options))


@st.composite
def several(draw):
    kinds = draw(st.sampled_from([[(1, 1), (2, 1)], [(2,), (1,)], [(1, 0), (0, 2), (1, 1)]]))
    n, size = draw(st.integers(1, 2)), draw(st.sampled_from([(2, 3), (3, 3)]))
    return draw(calls([(n, 2 * sum(s), *size) for s in kinds], streams=kinds))


def far_from_the_kink(rng, shape):
    """Magnitudes between 0.7 and 2.9, and biases that keep 0.1 away from the cut or go below it."""
    values = rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)
    return values


def biases(rng, shape):
    return rng.choice([-4.0, -0.5, 0.6], shape) + rng.uniform(-0.05, 0.05, shape)


def _dropout(x, rate, seed, streams):
    return ops.map_dropout(x, rate, generator(x.data, seed), streams)


def _dropout_reference(x, rate, seed, streams):
    draws = np.random.default_rng((seed,)).random((len(x), sum(streams)), dtype=np.float32)
    orders, at = reference.unpack(x, streams), 0
    for z in orders:
        for n, c in np.ndindex(*z.shape[:2]):
            z[n, c] *= 0 if draws[n, at + c] < rate else 1 / (1 - rate)
        at += z.shape[1]
    return reference.pack(orders)


drops = planes(rate=st.sampled_from([0.0, 0.3, 0.75]), seed=st.just(3))
gated = planes(("C", "C"), ("C",))
several_at_once = planes(("C", "C"), ("C",), kinds=st.just((3,)))  # a task takes half of them

CASES = [
    Case("complex_batch_norm", ops.complex_batch_norm, planes(), reference.complex_batch_norm),
    Case("magnitude_gate", ops.magnitude_gate, gated, reference.magnitude_gate),
    Case("normalised_gate", ops.normalised_gate, gated, reference.normalised_gate),
    Case(
        "normalised_gate/several_at_once",
        ops.normalised_gate,
        several_at_once,
        reference.normalised_gate,
    ),
    Case(
        "complex_relu",
        ops.complex_relu,
        planes(("C",), values=[far_from_the_kink, biases]),
        reference.complex_relu,
    ),
    Case("map_dropout", _dropout, drops, _dropout_reference, linear_in=(0,), host_random=True),
    Case(
        "concatenate_streams",
        lambda *xs, streams: ops.concatenate_streams(xs, streams)[0],
        several(),
        reference.concatenate_streams,
        linear_in=(0, 1),
    ),
]


def test_relu_by_hand():
    """3 + 4i is 5 long: with b = −2.5 half of it is left; with b = −6 nothing."""
    x = Tensor(np.array([3.0, 4.0]).reshape(1, 2, 1, 1), requires_grad=True)
    y = ops.complex_relu(x, Tensor(np.array([-2.5])), (1,))
    np.testing.assert_allclose(y.data.ravel(), [1.5, 2.0])
    assert not ops.complex_relu(x, Tensor(np.array([-6.0])), (1,)).data.any()


@pytest.mark.parametrize("z", [5e-7, 1e-6])
def test_up_to_a_millionth_relu_is_straight(z):
    """|z| counts as 1e-6 there, a constant: y = z · (1e-6 + b)/1e-6."""
    x = Tensor(np.array([z, 0.0]).reshape(1, 2, 1, 1), requires_grad=True)
    y = ops.complex_relu(x, Tensor(np.array([1.0])), (1,))
    y.backward(np.ones(y.shape))
    np.testing.assert_allclose(y.data.ravel(), [z * 1000001, 0], rtol=1e-12)
    np.testing.assert_allclose(x.grad.ravel(), [1000001, 1000001], rtol=1e-12)


def test_norm_by_hand():
    """Four points ±1, ±3i about 2: magnitudes 1, 1, 3, 3, whose unbiased deviation is √(4/3)."""
    re, im = np.array([3.0, 1, 2, 2]), np.array([0.0, 0, 3, -3])
    y = ops.complex_batch_norm(Tensor(np.stack([re, im])[None, :, None]), (1,)).data
    s = np.sqrt(4 / 3) + 0.01
    np.testing.assert_allclose(y[0, :, 0], np.stack([re - 2, im]) / s, atol=1e-7)


@pytest.mark.parametrize(
    "norm",
    [ops.complex_batch_norm, lambda x, of: ops.normalised_gate(x, W[:1, :1], B[:1], of)],
    ids=["complex_batch_norm", "normalised_gate"],
)
def test_a_constant_map_and_a_single_pixel_become_zero(norm):
    for x in (np.full((2, 2, 3, 3), 7.0), np.full((1, 2, 1, 1), 7.0)):
        x = Tensor(x, requires_grad=True)
        y = norm(x, (1,))
        y.backward(np.ones(y.shape))
        np.testing.assert_allclose(y.data, 0, atol=1e-12)
        assert np.isfinite(x.grad).all()


def test_the_share_of_dropped_maps_is_the_rate_and_both_parts_go_together():
    x = Tensor(np.ones((40, 2 * 90, 1, 2)))
    y = ops.map_dropout(x, 0.3, np.random.default_rng(0), (50, 40)).data
    np.testing.assert_array_equal(y[:, :50], y[:, 50:100])
    np.testing.assert_array_equal(y[:, 100:140], y[:, 140:])
    assert abs((y == 0).mean() - 0.3) < 0.02 and abs(y.mean() - 1) < 0.03
    assert not np.array_equal(y[0], y[1])  # each picture has its own


X, W, B = Tensor(np.ones((1, 4, 2, 2))), Tensor(np.ones((2, 2))), Tensor(np.ones(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ops.complex_batch_norm(X, (3, 1)),
            r"complex_batch_norm: streams \(3, 1\) are 8 planes, got x \(1, 4, 2, 2\)",
        ),
        (lambda: ops.magnitude_gate(X, W, W, (1, 1)), r"expected weight \(2, 2\) and bias \(2,\)"),
        (lambda: ops.complex_relu(X, W, (1, 1)), r"expected bias \(2,\), got \(2, 2\)"),
        (
            lambda: ops.map_dropout(X, 1.0, np.random.default_rng(0), (1, 1)),
            "at least 0 and below 1, got 1.0",
        ),
        (lambda: ops.concatenate_streams([X], []), "got 1 tensors and 0 kinds of streams"),
        (lambda: ops.concatenate_streams([X, X], [(1, 1), (2,)]), "orders differ"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("complex_batch_norm", lambda x, w, b: ops.complex_batch_norm(x.data, (1, 1))),
        ("magnitude_gate", lambda x, w, b: ops.magnitude_gate(x, w, b.data, (1, 1))),
        ("magnitude_gate", lambda x, w, b: ops.magnitude_gate(x, w.data, b, (1, 1))),
        ("normalised_gate", lambda x, w, b: ops.normalised_gate(x, w, b.data, (1, 1))),
        ("complex_relu", lambda x, w, b: ops.complex_relu(x, b.data, (1, 1))),
        ("concatenate_streams", lambda x, w, b: ops.concatenate_streams([x.data], [(1, 1)])),
    ],
)
def test_an_array_in_place_of_a_tensor_is_named(name, call):
    with pytest.raises(TypeError, match=f"^{name}: expected Tensors, got ndarray"):
        call(*(Tensor(np.ones(shape)) for shape in ((1, 4, 2, 2), (2, 2), (2,))))
