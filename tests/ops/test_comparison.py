"""Which is larger, and choosing by it. Comparisons and places are arrays, nothing is recorded.

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

import operator

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import array_module, to_host
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


SIGNS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
VALUES, OTHERS = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0], [3.0]])


@pytest.mark.parametrize("sign", SIGNS)
def test_comparisons_are_those_of_the_values(xp, sign):
    a = Tensor(xp.asarray(VALUES), requires_grad=True)
    b = Tensor(xp.asarray(OTHERS))
    for left, right, x, y in (
        (a, b, VALUES, OTHERS),
        (a, b.data, VALUES, OTHERS),
        (a.data, b, VALUES, OTHERS),
        (a, 2, VALUES, 2),
        (2.0, a, 2.0, VALUES),
        (a, [1, 2, 4], VALUES, [1, 2, 4]),
        (a[0, 0], 1.0, 1.0, 1.0),
    ):
        result = sign(left, right)
        assert array_module(result) is xp and result.dtype == bool
        np.testing.assert_array_equal(to_host(result), sign(np.asarray(x), np.asarray(y)))


def test_a_comparison_with_a_number_is_one_in_the_tensor_s_precision():
    assert bool(Tensor(np.float32(0.1)) == 0.1)


def test_large_integers_are_compared_exactly():
    assert not bool(Tensor(np.float64(2**24 + 1)) == np.array(2**24))


def test_a_tensor_is_still_found_by_what_it_is_not_by_its_values():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert {a: "a", b: "b"}[b] == "b" and len({a, b}) == 2


def test_what_is_no_number_is_not_equal_to_any():
    x = Tensor([1.0, 2.0])
    assert (x == None) is False and (x != "one") is True  # noqa: E711
    with pytest.raises(
        TypeError, match="'<' not supported between instances of 'Tensor' and 'str'"
    ):
        x < "one"  # noqa: B015
    with pytest.raises(ValueError, match=r"lt: shapes \(2,\) and \(3,\) do not broadcast"):
        x < np.ones(3)  # noqa: B015


def test_argmax(xp):
    x = Tensor(xp.asarray([[1.0, 5.0, 5.0], [7.0, 2.0, 3.0]]), requires_grad=True)
    for axis, expected in ((None, 3), (0, [1, 0, 0]), (1, [1, 0]), (-1, [1, 0])):
        places = x.argmax(axis)
        assert array_module(places) is xp and places.dtype.kind == "i"
        np.testing.assert_array_equal(to_host(places), expected)
    assert ops.argmax(x[:0], axis=1).shape == (0,)
    with pytest.raises(ValueError, match=r"argmax: axis 2 is not an axis of shape \(2, 3\)"):
        x.argmax(2)
    for axis in (None, 0):
        with pytest.raises(ValueError, match=rf"argmax: no elements along axis {axis} of shape"):
            x[:0].argmax(axis)


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: X.clip(np.zeros(3), 1), "clip: expected numbers as limits, got ndarray; see max"),
        (lambda: X.clip(0, "a"), "clip: expected numbers as limits, got str"),
        (lambda: X.argmax(axis=(0, 1)), r"argmax: expected axis as a whole number or None, got \("),
        (lambda: X.argmax("a"), "argmax: expected axis as a whole number or None, got 'a'"),
        (lambda: X.softmax((0, 1)), r"softmax: expected axis as a whole number, got \(0, 1\)"),
        (lambda: X.log_softmax(None), "log_softmax: expected axis as a whole number, got None"),
    ],
)
def test_what_is_no_number_is_named(call, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        call()


def test_limits_may_be_numbers_of_numpy():
    np.testing.assert_array_equal(X.clip(np.float32(2), np.int64(3)).data, np.full((2, 3), 2.0))
