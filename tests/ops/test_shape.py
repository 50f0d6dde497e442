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


def _stack(*tensors, axis):
    return ops.stack(tensors, axis)


def stacked(*xs, axis):
    """An axis of length 1 in each, then one after another."""
    axis %= xs[0].ndim + 1
    parts = [x.reshape((*x.shape[:axis], 1, *x.shape[axis:])) for x in xs]
    return reference.concatenate(*parts, axis=axis)


def flat(x, start=1):
    return reference.reshape(x, (*x.shape[:start], -1))


either = st.sampled_from([[SHAPE], [CUBE]])
to_shapes = calls([SHAPE], shape=st.sampled_from([(4, 6), (24,), (-1, 2), (3, 2, 4), (2, 3, 4)]))
orders = calls([SHAPE], axes=st.permutations([0, 1, 2]).map(tuple) | st.none())
concatenations = parts().flatmap(lambda p: calls(p[0], axis=p[1]))
stacks = calls(
    st.sampled_from([[SHAPE] * 2, [CUBE] * 3, [(2,)] * 2, [()] * 2]), axis=st.sampled_from([0, -1])
) | calls([SHAPE] * 2, axis=st.integers(-4, 3))
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
    Case("flatten", ops.flatten, calls(either, start=st.integers(0, 3)), flat, **one_axis),
    Case("flatten/from_1", ops.flatten, calls(either), flat, **one_axis),
    Case("stack", _stack, stacks, stacked, linear_in=(0, 1)),
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


def test_sizes_may_stand_alone_or_in_a_tuple():
    x = Tensor(np.arange(24.0).reshape(2, 3, 4))
    for y in (x.reshape(6, -1), x.reshape((6, -1)), x.reshape(np.int64(6), 4), x.reshape([6, 4])):
        assert y.shape == (6, 4)
    assert x.reshape(24).shape == x.reshape(-1).shape == ops.reshape(x, 24).shape == (24,)
    for y in (x.transpose(2, 0, 1), x.transpose((2, 0, 1)), x.transpose(axes=(2, 0, 1))):
        assert y.shape == (4, 2, 3)
    np.testing.assert_array_equal(x.T.data, x.data.T)
    np.testing.assert_array_equal(x.transpose().data, x.data.T)


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
        (lambda: ops.crop(X, ((0, 0, 1), (0, 0))), ValueError, "crop: expected 2 pairs of non-neg"),
        (lambda: ops.crop(X, ((0, 0),)), ValueError, r"crop: expected 2 pairs .* shape \(2, 3\)"),
        (lambda: ops.pad(X, 1), ValueError, r"pad: expected 2 pairs .* shape \(2, 3\), got 1"),
        (lambda: ops.pad(X, (1, 1)), ValueError, r"pad: expected 2 pairs .*, got \[1, 1\]"),
        (lambda: ops.pad(X, ((0, 1), (0, 0.5))), ValueError, "pad: expected 2 pairs"),
        (lambda: ops.pad([1.0], ((0, 1),)), TypeError, "pad: expected Tensors, got list"),
        (lambda: ops.crop(X, 1), ValueError, r"crop: expected 2 pairs .*, got 1"),
        (lambda: ops.concatenate(3), TypeError, "concatenate: expected a list of Tensors, got int"),
        (lambda: ops.concatenate([X], "a"), TypeError, "concatenate: expected axis as a whole num"),
        (lambda: ops.stack([X], None), TypeError, "stack: expected axis as a whole number, got No"),
        (lambda: X.reshape(4, -1), ValueError, r"reshape: \(2, 3\) cannot become \(4, -1\)"),
        (lambda: X.transpose(1), ValueError, r"axes \(1,\) do not permute the axes of \(2, 3\)"),
        (
            lambda: X.flatten(3),
            ValueError,
            r"flatten: expected start from -2 to 2 for shape \(2, 3\), got 3",
        ),
        (lambda: ops.concatenate([X, None]), TypeError, "expected Tensors, got NoneType"),
        (lambda: ops.stack([X, X.data]), TypeError, "stack: expected Tensors, got ndarray"),
        (lambda: ops.stack([]), ValueError, r"stack: expected tensors of one shape, got \[\]"),
        (lambda: ops.stack([X, X[0]]), ValueError, r"of one shape, got \[\(2, 3\), \(3,\)\]"),
        (lambda: ops.stack([X], 3), ValueError, "stack: axis 3 is not one of the 3 axes of the re"),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_axes_may_be_counted_from_the_end(xp):
    x = Tensor(xp.zeros((2, 3, 4)))
    assert x.transpose(-1, 0, 1).shape == (4, 2, 3) and x.transpose(0, -1, -2).shape == (2, 4, 3)
    assert x.flatten(-2).shape == (2, 12) and x.flatten(-3).shape == (24,)
    assert x.flatten(3).shape == (2, 3, 4, 1)
    for wrong in ((0, 2, -1), (0, 1, -4), (0, 1.0, 2), (0, 1, "a")):
        with pytest.raises(ValueError, match=r"transpose: axes .* do not permute the axes of \(2,"):
            x.transpose(wrong)
    for start in (-4, 4, 1.0):
        with pytest.raises(ValueError, match=r"flatten: expected start from -3 to 3 for shape"):
            x.flatten(start)


@pytest.mark.parametrize("op", [ops.concatenate, ops.stack])
def test_tensors_may_come_one_by_one(op):
    parts = [Tensor(np.full((2, 1), value), requires_grad=True) for value in (1.0, 2.0)]
    y = op(part for part in parts)
    np.testing.assert_array_equal(y.data, op(parts).data)
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(parts[1].grad, np.ones((2, 1)))
