"""Matrix products.

matmul  Y = A B,        dL/dA = G Bᵀ,  dL/dB = Aᵀ G
linear  Y = X Wᵀ + b,   dL/dX = G W,   dL/dW = Gᵀ X,  dL/db = Σₙ G[n]
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls

SIZES = st.tuples(*[st.integers(1, 4)] * 3) | st.just((3, 3, 3))
products = calls(SIZES.map(lambda s: [(s[0], s[1]), (s[1], s[2])]))
layers = calls(SIZES.map(lambda s: [(s[0], s[1]), (s[2], s[1]), (s[2],)]))
without_bias = calls(SIZES.map(lambda s: [(s[0], s[1]), (s[2], s[1])]))

CASES = [
    Case("matmul", ops.matmul, products, reference.matmul, linear_in=(0, 1)),
    Case("linear", ops.linear, layers, reference.linear, linear_in=(0, 1, 2)),
    Case("linear/no_bias", ops.linear, without_bias, reference.linear, linear_in=(0, 1)),
]


def test_by_hand():
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    weight = Tensor([[3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    bias = Tensor([0.5, -0.5], requires_grad=True)
    y = ops.linear(x, weight, bias)
    np.testing.assert_array_equal(y.data, [[11.5, 16.5]])
    y.backward(np.array([[1.0, 10.0]], np.float32))
    np.testing.assert_array_equal(x.grad, [[53.0, 64.0]])
    np.testing.assert_array_equal(weight.grad, [[1.0, 2.0], [10.0, 20.0]])
    np.testing.assert_array_equal(bias.grad, [1.0, 10.0])


def test_only_what_is_asked_for_is_computed():
    x, weight = Tensor(np.ones((2, 3))), Tensor(np.ones((4, 3)), requires_grad=True)
    for y in (ops.linear(x, weight), ops.matmul(weight, x.transpose())):
        y.backward(np.ones(y.shape))
    assert x.grad is None
    np.testing.assert_array_equal(weight.grad, np.full((4, 3), 4.0))


X, BIAS = Tensor(np.ones((2, 3))), Tensor(np.ones(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: X @ X, r"matmul: expected \(M, K\) and \(K, N\), got \(2, 3\) and \(2, 3\)"),
        (lambda: ops.matmul(X, BIAS), r"matmul: expected .* got \(2, 3\) and \(3,\)"),
        (lambda: ops.linear(X, X[:, :2]), r"linear: expected .* got \(2, 3\) and \(2, 2\)"),
        (lambda: ops.linear(X, X, BIAS), r"linear: expected bias \(2,\), got \(3,\)"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
