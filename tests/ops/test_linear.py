"""Matrix products.

matmul  Y = A B,        dL/dA = G Bᵀ,  dL/dB = Aᵀ G, for each pair of matrices in a stack
linear  Y = X Wᵀ + b,   dL/dX = G W,   dL/dW = Gᵀ X,  dL/db = Σₙ G[n]
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import to_host
from tests import reference
from tests.ops.case import Case, calls

SIZES = st.tuples(*[st.integers(1, 4)] * 3) | st.just((3, 3, 3))
products = calls(SIZES.map(lambda s: [(s[0], s[1]), (s[1], s[2])]))
STACKS = [  # of matrices; what is repeated gets the sum of its gradients
    [(2, 3, 4), (2, 4, 2)],
    [(3, 3, 3), (3, 3)],
    [(3, 3), (2, 3, 3)],
    [(2, 1, 2, 3), (3, 3, 1)],
    [(1, 2, 3), (4, 3, 2)],
]
VECTORS = [
    [(3,), (3,)],
    [(3,), (3, 4)],
    [(2, 3), (3,)],
    [(3,), (2, 3, 3)],
    [(2, 3, 3), (3,)],
    [(2, 3, 3, 3), (3,)],
]
stacks, vectors = calls(st.sampled_from(STACKS)), calls(st.sampled_from(VECTORS))
layers = calls(SIZES.map(lambda s: [(s[0], s[1]), (s[2], s[1]), (s[2],)]))
without_bias = calls(SIZES.map(lambda s: [(s[0], s[1]), (s[2], s[1])]))
SEQUENCES = [[(2, 3, 4), (2, 4), (2,)], [(1, 2, 2, 3), (3, 3), (3,)], [(3, 1, 2), (1, 2), (1,)]]
sequences = calls(st.sampled_from(SEQUENCES))

CASES = [
    Case("matmul", ops.matmul, products, reference.matmul, linear_in=(0, 1)),
    Case("matmul/stacks", ops.matmul, stacks, reference.matmul, linear_in=(0, 1)),
    Case("matmul/vectors", ops.matmul, vectors, reference.matmul, linear_in=(0, 1)),
    Case("linear", ops.linear, layers, reference.linear, linear_in=(0, 1, 2)),
    Case("linear/no_bias", ops.linear, without_bias, reference.linear, linear_in=(0, 1)),
    Case("linear/stacks", ops.linear, sequences, reference.linear, linear_in=(0, 1, 2)),
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


def test_arrays_on_either_side(xp):
    x = Tensor(xp.asarray([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    other = xp.asarray([[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(to_host((x @ other).data), [[3, 2], [7, 4]])
    np.testing.assert_array_equal(to_host((other @ x).data), [[1, 2], [4, 6]])
    y = x @ [1, 10]
    np.testing.assert_array_equal(to_host(y.data), [21, 43])
    y.backward(xp.asarray([1.0, 100.0]))
    np.testing.assert_array_equal(to_host(x.grad), [[1, 10], [100, 1000]])


@pytest.mark.parametrize("shapes", [((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0, 2, 3), (3, 2))])
def test_products_of_nothing(xp, shapes):
    """Without samples an empty result, without summands zeros; the gradients are zero."""
    a, b = (Tensor(xp.zeros(shape), requires_grad=True) for shape in shapes)
    y = a @ b
    y.backward(xp.ones(y.shape))
    assert y.shape == (*shapes[0][:-1], shapes[1][-1]) and not to_host(y.data).any()
    for x in (a, b):
        np.testing.assert_array_equal(to_host(x.grad), np.zeros(x.shape))


@pytest.mark.parametrize("shape", [(0, 2, 3), (2, 0, 3), (2, 2, 0)])
def test_a_stack_of_nothing(xp, shape):
    """Without samples an empty result, without features the bias."""
    x = Tensor(xp.zeros(shape), requires_grad=True)
    weight = Tensor(xp.ones((4, shape[-1])), requires_grad=True)
    y = ops.linear(x, weight, Tensor(xp.ones((4,))))
    y.backward(xp.ones(y.shape))
    assert y.shape == (*shape[:-1], 4) and (to_host(y.data) == 1).all()
    assert x.grad.shape == shape and not to_host(weight.grad).any()


def test_a_stack_is_computed_as_its_rows_are(xp):
    rng = np.random.default_rng(0)
    arrays = [xp.asarray(rng.random(s, np.float32)) for s in ((5, 7, 6), (3, 6), (3,))]
    x, weight, bias = (Tensor(a, requires_grad=True) for a in arrays)
    rows, w, b = (Tensor(a, requires_grad=True) for a in (arrays[0].reshape((35, 6)), *arrays[1:]))
    grad = xp.asarray(rng.random((35, 3), np.float32))
    y, expected = ops.linear(x, weight, bias), ops.linear(rows, w, b)
    y.backward(grad.reshape((5, 7, 3)))
    expected.backward(grad)
    for ours, theirs in [
        (y.data, expected.data), (x.grad, rows.grad), (weight.grad, w.grad), (bias.grad, b.grad),
    ]:  # fmt: skip
        np.testing.assert_array_equal(to_host(ours).reshape(-1), to_host(theirs).reshape(-1))


X, BIAS = Tensor(np.ones((2, 3))), Tensor(np.ones(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: X @ X, r"matmul: expected \(\.\.\., M, K\) .* got \(2, 3\) and \(2, 3\)"),
        (lambda: ops.matmul(BIAS, X), r"matmul: expected .* got \(3,\) and \(2, 3\)"),
        (lambda: X @ 2.0, r"matmul: expected .* got \(2, 3\) and \(\)"),
        (
            lambda: Tensor(np.ones((2, 2, 3))) @ Tensor(np.ones((3, 3, 2))),
            r"matmul: expected .* got \(2, 2, 3\) and \(3, 3, 2\)",
        ),
        (lambda: ops.linear(X, X[:, :2]), r"linear: expected .* got \(2, 3\) and \(2, 2\)"),
        (lambda: ops.linear(BIAS, X), r"linear: expected x \(\.\.\., N, in\).* got \(3,\) and"),
        (lambda: ops.linear(X, X, BIAS), r"linear: expected bias \(2,\), got \(3,\)"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
