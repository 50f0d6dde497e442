"""upsample_conv2d: upsampling to 2 × 2 equal pixels, zeros right and below, a 2×2 convolution.

    y[n, o, r, s] = b[o] + Σ_{c,i,j} w[o, c, i, j] · x[n, c, ⌊(r + i)/2⌋, ⌊(s + j)/2⌋]

where a pixel outside of x is 0. Linear in x, in w and in b.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls

small = st.integers(1, 3)


@st.composite
def enlargements(draw, bias=True, **options):
    """Images from one pixel on."""
    c, o = draw(small), draw(small)
    x = (draw(small), c, draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    return draw(calls([x, (o, c, 2, 2), (o,)][: 3 if bias else 2], **options))


def _reference(x, weight, bias=None, relu=False):
    large = reference.pad(reference.upsample_nearest(x, 2), ((0, 0), (0, 0), (0, 1), (0, 1)))
    y = reference.conv2d(large, weight, bias)
    return np.maximum(y, 0) if relu else y


CASES = [
    Case("upsample_conv2d", ops.upsample_conv2d, enlargements(), _reference, linear_in=(0, 1, 2)),
    Case("upsample_conv2d/relu", ops.upsample_conv2d, enlargements(relu=True), _reference),
    Case(
        "upsample_conv2d/no_bias",
        ops.upsample_conv2d,
        enlargements(bias=False),
        _reference,
        linear_in=(0, 1),
    ),
]


def test_by_hand():
    """One pixel of 3: each output sees as many of its four copies as lie right and below."""
    x = Tensor(np.full((1, 1, 1, 1), 3.0), requires_grad=True)
    weight = Tensor(np.array([[[[1.0, 10.0], [100.0, 1000.0]]]]), requires_grad=True)
    y = ops.upsample_conv2d(x, weight)
    np.testing.assert_array_equal(y.data[0, 0], [[3333, 303], [33, 3]])
    y.backward(np.array([[[[1.0, 2.0], [4.0, 8.0]]]]))
    assert x.grad.item() == 1 * 1111 + 2 * 101 + 4 * 11 + 8 * 1
    np.testing.assert_array_equal(weight.grad[0, 0], [[45, 15], [9, 3]])


def test_only_what_is_asked_for_is_computed(xp):
    x = Tensor(xp.ones((1, 2, 2, 2)))
    weight = Tensor(xp.ones((1, 2, 2, 2)), requires_grad=True)
    ops.upsample_conv2d(x, weight).backward(xp.ones((1, 1, 4, 4)))
    assert x.grad is None and weight.grad.tolist() == [[[[16, 12], [12, 9]]] * 2]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((1, 2, 3, 3), (1, 2, 3, 3)), r"upsample_conv2d: expected weight \(O, C, 2, 2\), got"),
        (((1, 3, 8, 8), (4, 2, 2, 2)), "conv2d: x has 3 channels, weight expects 2"),
        (((3, 8, 8), (4, 3, 2, 2)), r"upsample_nearest: expected x \(N, C, H, W\)"),
        (((1, 1, 3, 3), (2, 1, 2, 2), (3,)), r"conv2d: expected bias \(2,\), got \(3,\)"),
    ],
)
def test_mistakes_are_named(shapes, message):
    with pytest.raises(ValueError, match=message):
        ops.upsample_conv2d(*(Tensor(np.ones(s)) for s in shapes))
