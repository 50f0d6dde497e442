"""``x[key]``: y = P x, where each row of P picks one element of x; dL/dx = Pᵀ g.

An element that is picked twice gets the sum of both gradients, one that is not picked gets 0. What
a key means is what it means to NumPy.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import to_host
from tests.ops.case import Case, calls

SHAPE, CUBE = (2, 3, 4), (3, 3, 3)  # the cube is for mixed-up axes, which it does not betray
either = st.sampled_from([[SHAPE], [CUBE]])
SLICES = st.sampled_from(
    [1, -1, (slice(None), 2), (0, ..., slice(None, None, 2)), (slice(1, 2), slice(None, None, -1))]
)
AXES = st.sampled_from([None, (None, 1, ..., None), (np.int64(1), slice(None), None), (), ..., 1])
PLACES = st.sampled_from(
    [
        [0, 0, 1],
        np.array([[0, 1], [-1, 1]]),
        np.array(1),
        (..., [-1, 0, -1]),
        ([1, 0, 1], slice(None), [2, 0, 2]),  # arrays apart: their axis comes first
        (slice(None), [1, 0, 1], [2, 0, 2]),
        ([0, 1, 0], [2, 2, 2], [1, 0, 1]),
        (None, [1, 1], 0, np.uint8([2, 2])),
        [],
        (0, [[1], [0]], [[0, 0]]),
    ]
)
ROW, COLUMNS = np.array([True, False, True]), np.array([[True, False, True, True]] * 3)
COLUMNS[1] = False
MASKS = st.sampled_from(
    [
        np.arange(24).reshape(SHAPE) % 5 < 2,
        np.zeros(SHAPE, bool),
        [True, False],
        (slice(None), ROW),
        (..., COLUMNS),
        (1, COLUMNS),
        (..., [False, True, True, False]),
        (None, [True, True], slice(2), [3, 3]),  # a mask beside places: two of each
        (ROW[:2], slice(None), None),
    ]
)


def index(x, key):
    return x[key]


def _row(variant, shapes, keys):
    return Case(f"select/{variant}", ops.select, calls(shapes, key=keys), index, linear_in=(0,))


CASES = [
    _row("slices", either, SLICES),
    _row("axes", either, AXES),
    _row("places", either, PLACES),
    _row("masks", [SHAPE], MASKS),
]


def test_by_hand():
    x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    y = x[[1, 0, 1], [0, 1, 0]]
    np.testing.assert_array_equal(y.data, [3, 2, 3])
    y.backward(np.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(x.grad, [[0, 10], [101, 0]])


def test_a_mask_from_the_values(xp):
    x = Tensor(xp.asarray([3.0, -1.0, 2.0]), requires_grad=True)
    positive = x[x > 0]
    positive.backward(xp.asarray([1.0, 10.0]))
    np.testing.assert_array_equal(to_host(positive.data), [3, 2])
    np.testing.assert_array_equal(to_host(x.grad), [1, 0, 10])


def test_the_largest_of_each_row(xp):
    """The places that ``argmax`` gives are an index."""
    x = Tensor(xp.asarray([[3.0, 5.0], [7.0, 2.0]]), requires_grad=True)
    y = x[[0, 1], x.argmax(axis=1)]
    np.testing.assert_array_equal(to_host(y.data), [5, 7])
    np.testing.assert_array_equal(to_host(x[0][x[0].argmax()].data), 5)


def test_a_mask_of_one_truth():
    x = Tensor(np.arange(3.0))
    for key in (True, False, np.bool_(True), np.array(False)):
        np.testing.assert_array_equal(x[key].data, x.data[key])


def test_an_index_that_changes_afterwards():
    x, places = Tensor(np.arange(3.0), requires_grad=True), np.array([0, 1])
    y = x[places]
    places[:] = 2
    y.backward(np.ones(2))
    np.testing.assert_array_equal(x.grad, [1, 1, 0])


def test_iteration_goes_along_the_first_axis():
    x = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    first, second, third = x
    (first * third).backward(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(second.data, [2, 3])
    np.testing.assert_array_equal(x.grad, [[4, 50], [0, 0], [0, 10]])
    with pytest.raises(TypeError, match="unsized"):
        list(Tensor(3.0))


X = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (5, IndexError, r"select: index 5 is out of bounds .* \(x has shape \(2, 3\)\)"),
        ([0, 2], IndexError, "select: index 2 is out of bounds for axis 0 with size 2"),
        ((0, 0, 0), IndexError, "select: too many indices"),
        (([0, 1], [0, 1, 2]), IndexError, "select: shape mismatch"),
        (np.ones(3, bool), IndexError, r"select: a mask of shape \(3,\) at axis 0 of \(2, 3\)"),
        ((..., [True, False]), IndexError, r"select: a mask of shape \(2,\) at axis 1 of \(2, 3\)"),
        ((..., [[[True]]]), IndexError, r"select: a mask of shape \(1, 1, 1\) at axis 0"),
        (X, TypeError, "select: a Tensor is no index; take integers, or a mask such as x.data > 0"),
        ([0.0, 1.0], TypeError, r"select: expected integers, slices, .* got list \(float64\)"),
        (1.0, TypeError, r"select: expected integers, slices, .* got float \(float64\)"),
        ([[0], [1, 2]], TypeError, r"select: expected integers, slices, .* got list \(object\)"),
        ("one", TypeError, "select: expected integers, slices, .* got str"),
    ],
)
def test_mistakes_are_named(key, error, message):
    with pytest.raises(error, match=message) as caught:
        X[key]
    assert "\n" not in str(caught.value)
