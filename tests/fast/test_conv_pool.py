"""The fused convolution and pooling of PoseNet against the single ops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.fast import conv_pool, pooling
from minipose.gradcheck import check_gradients
from minipose.kernels import im2col
from tests.strategies import arrays

small = st.integers(1, 3)


@given(data=st.data(), n=st.integers(1, 4), c=small, o=small,
       kernel=st.tuples(st.integers(1, 6), st.integers(1, 6)),
       extra=st.tuples(st.integers(1, 24), st.integers(1, 6)),
       long_row=st.sampled_from([1, 4, conv_pool.LONG_ROW]))  # fmt: skip
def test_it_is_convolution_then_pooling(data, n, c, o, kernel, extra, long_row):
    """Every shape, also those for which the op would not choose this kernel; any lines at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv_pool, "LONG_ROW", long_row)
        check_against_single_kernels(data, n, c, o, kernel, extra)


def check_against_single_kernels(data, n, c, o, kernel, extra):
    x = data.draw(arrays((n, c, kernel[0] + extra[0], kernel[1] + extra[1])))
    weight, bias = data.draw(arrays((o, c, *kernel))), data.draw(arrays((o,)))
    y, winner = conv_pool.forward(x, weight, bias, tanh=False)
    full = im2col.forward(x, weight, (1, 1), (0, 0))
    pooled, expected_winner = pooling.max_forward(full, 2, 2)
    np.testing.assert_allclose(y, pooled + bias.reshape(-1, 1, 1), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(winner.transpose(3, 2, 0, 1), expected_winner)

    grad_y = np.random.default_rng(0).standard_normal(y.shape)
    grad_x, grad_w, grad_b = conv_pool.backward(grad_y, x, weight, winner, None, x_needed=True)
    grad_full = pooling.max_backward(grad_y, expected_winner, full.shape[2:], 2, 2)
    expected_x = im2col.backward_input(grad_full, weight, x.shape[2:], (1, 1), (0, 0))
    expected_w = im2col.backward_weight(grad_full, x, kernel, (1, 1), (0, 0))
    np.testing.assert_allclose(grad_x, expected_x, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(grad_w, expected_w, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(grad_b, grad_y.sum(axis=(0, 2, 3)), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("samples", [1, 16])
def test_several_lines_at_once_give_the_same_bits(samples, monkeypatch):
    rng = np.random.default_rng(0)
    x, weight, bias = (
        rng.standard_normal(s, dtype=np.float32) for s in ((samples, 2, 61, 9), (3, 2, 3, 2), (3,))
    )
    found = []
    for long_row in (1, 3 * samples):  # 4 lines a band, the last with fewer
        monkeypatch.setattr(conv_pool, "LONG_ROW", long_row)
        y, winner = conv_pool.forward(x, weight, bias, tanh=True)
        found.append((y, winner, *conv_pool.backward(y, x, weight, winner, y, x_needed=True)))
    for one, several in zip(*found, strict=True):
        np.testing.assert_array_equal(one, several)


@pytest.mark.parametrize("tanh", [False, True])
def test_the_op_with_bias_and_tanh(tanh, monkeypatch):
    """16 samples take the kernel, 15 the single ops: the same values, and right derivatives."""
    monkeypatch.setattr(conv_pool, "LINE_PRODUCTS", 0)
    monkeypatch.setattr(conv_pool, "MANY_SAMPLES", 16)
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s) for s in ((16, 2, 7, 8), (3, 2, 3, 2), (3,)))
    tensors = [Tensor(a) for a in (x, weight, bias)]
    assert conv_pool.suits(x, weight) and not conv_pool.suits(x[:15], weight)
    fused = ops.conv2d_max_pool2d(*tensors, tanh=tanh).data
    single = ops.conv2d_max_pool2d(Tensor(x[:15]), *tensors[1:], tanh=tanh).data
    np.testing.assert_allclose(fused[:15], single, rtol=1e-12, atol=1e-12)
    check_gradients(lambda *t: ops.conv2d_max_pool2d(*t, tanh=tanh), [x, weight, bias])


@pytest.mark.parametrize("tanh", [False, True])
def test_squares_without_a_bias(tanh):
    """Pictures, kernels, and as many maps as samples: a transposed gradient keeps its shape."""
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(s) for s in ((3, 2, 5, 5), (3, 2, 2, 2))]
    check_gradients(lambda *t: conv_pool.conv2d_max_pool2d(*t, tanh=tanh), inputs)


def test_of_equal_outputs_the_first_in_row_order_gets_the_gradient():
    x = Tensor(np.ones((16, 1, 4, 4)), requires_grad=True)
    y = conv_pool.conv2d_max_pool2d(x, Tensor(np.ones((1, 1, 1, 1))))
    y.backward(np.full(y.shape, 5.0))
    expected = np.zeros((4, 4))
    expected[::2, ::2] = 5
    np.testing.assert_array_equal(x.grad, np.broadcast_to(expected, x.shape))


def test_the_numbers_do_not_depend_on_the_threads(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16, 2, 60, 31), dtype=np.float32)
    weight = rng.standard_normal((5, 2, 5, 5), dtype=np.float32)
    bias = rng.standard_normal(5, dtype=np.float32)
    results = []
    monkeypatch.setattr(conv_pool, "MANY_SAMPLES", 16)
    assert conv_pool.suits(x, weight)
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        leaves = [Tensor(a, requires_grad=True) for a in (x, weight, bias)]
        y = ops.conv2d_max_pool2d(*leaves, tanh=True)
        y.backward(y.data)
        results.append([y.data, *(leaf.grad for leaf in leaves)])
    for result in results[1:]:
        for got, expected in zip(result, results[0], strict=True):
            assert got.dtype == np.float32
            np.testing.assert_array_equal(got, expected)


def test_no_input_gradient_is_computed_where_none_is_asked_for():
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 1, 6, 6)), rng.standard_normal((2, 1, 3, 3))
    y, winner = conv_pool.forward(x, weight, None, tanh=True)
    with_x = conv_pool.backward(y, x, weight, winner, y, x_needed=True)
    without = conv_pool.backward(y, x, weight, winner, y, x_needed=False)
    assert without[0] is None
    np.testing.assert_array_equal(with_x[1], without[1])


def test_the_rule():
    def fast(n, c, o, size, k):
        x = np.empty((n, c, size, size), np.float32)
        return conv_pool.suits(x, np.empty((o, c, k, k), np.float32))

    assert fast(128, 1, 5, 128, 5) and fast(64, 5, 10, 62, 5)
    assert fast(16, 1, 5, 128, 5) and fast(128, 1, 6, 28, 3) and fast(32, 1, 8, 28, 5)
    assert not fast(16, 1, 8, 28, 5) and not fast(16, 8, 16, 28, 3)  # few samples of small pictures
    assert not fast(32, 1, 6, 28, 3) and not fast(128, 8, 8, 14, 1)  # little work in a line
    assert not fast(64, 10, 15, 29, 6)  # many taps
    assert not fast(128, 1, 32, 128, 5) and not fast(128, 1, 5, 3, 4)
