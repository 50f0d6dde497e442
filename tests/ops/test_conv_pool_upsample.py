"""Convolution, pooling, upsampling: against loops, against differences, against their adjoints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.gradcheck import check_gradients
from minipose.kernels import im2col
from tests import reference
from tests.strategies import arrays, distinct

small = st.integers(1, 3)


@given(data=st.data(), n=st.integers(1, 2), c=small, o=small, kh=small, kw=small,
       extra=st.tuples(st.integers(0, 3), st.integers(0, 3)),
       stride=st.tuples(st.integers(1, 2), st.integers(1, 3)),
       padding=st.tuples(st.integers(0, 2), st.integers(0, 2)))  # fmt: skip
def test_conv2d(data, n, c, o, kh, kw, extra, stride, padding):
    x = data.draw(arrays((n, c, kh + extra[0], kw + extra[1])))
    weight, bias = data.draw(arrays((o, c, kh, kw))), data.draw(arrays((o,)))
    y = ops.conv2d(Tensor(x), Tensor(weight), Tensor(bias), stride, padding).data
    np.testing.assert_allclose(
        y, reference.conv2d(x, weight, bias, stride, padding), rtol=1e-12, atol=1e-13
    )
    check_gradients(lambda *t: ops.conv2d(*t, stride, padding), [x, weight, bias])


def test_conv2d_worked_by_hand():
    x = Tensor(np.arange(9.0).reshape(1, 1, 3, 3), requires_grad=True)
    weight = Tensor(np.array([[[[1.0, 0.0], [0.0, -1.0]]]]), requires_grad=True)
    y = ops.conv2d(x, weight)
    np.testing.assert_array_equal(y.data, np.full((1, 1, 2, 2), -4.0))  # x[p, q] − x[p+1, q+1]
    y.backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    np.testing.assert_array_equal(weight.grad, [[[[27.0, 37.0], [57.0, 67.0]]]])
    np.testing.assert_array_equal(x.grad[0, 0], [[1, 2, 0], [3, 3, -2], [0, -3, -4]])


@given(data=st.data(), stride=st.integers(1, 3), padding=st.integers(0, 2))
def test_col2im_is_the_adjoint_of_im2col(data, stride, padding):
    """⟨im2col(x), c⟩ = ⟨x, col2im(c)⟩ for all x and c: exact, without any small step."""
    x = data.draw(arrays((2, 3, 6, 5)))
    cols = im2col.im2col(x, (3, 2), (stride, stride), (padding, padding))
    c = np.random.default_rng(0).standard_normal(cols.shape)
    back = im2col.col2im(c, (6, 5), (stride, stride), (padding, padding))
    np.testing.assert_allclose((cols * c).sum(), (x * back).sum(), rtol=1e-10)


@given(data=st.data(), kernel=st.tuples(small, st.integers(1, 5)), c=small, o=small,
       extra=st.tuples(st.integers(1, 6), st.integers(1, 6)))  # fmt: skip
def test_conv_with_pool_is_the_two_ops(data, kernel, c, o, extra):
    shape = (data.draw(st.integers(1, 9)), c, kernel[0] + extra[0], kernel[1] + extra[1])
    x, weight = data.draw(arrays(shape)), data.draw(arrays((o, c, *kernel)))
    both = []
    for op in (ops.conv2d_max_pool2d, lambda a, b: ops.max_pool2d(ops.conv2d(a, b), 2)):
        a, b = Tensor(x, requires_grad=True), Tensor(weight, requires_grad=True)
        y = op(a, b)
        y.backward(np.random.default_rng(1).standard_normal(y.shape))
        both.append((y.data, a.grad, b.grad))
    for fused, composed in zip(*both, strict=True):
        np.testing.assert_allclose(fused, composed, rtol=1e-12, atol=1e-12)


def test_conv_with_pool_differences():
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 2, 8, 7)), rng.standard_normal((3, 2, 3, 2))
    check_gradients(ops.conv2d_max_pool2d, [x, weight])


def test_conv_with_pool_does_not_depend_on_the_threads(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 1, 60, 60)).astype(np.float32)
    weight = rng.standard_normal((5, 1, 5, 5)).astype(np.float32)
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        a, b = Tensor(x, requires_grad=True), Tensor(weight, requires_grad=True)
        y = ops.conv2d_max_pool2d(a, b)
        y.backward(y.data)
        results.append((y.data, a.grad, b.grad))
    for result in results[1:]:
        for got, expected in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(got, expected)


@given(x=distinct((2, 2, 6, 7)), kernel=small, stride=small)
def test_max_pool2d(x, kernel, stride):
    y = ops.max_pool2d(Tensor(x), kernel, stride).data
    np.testing.assert_array_equal(y, reference.pool2d(x, kernel, stride, np.max))
    check_gradients(lambda t: ops.max_pool2d(t, kernel, stride), [x])


def test_max_pool2d_ties_go_to_the_first_in_row_order():
    for op in (
        lambda t: ops.max_pool2d(t, 2),
        lambda t: ops.conv2d_max_pool2d(t, Tensor(np.ones((1, 1, 1, 1)))),
    ):
        x = Tensor(np.array([[[[1.0, 1.0], [1.0, 1.0]]]]), requires_grad=True)
        op(x).backward(np.array([[[[5.0]]]]))
        np.testing.assert_array_equal(x.grad[0, 0], [[5, 0], [0, 0]])
    x = Tensor(np.array([[[[0.0, 2.0], [2.0, 2.0]]]]), requires_grad=True)
    ops.conv2d_max_pool2d(x, Tensor(np.ones((1, 1, 1, 1)))).backward(np.array([[[[5.0]]]]))
    np.testing.assert_array_equal(x.grad[0, 0], [[0, 5], [0, 0]])


def test_max_pool2d_of_negative_numbers_is_negative():
    assert ops.max_pool2d(Tensor(-np.ones((1, 1, 4, 4))), 2).data.max() == -1


@given(x=arrays((2, 2, 6, 7)), kernel=small, stride=small)
def test_avg_pool2d(x, kernel, stride):
    y = ops.avg_pool2d(Tensor(x), kernel, stride).data
    np.testing.assert_allclose(y, reference.pool2d(x, kernel, stride, np.mean), atol=1e-14)
    check_gradients(lambda t: ops.avg_pool2d(t, kernel, stride), [x])


@pytest.mark.parametrize("name", ["upsample_nearest", "upsample_bilinear"])
@given(x=arrays((2, 2, 3, 4)), scale=st.integers(1, 4))
def test_upsampling(name, x, scale):
    op = getattr(ops, name)
    y = op(Tensor(x), scale).data
    np.testing.assert_allclose(y, getattr(reference, name)(x, scale), atol=1e-13)
    check_gradients(lambda t: op(t, scale), [x])


@pytest.mark.parametrize(
    "op",
    [
        lambda x: ops.conv2d(x, Tensor(np.ones((2, 2, 3, 3), np.float32)), padding=1),
        lambda x: ops.conv2d_max_pool2d(x, Tensor(np.ones((2, 2, 3, 3), np.float32))),
        lambda x: ops.max_pool2d(x, 2),
        lambda x: ops.avg_pool2d(x, 2),
        lambda x: ops.upsample_nearest(x, 2),
        lambda x: ops.upsample_bilinear(x, 2),
    ],
)
def test_float32_in_float32_out_and_inputs_untouched(op):
    values = np.random.default_rng(0).standard_normal((2, 2, 6, 6)).astype(np.float32)
    x = Tensor(values.copy(), requires_grad=True)
    y = op(x)
    y.backward(np.ones(y.shape, np.float32))
    assert y.dtype == x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.data, values)


X, W = Tensor(np.ones((1, 3, 8, 8))), Tensor(np.ones((4, 2, 3, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ops.conv2d(X, W),
            r"conv2d: x has 3 channels, weight expects 2 "
            r"\(x \(1, 3, 8, 8\), weight \(4, 2, 3, 3\)\)",
        ),
        (lambda: ops.conv2d_max_pool2d(X, W), "conv2d: x has 3 channels, weight expects 2"),
        (lambda: ops.conv2d(X[0], W), r"conv2d: expected x \(N, C, H, W\) and weight"),
        (lambda: ops.conv2d(X[:, :2, :2], W), "the kernel is larger than the padded image"),
        (lambda: ops.conv2d(X[:, :2], W, X[0, 0, 0]), r"expected bias \(4,\), got \(8,\)"),
        (lambda: ops.conv2d(X[:, :2], W, stride=0), "expected stride of 1 or more"),
        (lambda: ops.conv2d(X[:, :2], W, padding=(1, -1)), "expected padding of 0 or more"),
        (lambda: ops.max_pool2d(X, 9), "max_pool2d: expected x .* of at least 9"),
        (lambda: ops.avg_pool2d(X, 0), "avg_pool2d: expected positive sizes"),
        (lambda: ops.upsample_nearest(X, 0), "upsample_nearest: expected a positive whole scale"),
        (lambda: ops.upsample_bilinear(X[0], 2), r"upsample_bilinear: expected x \(N, C, H, W\)"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
