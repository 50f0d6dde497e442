"""Moving values without changing them: y = P x, where each row of P picks one element of x.

dL/dx = Pᵀ g puts each gradient back where its value came from; elements that y does not hold get 0.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import SQUARE_OR_NOT, Case, calls

SHAPE, CUBE = (2, 3, 4), (3, 3, 3)  # the cube is for mixed-up axes, which it does not betray
WIDTHS = st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 3)
KEYS = st.sampled_from(
    [1, -1, (slice(None), 2), (0, ..., slice(None, None, 2)), (slice(1, 2), slice(None, None, -1))]
)


@st.composite
def parts(draw):
    """Two or three shapes that differ along the axis along which they are put together."""
    axis = draw(st.integers(-3, 2))
    shapes = []
    for _ in range(draw(st.integers(2, 3))):
        shape = list(SHAPE)
        shape[axis] = draw(st.integers(1, 3))
        shapes.append(tuple(shape))
    return shapes, axis


def _concatenate(*tensors, axis):
    return ops.concatenate(tensors, axis)


either = st.sampled_from([[SHAPE], [CUBE]])
to_shapes = calls([SHAPE], shape=st.sampled_from([(4, 6), (24,), (-1, 2), (3, 2, 4), (2, 3, 4)]))
orders = calls([SHAPE], axes=st.permutations([0, 1, 2]).map(tuple) | st.none())
concatenations = parts().flatmap(lambda p: calls(p[0], axis=p[1]))
crops = calls(st.sampled_from([[(5, 6, 5)], [(5, 5, 5)]]), widths=WIDTHS)
one_axis = {"linear_in": (0,)}

CASES = [
    Case("reshape", ops.reshape, to_shapes, reference.reshape, **one_axis),
    Case("reshape/square", ops.reshape, calls([(3, 3)], shape=(9,)), reference.reshape, **one_axis),
    Case("transpose", ops.transpose, orders, reference.transpose, **one_axis),
    Case(
        "transpose/matrix",
        ops.transpose,
        calls(SQUARE_OR_NOT.map(lambda shape: [shape])),
        reference.transpose,
        **one_axis,
    ),
    Case("concatenate", _concatenate, concatenations, reference.concatenate, linear_in=(0, 1)),
    Case("pad", ops.pad, calls(either, widths=WIDTHS), reference.pad, **one_axis),
    Case("crop", ops.crop, crops, reference.crop, **one_axis),
    Case("select", ops.select, calls(either, key=KEYS), lambda x, key: x[key], **one_axis),
]


def test_by_hand():
    x = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    y = ops.concatenate([x.transpose()[1:], ops.pad(ops.crop(x, ((0, 1), (1, 0))), ((0, 1),) * 2)])
    np.testing.assert_array_equal(y.data, [[1, 4, 1, 2, 0], [2, 5, 0, 0, 0]])
    y.backward(np.array([[1.0, 2, 3, 4, 5], [6, 7, 8, 9, 10]]))
    np.testing.assert_array_equal(x.grad, [[0, 1 + 3, 6 + 4], [0, 2, 7]])


def test_a_part_used_twice_gets_both_gradients():
    x = Tensor(np.arange(3.0), requires_grad=True)
    (x[:2] * x[1:]).backward(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(x.grad, [1, 0 + 20, 10])


X = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.reshape(X, (7,)), ValueError, r"reshape: \(2, 3\) cannot become \(7,\)"),
        (lambda: ops.transpose(X, (0, 0)), ValueError, r"axes \(0, 0\) do not permute the axes of"),
        (lambda: ops.concatenate([]), ValueError, "concatenate: expected at least one tensor"),
        (lambda: ops.concatenate([X], 2), ValueError, r"axis 2 is not an axis of \(2, 3\)"),
        (
            lambda: ops.concatenate([X, X[:1]], 1),
            ValueError,
            r"concatenate: shapes differ beside axis 1: \(2, 3\), \(1, 3\)",
        ),
        (lambda: ops.pad(X, ((0, 1),)), ValueError, "pad: expected 2 pairs of non-negative widths"),
        (lambda: ops.pad(X, ((0, 1), (0, -1))), ValueError, r"shape \(2, 3\), got \[\(0, 1\), \("),
        (
            lambda: ops.crop(X, ((1, 1), (0, 0))),
            ValueError,
            "crop: widths .* do not leave anything",
        ),
        (lambda: ops.crop(X, ((0, 0, 1), (0, 0))), ValueError, "do not leave anything"),
        (lambda: ops.crop(X, ((0, 0),)), ValueError, r"do not leave anything of \(2, 3\)"),
        (lambda: X[5], IndexError, r"select: 5 is outside of shape \(2, 3\)"),
        (lambda: X[[0, 1]], TypeError, r"select: expected integers, slices or \.\.\., got \[0, 1"),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
