"""What remains of an axis: its sum, mean, variance, largest, smallest, or ln Σ eˣ.

sum        y = Σ x,                  dL/dx = g, repeated to the shape of x
mean       y = (1/n) Σ x,            dL/dx = g/n, repeated
var        y = Σ (x − mean)²/(n−c),  dL/dx = g·2(x − mean)/(n − c)
max, min   y = one of the x,         dL/dx = g there; g/k at each of k equal ones
logsumexp  y = ln Σ eˣ,              dL/dx = g·e^(x − y)
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls, distinct

AXES = st.sampled_from([None, 0, 1, -1, (0, 2), (-1, 0), (1,), (0, 1, 2)])
shapes = st.sampled_from([[(2, 3, 4)], [(3, 1, 3)], [(2, 2, 2)]])
options = {"axis": AXES, "keepdims": st.booleans()}
reductions, orders = calls(shapes, **options), calls(shapes, distinct, **options)
estimates = calls(st.sampled_from([[(2, 3, 4)], [(2, 2, 2)]]), correction=1, **options)

CASES = [
    Case("sum", ops.sum, reductions, reference.sum, linear_in=(0,)),
    Case("mean", ops.mean, reductions, reference.mean, linear_in=(0,)),
    Case("var", ops.var, reductions, reference.var),
    Case("var/estimate", ops.var, estimates, reference.var),
    Case("max", ops.max, orders, reference.largest),
    Case("min", ops.min, orders, reference.smallest),
    Case("logsumexp", ops.logsumexp, reductions, reference.logsumexp),
]


def test_by_hand():
    x = Tensor(np.array([[1.0, 2.0], [3.0, 5.0]]), requires_grad=True)
    (x.sum(axis=0) * x.mean(axis=1)).backward(np.array([1.0, 10.0]))
    # y₀ = (x₀₀ + x₁₀)·(x₀₀ + x₀₁)/2 = 4·1.5, y₁ = (x₀₁ + x₁₁)·(x₁₀ + x₁₁)/2 = 7·4
    np.testing.assert_array_equal(x.grad, [[1.5 + 2, 40 + 2], [1.5 + 35, 40 + 35]])


@pytest.mark.parametrize(("op", "sign"), [(ops.max, 1), (ops.min, -1)])
def test_equal_ones_share_the_gradient(op, sign):
    x = Tensor(sign * np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]]), requires_grad=True)
    op(x, axis=1).backward(np.array([10.0, 100.0]))
    np.testing.assert_array_equal(x.grad, [[0, 5, 5], [100, 0, 0]])
    x.grad = None
    op(x).backward(np.array(4.0))
    np.testing.assert_array_equal(x.grad, [[0, 2, 2], [0, 0, 0]])


def test_variance_by_hand():
    x = Tensor([1.0, 2.0, 6.0])
    assert x.var().item() == pytest.approx(14 / 3)
    assert x.var(correction=1).item() == 7.0


def test_large_and_endless_scores_do_not_overflow():
    x = Tensor(np.array([[1000.0, 1000.0], [-np.inf, 0.0], [-np.inf, -np.inf]]))
    with np.errstate(all="raise", under="ignore", divide="ignore"):
        y = ops.logsumexp(x, axis=1)
    np.testing.assert_allclose(y.data, [1000 + np.log(2), 0, -np.inf])


@pytest.mark.parametrize("name", ["sum", "mean", "var", "max", "min", "logsumexp", "softmax"])
def test_no_samples_give_an_empty_result_and_a_gradient_of_their_shape(xp, name):
    x = Tensor(xp.zeros((0, 3)), requires_grad=True)
    y = getattr(ops, name)(x, axis=1)
    y.backward(xp.zeros(y.shape))
    assert y.shape == ((0, 3) if name == "softmax" else (0,)) and x.grad.shape == (0, 3)


def test_an_axis_may_be_an_integer_of_numpy_s():
    x = Tensor(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(x.sum(axis=np.int64(1)).data, [3, 12])


X = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.sum(X, axis=2), r"sum: axis 2 is not an axis of shape \(2, 3\)"),
        (lambda: ops.sum(X, axis=(0, -2)), r"sum: axis \(0, -2\) names an axis .* twice"),
        (lambda: ops.mean(X, axis=-3), r"mean: axis -3 is not an axis of shape \(2, 3\)"),
        (lambda: ops.mean(X[:, :0]), r"mean: no elements along axes \(0, 1\) of shape \(2, 0\)"),
        (lambda: X[:0].max(axis=0), r"max: no elements along axes \(0,\) of shape \(0, 3\)"),
        (lambda: X[:0].min(), r"min: no elements along axes"),
        (lambda: X[:0].var(), r"var: no elements along axes"),
        (
            lambda: ops.softmax(X[:0], axis=0),
            r"softmax: no elements along axis 0 of shape \(0, 3\)",
        ),
        (lambda: ops.log_softmax(X[:0], axis=0), "log_softmax: no elements along axis 0"),
        (lambda: ops.logsumexp(X[:0]), r"logsumexp: no elements along axes \(0, 1\)"),
        (lambda: X[:, :1].var(1, correction=1), r"var: 1 values over axes \(1,\), correction 1"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_axis_is_a_whole_number():
    with pytest.raises(TypeError, match=r"sum: expected axis as whole numbers, got 0\.5"):
        ops.sum(Tensor(np.ones((2, 2))), axis=0.5)
