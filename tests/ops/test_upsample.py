"""Larger pictures: x (N, C, H, W) -> y (N, C, s·H, s·W). Both ops are linear, y = A x Bᵀ.

upsample_nearest   each pixel becomes a block of s × s;  dL/dx is the sum over the block
upsample_bilinear  pixel p lies at (p + ½)/s − ½ of x;   dL/dx = Aᵀ g B
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls

shapes = st.sampled_from([[(2, 2, 3, 4)], [(1, 1, 1, 3)], [(2, 1, 3, 3)], [(1, 2, 2, 1)]])
scales = calls(shapes, scale=st.integers(1, 4))

CASES = [
    Case(name, getattr(ops, name), scales, getattr(reference, name), linear_in=(0,))
    for name in ("upsample_nearest", "upsample_bilinear")
]


@pytest.mark.parametrize(
    ("op", "row", "grad"),
    [
        (ops.upsample_nearest, [0, 0, 4, 4], [1 + 2 + 10 + 20, 4 + 8 + 40 + 80]),
        # Weights ¾ and ¼ between the pixels; the columns of g add up to 11, 22, 44, 88.
        (ops.upsample_bilinear, [0, 1, 3, 4], [11 + 16.5 + 11, 5.5 + 33 + 88]),
    ],
)
def test_by_hand(op, row, grad):
    x = Tensor(np.array([[[[0.0, 4.0]]]]), requires_grad=True)
    y = op(x, 2)
    np.testing.assert_array_equal(y.data[0, 0], [row, row])
    y.backward(np.array([[[[1.0, 2, 4, 8], [10, 20, 40, 80]]]]))
    np.testing.assert_array_equal(x.grad[0, 0], [grad])


X = Tensor(np.ones((1, 3, 8, 8)))


@pytest.mark.parametrize("name", ["upsample_nearest", "upsample_bilinear"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, 0), "expected a positive whole scale, got 0"),
        ((X, 1.5), r"expected a positive whole scale, got 1\.5"),
        ((X[0], 2), r"expected x \(N, C, H, W\), got \(3, 8, 8\)"),
    ],
)
def test_mistakes_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        getattr(ops, name)(*arguments)
