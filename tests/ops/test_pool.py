"""Pooling: x (N, C, H, W) -> y (N, C, H', W') over blocks of k × k that begin every s pixels.

max_pool2d  y = the largest of the block;  g goes to that element, of equal ones to the first
avg_pool2d  y = the mean of the block;     each element gets g/k²

With ``padding`` there are margins first, of −∞ for the largest and of 0 for the mean. Blocks that
reach over the right or the bottom border are left out; where blocks overlap, what an element gets
from each is added up.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import to_host
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


@st.composite
def rectangles(draw, values=None):
    """Blocks that are not square, strides that differ, margins narrower than the blocks."""
    kh, kw = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    ph, pw = draw(st.integers(0, kh - 1)), draw(st.integers(0, kw - 1))
    h, w = draw(st.integers(max(1, kh - 2 * ph), 5)), draw(st.integers(max(1, kw - 2 * pw), 5))
    stride = draw(st.none() | st.tuples(st.integers(1, 3), st.integers(1, 3)))
    options = {"kernel_size": (kh, kw), "stride": stride, "padding": (ph, pw)}
    return draw(calls([(draw(st.integers(1, 2)), 2, h, w)], values, **options))


CASES = [
    Case("max_pool2d", ops.max_pool2d, poolings(distinct), reference.max_pool2d),
    Case("avg_pool2d", ops.avg_pool2d, poolings(), reference.avg_pool2d, linear_in=(0,)),
    Case("max_pool2d/rectangles", ops.max_pool2d, rectangles(distinct), reference.max_pool2d),
    Case(
        "avg_pool2d/rectangles", ops.avg_pool2d, rectangles(), reference.avg_pool2d, linear_in=(0,)
    ),
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
    x = Tensor(-np.ones((1, 1, 4, 4)))
    assert ops.max_pool2d(x, 2).data.max() == -1
    assert ops.max_pool2d(x, 3, 1, 1).data.max() == -1


def test_one_number_stands_for_both_directions(xp):
    x = Tensor(xp.asarray(np.random.default_rng(0).standard_normal((2, 3, 7, 7))))
    for op in (ops.max_pool2d, ops.avg_pool2d):
        one, two = op(x, 3, 2, 1), op(x, (3, 3), (2, 2), (1, 1))
        np.testing.assert_array_equal(to_host(one.data), to_host(two.data))


def test_margins_count_in_a_mean():
    """Of the four numbers at a corner three are margin: 8/4."""
    y = ops.avg_pool2d(Tensor(np.full((1, 1, 2, 2), 8.0)), 2, 2, 1)
    np.testing.assert_array_equal(y.data, np.full((1, 1, 2, 2), 2.0))


X = Tensor(np.ones((1, 3, 8, 8)))


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, 9), r"expected x \(N, C, H, W\) with H, W of at least 9, got \(1, 3, 8, 8\)"),
        ((X[0], 2), r"expected x \(N, C, H, W\) .* got \(3, 8, 8\)"),
        ((X, 0), r"expected kernel_size of 1 or more \(or a pair\), got 0"),
        ((X, 2, 0), r"expected stride of 1 or more \(or a pair\), got 0"),
        ((X, 2.5), r"expected kernel_size of 1 or more \(or a pair\), got 2\.5"),
        ((X, (2, 3, 4)), r"expected kernel_size .* got \(2, 3, 4\)"),
        ((X, "22"), "expected kernel_size .* got '22'"),
        ((X, 2, (1, 0)), r"expected stride .* got \(1, 0\)"),
        ((X, 2, 2, -1), "expected padding of 0 or more .* got -1"),
        (
            (X, (3, 2), 2, 2),
            r"expected padding below kernel_size \(3, 2\), got 2: blocks would lie",
        ),
        ((X, (9, 2)), r"expected x .* of at least \(9, 2\), got \(1, 3, 8, 8\)"),
        (
            (X, (2, 13), 1, (0, 2)),
            r"expected x .* of at least \(2, 13\) with padding \(0, 2\), got",
        ),
    ],
)
def test_mistakes_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        getattr(ops, name)(*arguments)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [1, (2, 0), (0, 2), 2])
def test_a_gradient_never_goes_to_a_margin(xp, stride, padding):
    """Where a block has only −∞ beside the margin, its first element gets it."""
    x = Tensor(xp.full((1, 2, 4, 5), -np.inf), requires_grad=True)
    y = ops.max_pool2d(x, 3, stride, padding)
    y.backward(xp.ones(y.shape))
    grad = to_host(x.grad)
    assert grad.sum() == y.size
    if stride == 3 and padding == 1:  # blocks do not overlap: rows from −1 and 2, columns alike
        assert np.argwhere(grad[0, 0]).tolist() == [[0, 0], [0, 2], [2, 0], [2, 2]]
