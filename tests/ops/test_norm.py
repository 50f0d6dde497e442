"""Normalisation: x (N, C, …) -> y of that shape; each channel has a scale γ and a shift β.

    batch_norm            x̂ = (x − μ)/√(v + eps), y = γ x̂ + β; μ, v of a channel, over N, H, W
    batch_norm_inference  the same with given μ and v
    group_norm            the same with μ and v of a group of channels, over H, W of a picture

with ``relu`` the larger of y and 0. Where μ and v come from x, so does a part of the slope: with m
values, dL/dx = γ/σ · (g − mean g − x̂ · mean(g x̂)). The reference takes each value in turn.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import array_module, to_host
from tests import reference
from tests.ops.case import Call, Case, calls, uniform

SIZES = st.sampled_from([(), (3,), (2, 3), (3, 3), (1, 4), (2, 1, 2)])
positive = uniform(0.5, 2)
RELU = st.booleans()


def away_from_the_corner(loops):
    """Calls in which no value is so near to 0 that a small step moves it over a ReLU's corner."""

    def suits(call: Call) -> bool:
        y = loops(*call.values, **{**call.options, "relu": False})
        return not call.options["relu"] or bool((np.abs(y) > 1e-3).all())

    return suits


def spread(axes):
    """Calls in which σ² is not small: there the slope changes within a small step."""

    def suits(call: Call) -> bool:
        x, groups = call.values[0], call.options.get("groups", call.values[0].shape[1])
        of_groups = x.reshape((len(x), groups, -1))
        return bool((of_groups.var(axis=axes) > 0.05).all())

    return suits


@st.composite
def batches(draw):
    """Two values of a channel or more, up to 4 × 9."""
    n, c, size = draw(st.integers(2, 4)), draw(st.integers(1, 3)), draw(SIZES)
    eps = draw(st.sampled_from([1e-5, 1e-3, 0.5]))
    drawn = calls([(n, c, *size), (c,), (c,)], eps=eps, relu=RELU)
    return draw(drawn.filter(spread((0, 2))))


@st.composite
def groups(draw):
    n, g, of_each = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = draw(SIZES if of_each > 1 else st.sampled_from([(2, 3), (3, 3), (4,)]))
    eps = draw(st.sampled_from([1e-5, 1e-3, 0.5]))
    shapes = [(n, g * of_each, *size), (g * of_each,), (g * of_each,)]
    return draw(calls(shapes, groups=g, eps=eps, relu=RELU).filter(spread(2)))


@st.composite
def given(draw):
    n, c, size = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(SIZES)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    options = {"mean": uniform(-2, 2)(rng, (c,)), "variance": positive(rng, (c,)), "relu": RELU}
    return draw(calls([(n, c, *size), (c,), (c,)], **options))


def _inference(x, weight, bias, mean, variance, **options):
    xp = array_module(x.data)
    mean, variance = (xp.asarray(a.astype(x.dtype)) for a in (mean, variance))
    return ops.batch_norm_inference(x, mean, variance, weight, bias, **options)


def _batch_norm(*tensors, **options):
    return ops.batch_norm(*tensors, **options)[0]


def row(name, op, drawn, loops, **options):
    return Case(name, op, drawn.filter(away_from_the_corner(loops)), loops, **options)


CASES = [
    row("batch_norm", _batch_norm, batches(), reference.batch_norm),
    row("batch_norm_inference", _inference, given(), reference.batch_norm_inference),
    row("group_norm", ops.group_norm, groups(), reference.group_norm),
]


def test_by_hand():
    """−1, 1 and 3 have mean 1 and variance 8/3; with eps = 4/3, σ = 2 and x̂ = −1, 0, 1."""
    x = Tensor(np.array([[-1.0], [1.0], [3.0]]), requires_grad=True)
    gamma, beta = (Tensor(np.array([v]), requires_grad=True) for v in (4.0, 10.0))
    y, mean, variance = ops.batch_norm(x, gamma, beta, eps=4 / 3)
    np.testing.assert_allclose(y.data[:, 0], [6, 10, 14])
    np.testing.assert_allclose([*mean, *variance], [1, 8 / 3])
    y.backward(np.array([[1.0], [0.0], [5.0]]))  # mean g = 2, mean g x̂ = 4/3
    np.testing.assert_allclose(
        x.grad[:, 0], [4 / 2 * (-1 + 4 / 3), 4 / 2 * -2, 4 / 2 * (3 - 4 / 3)]
    )
    np.testing.assert_allclose([*gamma.grad, *beta.grad], [4, 6])


