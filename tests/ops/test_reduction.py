"""Sums and means over axes.

sum   y = Σ x,        dL/dx = g, repeated to the shape of x
mean  y = (1/n) Σ x,  dL/dx = g/n, repeated
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls

AXES = st.sampled_from([None, 0, 1, -1, (0, 2), (-1, 0), (1,), (0, 1, 2)])
shapes = st.sampled_from([[(2, 3, 4)], [(3, 1, 3)], [(2, 2, 2)]])
reductions = calls(shapes, axis=AXES, keepdims=st.booleans())

CASES = [
    Case("sum", ops.sum, reductions, reference.sum, linear_in=(0,)),
    Case("mean", ops.mean, reductions, reference.mean, linear_in=(0,)),
]


def test_by_hand():
    x = Tensor(np.array([[1.0, 2.0], [3.0, 5.0]]), requires_grad=True)
    (x.sum(axis=0) * x.mean(axis=1)).backward(np.array([1.0, 10.0]))
    # y₀ = (x₀₀ + x₁₀)·(x₀₀ + x₀₁)/2 = 4·1.5, y₁ = (x₀₁ + x₁₁)·(x₁₀ + x₁₁)/2 = 7·4
    np.testing.assert_array_equal(x.grad, [[1.5 + 2, 40 + 2], [1.5 + 35, 40 + 35]])


X = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.sum(X, axis=2), r"sum: axis 2 is not an axis of shape \(2, 3\)"),
        (lambda: ops.sum(X, axis=(0, -2)), r"sum: axis \(0, -2\) names an axis .* twice"),
        (lambda: ops.mean(X, axis=-3), r"mean: axis -3 is not an axis of shape \(2, 3\)"),
        (lambda: ops.mean(X[:, :0]), r"mean: nothing to average over axes \(0, 1\) of shape"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
