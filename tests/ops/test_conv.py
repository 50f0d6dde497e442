"""conv2d: x (N, C, H, W) and weight (O, C, kh, kw), stride s, padding p -> y (N, O, H', W').

    y[n, o, p, q]    = b[o] + Σ_{c,i,j} w[o, c, i, j] · x[n, c, p·s + i − pad, q·s + j − pad]
    dL/dw[o,c,i,j]   = Σ_{n,p,q} g[n, o, p, q] · x[n, c, p·s + i − pad, q·s + j − pad]
    dL/dx[n,c,u,v]   = Σ over all o, i, j, p, q that meet (u, v) of w[o, c, i, j] · g[n, o, p, q]
    dL/db[o]         = Σ_{n,p,q} g[n, o, p, q]

(a cross-correlation: the kernel is not flipped). It is linear in x and in w.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.kernels import im2col
from tests import reference
from tests.ops.case import Case, calls

small = st.integers(1, 3)


@st.composite
def convolutions(draw, bias=True, **options):
    """Kernels, odd and even, not square; strides that skip the border; images of any size."""
    n, c, o, kh, kw = (draw(small) for _ in range(5))
    ph, pw = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    h = draw(st.integers(max(1, kh - 2 * ph), kh + 3))
    w = draw(st.integers(max(1, kw - 2 * pw), kw + 3))
    shapes = [(n, c, h, w), (o, c, kh, kw), (o,)]
    strides = draw(small), draw(small)
    options |= {"stride": strides, "padding": (ph, pw)}
    return draw(calls(shapes if bias else shapes[:2], **options))


three_by_three = st.integers(0, 2).flatmap(
    lambda p: calls([(2, 2, 5, 7), (3, 2, 3, 3), (3,)], stride=(1, 1), padding=(p, 2 - p))
)
cubes = calls([(3, 3, 3, 3), (3, 3, 3, 3), (3,)], stride=(1, 1), padding=(1, 1))
one_by_one = calls([(2, 3, 4, 2), (2, 3, 1, 1), (2,)])
wide_margins = calls(  # as wide as the kernel and wider, beside one that is narrower
    [(2, 2, 3, 4), (2, 2, 2, 3), (2,)],
    stride=(1, 1),
    padding=st.sampled_from([(2, 0), (0, 3), (1, 2), (3, 4)]),
)

as_many_maps_as_pixels = calls([(1, 2, 3, 3), (4, 2, 2, 2)])  # as matrices, y and dL/dy are square


@st.composite
def same_sizes(draw):
    """Odd and even kernels, also larger than the image."""
    n, c, o, h, w = (draw(small) for _ in range(5))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    return draw(calls([(n, c, h, w), (o, c, *kernel), (o,)], padding="same"))


one_way = calls([(2, 2, 5, 6), (2, 2, 2, 3), (2,)], stride=st.sampled_from([(1, 2), (2, 1)]))


def row(name, op, drawn, linear_in=(0, 1, 2)):
    return Case(f"conv2d/{name}", op, drawn, reference.conv2d, linear_in=linear_in)


def _relu(*arrays, **options):
    return np.maximum(reference.conv2d(*arrays, **options), 0)


CASES = [
    Case("conv2d", ops.conv2d, convolutions(), reference.conv2d, linear_in=(0, 1, 2)),
    row("no_bias", ops.conv2d, convolutions(False), linear_in=(0, 1)),
    row("3x3", ops.conv2d, three_by_three),
    row("cubes", ops.conv2d, cubes),  # all 3 long, so that mixed-up axes keep their shape
    row("1x1", ops.conv2d, one_by_one),
    row("wide_margins", ops.conv2d, wide_margins),
    row("one_way", ops.conv2d, one_way),
    row("same", ops.conv2d, same_sizes()),
    Case("conv2d_relu/same", ops.conv2d_relu, same_sizes(), _relu),
    Case("conv2d_relu", ops.conv2d_relu, convolutions(), _relu),
    Case("conv2d_relu/no_bias", ops.conv2d_relu, convolutions(False), _relu),
    Case("conv2d_relu/as_many_maps_as_pixels", ops.conv2d_relu, as_many_maps_as_pixels, _relu),
]


def test_by_hand():
    x = Tensor(np.arange(9.0).reshape(1, 1, 3, 3), requires_grad=True)
    weight = Tensor(np.array([[[[1.0, 0.0], [0.0, -1.0]]]]), requires_grad=True)
    bias = Tensor(np.array([0.5]), requires_grad=True)
    y = ops.conv2d(x, weight, bias)
    np.testing.assert_array_equal(y.data, np.full((1, 1, 2, 2), 0.5 - 4.0))  # x[p, q] − x[p+1, q+1]
    y.backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    np.testing.assert_array_equal(weight.grad, [[[[27.0, 37.0], [57.0, 67.0]]]])
    np.testing.assert_array_equal(x.grad[0, 0], [[1, 2, 0], [3, 3, -2], [0, -3, -4]])
    np.testing.assert_array_equal(bias.grad, [10.0])


@given(data=st.data(), stride=st.tuples(small, small), padding=st.tuples(small, small))
def test_col2im_is_the_adjoint_of_im2col(data, stride, padding, xp):
    """⟨im2col(x), c⟩ = ⟨x, col2im(c)⟩ for all x and c: exact, without any small step."""
    (x,) = data.draw(calls([(2, 3, 6, 5)])).arrays(xp)
    cols = im2col.im2col(x, (3, 2), stride, padding)
    c = xp.asarray(np.random.default_rng(0).standard_normal(cols.shape))
    back = im2col.col2im(c, (6, 5), stride, padding)
    assert back.shape == x.shape
    np.testing.assert_allclose(float((cols * c).sum()), float((x * back).sum()), rtol=1e-10)


@pytest.mark.parametrize("asked", [0, 1, 2])
def test_only_what_is_asked_for_is_computed(asked):
    values = (1, 2, 4, 4), (3, 2, 2, 2), (3,)
    inputs = [Tensor(np.ones(s), requires_grad=i == asked) for i, s in enumerate(values)]
    y = ops.conv2d(*inputs)
    y.backward(np.ones(y.shape))
    assert [x.grad is not None for x in inputs] == [i == asked for i in range(3)]


X, W = Tensor(np.ones((1, 3, 8, 8))), Tensor(np.ones((4, 2, 3, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ops.conv2d(X, W),
            r"conv2d: x has 3 channels, weight expects 2 "
            r"\(x \(1, 3, 8, 8\), weight \(4, 2, 3, 3\)\)",
        ),
        (lambda: ops.conv2d(X[0], W), r"conv2d: expected x \(N, C, H, W\) and weight"),
        (lambda: ops.conv2d(X[:, :2, :2], W), "the kernel is larger than the padded image"),
        (lambda: ops.conv2d(X[:, :2], W[:, :, :0]), "expected a kernel of at least 1 × 1"),
        (lambda: ops.conv2d(X[:, :2], W, X[0, 0, 0]), r"expected bias \(4,\), got \(8,\)"),
        (lambda: ops.conv2d(X[:, :2], W, stride=0), "expected stride of 1 or more .* got 0"),
        (lambda: ops.conv2d(X[:, :2], W, stride=(1, 2, 3)), r"or a pair\), got \(1, 2, 3\)"),
        (lambda: ops.conv2d(X[:, :2], W, padding=(1, -1)), "expected padding of 0 or more"),
        (lambda: ops.conv2d(X[:, :2], W, padding="full"), "expected padding .* got 'full'"),
        (lambda: ops.conv2d(X[0], W, padding="same"), r"conv2d: expected x \(N, C, H, W\) and w"),
        (lambda: ops.conv2d(X, W, padding="same"), "conv2d: x has 3 channels, weight expects 2"),
        (
            lambda: ops.conv2d_relu(X[:, :2], W, None, 2, "same"),
            "conv2d: padding 'same' needs a stride of 1, got 2",
        ),
        (lambda: ops.conv2d(X[:, :2], W, None, 0, "same"), "expected stride of 1 or more"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda x, w, b: ops.conv2d(x, w, b.data),
        lambda x, w, b: ops.conv2d_relu(x, w, b.data),
        lambda x, w, b: ops.conv2d(x, w.data, b),
        lambda x, w, b: ops.conv2d(x.data, w, b, padding="same"),
        lambda x, w, b: ops.upsample_conv2d(x, w, b.data),
    ],
)
def test_an_array_in_place_of_a_tensor_is_named(call):
    shapes = (1, 2, 4, 4), (3, 2, 2, 2), (3,)
    with pytest.raises(TypeError, match=r"^conv2d: expected Tensors, got ndarray"):
        call(*(Tensor(np.ones(shape)) for shape in shapes))