def test_a_group_of_all_channels_and_groups_of_one():
    """Layer norm and instance norm by NumPy's own mean and variance."""
    x = np.random.default_rng(0).standard_normal((2, 4, 3, 5))
    one, zero = Tensor(np.ones(4)), Tensor(np.zeros(4))
    for groups, axes in ((1, (1, 2, 3)), (4, (2, 3))):
        y = ops.group_norm(Tensor(x), one, zero, groups, eps=0.0).data
        expected = (x - x.mean(axes, keepdims=True)) / x.std(axes, keepdims=True)
        np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)


def test_the_mean_and_the_variance_are_those_of_the_batch(xp):
    values = np.random.default_rng(0).standard_normal((4, 3, 5, 2))
    x, one = Tensor(xp.asarray(values)), Tensor(xp.ones(3))
    for relu in (False, True):
        _, mean, variance = ops.batch_norm(x, one, one, relu=relu)
        np.testing.assert_allclose(to_host(mean), values.mean((0, 2, 3)), rtol=1e-12)
        np.testing.assert_allclose(to_host(variance), values.var((0, 2, 3)), rtol=1e-12)


def test_far_from_zero_the_variance_stays_that_of_the_values():
    """As a mean of squares minus the square of the mean it would be lost in float32."""
    values = np.random.default_rng(0).standard_normal((8, 1, 4, 4)).astype(np.float32) + 1000
    one = Tensor(np.ones(1, np.float32))
    _, _, variance = ops.batch_norm(Tensor(values), one, one)
    np.testing.assert_allclose(variance, values.astype(np.float64).var(), rtol=1e-4)


def test_a_constant_channel_is_the_shift_and_has_no_slope(xp):
    x = Tensor(xp.full((3, 2, 2, 2), 7.0), requires_grad=True)
    weight, bias = Tensor(xp.ones(2)), Tensor(xp.full((2,), 5.0))
    for y in (ops.batch_norm(x, weight, bias)[0], ops.group_norm(x, weight, bias, 1)):
        x.grad = None
        y.backward(xp.ones(y.shape))
        np.testing.assert_allclose(to_host(y.data), 5)
        np.testing.assert_allclose(to_host(x.grad), 0, atol=1e-12)


X, C = Tensor(np.ones((2, 4, 3, 3))), Tensor(np.ones(4))
V32, V3 = np.ones(4, np.float32), np.ones(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.batch_norm(C, C, C), r"batch_norm: expected x \(N, C, …\), got \(4,\)"),
        (
            lambda: ops.batch_norm(X, C, C[:3]),
            r"batch_norm: expected weight and bias \(4,\) for x \(2, 4, 3, 3\), got .* and \(3,",
        ),
        (lambda: ops.batch_norm(X, C[:3], C), r"batch_norm: .* got \(3,\) and \(4,\)"),
        (
            lambda: ops.batch_norm(X[:1, :, :1, :1], C, C),
            r"batch_norm: expected two values of each channel or more, .* got x \(1, 4, 1, 1\)",
        ),
        (lambda: ops.batch_norm(X[:0], C, C), r"two values of each channel .* x \(0, 4, 3, 3\)"),
        (
            lambda: ops.batch_norm_inference(X, V3, C.data, C, C),
            r"batch_norm_inference: expected mean float64 \(4,\), got float64 \(3,\)",
        ),
        (
            lambda: ops.batch_norm_inference(X, C.data, V32, C, C),
            r"batch_norm_inference: expected variance float64 \(4,\), got float32 \(4,\)",
        ),
        (
            lambda: ops.group_norm(X, C, C, 3),
            "group_norm: 4 channels cannot be split into 3 groups",
        ),
        (
            lambda: ops.group_norm(X, C, C, 0),
            "group_norm: 4 channels cannot be split into 0 groups",
        ),
        (lambda: ops.group_norm(X, C, C, 2.0), "cannot be split into 2.0 groups"),
        (
            lambda: ops.group_norm(X[:, :, 0, 0], C, C, 4),
            r"group_norm: expected two values of each group or more, got x \(2, 4\) in 4 groups",
        ),
        (lambda: ops.group_norm(X[:, :, :0], C, C, 2), r"got x \(2, 4, 0, 3\) in 2 groups"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
