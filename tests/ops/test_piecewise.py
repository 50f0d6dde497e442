"""Choosing between values.

=======  ===================================  ===========================================
op       y                                    dL/dx, with g = dL/dy
=======  ===================================  ===========================================
abs      |x|                                  g·sign x, 0 at x = 0
clip     min(max(x, low), high)               g where low ≤ x ≤ high, else 0
maximum  the larger of a and b                g to the larger; g/2 to both where they are equal
minimum  the smaller of a and b               g to the smaller; g/2 to both where they are equal
where    a where the condition holds, else b  g to the one that was taken, 0 to the other
=======  ===================================  ===========================================
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import to_host
from tests.ops.case import Call, Case, calls, distinct
from tests.ops.test_elementwise import broadcast_pairs, one
from tests.reference import each


def between(rng, shape):
    """0.005 away from all that ``distinct`` gives."""
    return distinct(rng, shape) + 0.005


@st.composite
def choices(draw):
    """Two operands and a condition, all of which broadcast together."""
    call = draw(calls(broadcast_pairs()))
    full = np.broadcast_shapes(*(v.shape for v in call.values))
    shape = tuple(draw(st.sampled_from([1, n])) for n in full)[draw(st.integers(0, len(full))) :]
    condition = np.random.default_rng(draw(st.integers(0, 99))).random(shape) < 0.5
    return Call(call.values, call.layouts, {"condition": condition})


def _where(a, b, condition):
    return ops.where(condition, a, b)


def chosen(a, b, condition):
    return each(lambda c, a, b: a if c else b)(condition, a, b)


pairs = calls(broadcast_pairs(), [distinct, between])
bounds = one(distinct, low=-0.03, high=0.05)

CASES = [
    Case("abs", ops.abs, one(distinct), each(lambda x: x if x > 0 else -x)),
    Case("clip", ops.clip, bounds, each(lambda x, low, high: min(max(x, low), high))),
    Case("clip/low", ops.clip, one(distinct, low=0.02), each(lambda x, low: max(x, low))),
    Case("clip/high", ops.clip, one(distinct, high=0.02), each(lambda x, high: min(x, high))),
    Case("maximum", ops.maximum, pairs, each(max)),
    Case("minimum", ops.minimum, pairs, each(min)),
    Case(
        "maximum/number",
        lambda x: ops.maximum(0.02, x),
        one(distinct),
        each(lambda x: max(x, 0.02)),
    ),
    Case("where", _where, choices(), chosen, linear_in=(0, 1)),
]


def test_edges_by_hand():
    """At 0 of |x|, at the bounds of clip."""
    x = Tensor(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), requires_grad=True)
    (abs(x) + 10 * x.clip(-1, 1)).backward(np.ones(5))
    np.testing.assert_array_equal(x.grad, [-1, 9, 10, 11, 1])


@pytest.mark.parametrize("op", [ops.maximum, ops.minimum])
def test_equal_ones_get_half_each(op):
    a, b = Tensor([1.0, 2.0, 4.0], requires_grad=True), Tensor([1.0, 3.0, 3.0], requires_grad=True)
    op(a, b).backward(np.array([2.0, 3.0, 5.0], np.float32))
    to_larger, to_smaller = [1, 3, 0], [1, 0, 5]
    for x, larger in ((a, [1, 0, 5]), (b, [1, 3, 0])):
        smaller = to_smaller if larger == to_larger else to_larger
        np.testing.assert_array_equal(x.grad, larger if op is ops.maximum else smaller)


def test_what_was_not_taken_gets_no_gradient_however_large_it_is(xp):
    """The usual way round √0: both branches are computed, one is taken."""
    x = Tensor(xp.asarray([0.0, 4.0]), requires_grad=True)
    zero = x <= 0
    root = ops.where(zero, 0.0, ops.sqrt(ops.where(zero, 1.0, x)))
    root.backward(xp.asarray([1.0, 1.0]))
    np.testing.assert_array_equal(to_host(root.data), [0, 2])
    np.testing.assert_array_equal(to_host(x.grad), [0, 0.25])
    y = ops.where([True, False], x, 1.0)
    y.backward(xp.asarray([1.0, float("inf")]))
    np.testing.assert_array_equal(to_host(x.grad), [1, 0.25])


def test_a_condition_that_changes_afterwards():
    x, condition = Tensor(np.ones(2), requires_grad=True), np.array([True, False])
    y = ops.where(condition, x, 0.0)
    condition[:] = False
    y.backward(np.ones(2))
    np.testing.assert_array_equal(x.grad, [1, 0])


X = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.clip(X, 2, 1), ValueError, r"clip: expected low ≤ high, got 2\.0 and 1\.0"),
        (lambda: ops.clip(X, np.nan), ValueError, "clip: expected low ≤ high, got nan and inf"),
        (lambda: ops.maximum(X, X[:1, :2]), ValueError, "maximum: shapes .* do not broadcast"),
        (lambda: ops.where(X, X, X), TypeError, "where: a Tensor is no condition; take an array"),
        (lambda: ops.where(True, 1.0, 2.0), TypeError, "where: expected at least one Tensor"),
        (
            lambda: ops.where([True, False], X, 0.0),
            ValueError,
            r"where: condition \(2,\), a \(2, 3\) and b \(\) do not broadcast",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
