"""Larger pictures: x (N, C, H, W) -> y (N, C, s·H, s·W). All ops are linear; two are y = A x Bᵀ.

upsample_nearest   each pixel becomes a block of s × s;  dL/dx is the sum over the block
upsample_bilinear  pixel p lies at (p + ½)/s − ½ of x;   dL/dx = Aᵀ g B
pixel_shuffle      s² channels become the s × s pixels of a block, pixel_unshuffle the other way;
                   each gradient goes where its value came from
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls

shapes = st.sampled_from([[(2, 2, 3, 4)], [(1, 1, 1, 3)], [(2, 1, 3, 3)], [(1, 2, 2, 1)]])
scales = calls(shapes, scale=st.integers(1, 4))

shuffles = calls([(2, 8, 3, 2)], scale=st.sampled_from([1, 2])) | calls([(1, 9, 2, 2)], scale=3)
unshuffles = calls([(2, 2, 4, 6)], scale=st.sampled_from([1, 2])) | calls([(1, 1, 6, 3)], scale=3)
squares = calls([(1, 1, 4, 4)], scale=2)


def shuffled(x, scale):
    """Pixel by pixel."""
    n, c, h, w = x.shape
    y = np.empty((n, c // scale**2, h * scale, w * scale), x.dtype)
    for i in np.ndindex(y.shape[1:]):
        (p, a), (q, b) = divmod(i[1], scale), divmod(i[2], scale)
        y[:, *i] = x[:, i[0] * scale**2 + a * scale + b, p, q]
    return y


def unshuffled(x, scale):
    """Channel by channel: every scale-th row and column, from each of the first ones on."""
    starts = [(c, a, b) for c in range(x.shape[1]) for a in range(scale) for b in range(scale)]
    return np.stack([x[:, c, a::scale, b::scale] for c, a, b in starts], axis=1)


CASES = [
    Case(name, getattr(ops, name), scales, getattr(reference, name), linear_in=(0,))
    for name in ("upsample_nearest", "upsample_bilinear")
] + [
    Case("pixel_shuffle", ops.pixel_shuffle, shuffles, shuffled, linear_in=(0,)),
    Case("pixel_unshuffle", ops.pixel_unshuffle, unshuffles, unshuffled, linear_in=(0,)),
    Case("pixel_unshuffle/square", ops.pixel_unshuffle, squares, unshuffled, linear_in=(0,)),
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


def test_blocks_of_pixels_are_channels_and_back():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y = ops.pixel_unshuffle(Tensor(x), 2)
    np.testing.assert_array_equal(y.data[0, :, 0, 0], [0, 1, 4, 5])
    np.testing.assert_array_equal(ops.pixel_shuffle(y, 2).data, x)
    with pytest.raises(ValueError, match="pixel_unshuffle: expected height and width"):
        ops.pixel_unshuffle(Tensor(x), 3)
    with pytest.raises(ValueError, match="pixel_shuffle: expected a multiple of 4 channels"):
        ops.pixel_shuffle(Tensor(x), 2)


@pytest.mark.parametrize(
    "name", ["upsample_nearest", "upsample_bilinear", "pixel_shuffle", "pixel_unshuffle"]
)
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
