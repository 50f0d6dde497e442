"""Pooling: x (N, C, H, W) -> y (N, C, H', W') over blocks of k × k that begin every s pixels.

max_pool2d  y = the largest of the block;  g goes to that element, of equal ones to the first
avg_pool2d  y = the mean of the block;     each element gets g/k²

Blocks that reach over the right or the bottom border are left out; where blocks overlap, what an
element gets from each is added up.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls, distinct


@st.composite
def poolings(draw, values=None):
    """Blocks that touch, overlap or leave gaps; a remainder at the border or none."""
    k = draw(st.integers(1, 3))
    h, w = draw(st.integers(k, 7)), draw(st.integers(k, 7))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), h, w)
    stride = draw(st.none() | st.integers(1, 4))
    return draw(calls([shape], values, kernel_size=k, stride=stride))


CASES = [
    Case("max_pool2d", ops.max_pool2d, poolings(distinct), reference.max_pool2d),
    Case("avg_pool2d", ops.avg_pool2d, poolings(), reference.avg_pool2d, linear_in=(0,)),
]


@pytest.mark.parametrize(
    ("op", "y", "grad"),
    [
        (ops.max_pool2d, [[8, 9]], [[0, 0, 0, 0, 0], [0, 1, 0, 10, 0], [0, 0, 0, 0, 0]]),
        (
            ops.avg_pool2d,
            [[5, 5.5]],
            [[0.25, 0.25, 2.5, 2.5, 0], [0.25, 0.25, 2.5, 2.5, 0], [0, 0, 0, 0, 0]],
        ),
    ],
)
def test_by_hand(op, y, grad):
    """Two blocks of 2 × 2; the last column and the last row belong to none."""
    x = np.array([[3.0, 2, 4, 2, 90], [7, 8, 7, 9, 90], [90, 90, 90, 90, 90]])
    x = Tensor(x[None, None], requires_grad=True)
    result = op(x, 2)
    np.testing.assert_array_equal(result.data[0, 0], y)
    result.backward(np.array([[[[1.0, 10.0]]]]))
    np.testing.assert_array_equal(x.grad[0, 0], grad)


@pytest.mark.parametrize(
    ("block", "grad"),
    [
        ([[1, 1], [1, 1]], [[5, 0], [0, 0]]),
        ([[0, 2], [2, 2]], [[0, 5], [0, 0]]),
        ([[0, 1], [2, 2]], [[0, 0], [5, 0]]),
    ],
)
@pytest.mark.parametrize("op", ["max_pool2d", "conv2d_max_pool2d"])
def test_of_equal_ones_the_first_in_row_order_gets_the_gradient(op, block, grad, xp):
    x = Tensor(xp.asarray(np.array(block, dtype=float)[None, None]), requires_grad=True)
    one = Tensor(xp.ones((1, 1, 1, 1)))
    y = ops.max_pool2d(x, 2) if op == "max_pool2d" else ops.conv2d_max_pool2d(x, one)
    y.backward(xp.full((1, 1, 1, 1), 5.0))
    assert x.grad.tolist() == [[grad]]


def test_of_negative_numbers_the_largest_is_negative():
    """A border of zeros, as some libraries add, would win here."""
    assert ops.max_pool2d(Tensor(-np.ones((1, 1, 4, 4))), 2).data.max() == -1


X = Tensor(np.ones((1, 3, 8, 8)))


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, 9), r"expected x \(N, C, H, W\) with H, W of at least 9, got \(1, 3, 8, 8\)"),
        ((X[0], 2), r"expected x \(N, C, H, W\) .* got \(3, 8, 8\)"),
        ((X, 0), "expected positive whole sizes, got 0 and 0"),
        ((X, 2, 0), "expected positive whole sizes, got 2 and 0"),
        ((X, 2.5), r"expected positive whole sizes, got 2\.5 and 2\.5"),
    ],
)
def test_mistakes_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        getattr(ops, name)(*arguments)
