"""Linear ops: moving, adding up, matrix products, softmax, dropout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.gradcheck import check_gradients
from tests.strategies import arrays

CASES = {
    "reshape": (lambda x: ops.reshape(x, (4, -1)), lambda a: a.reshape(4, -1)),
    "transpose": (lambda x: ops.transpose(x, (2, 0, 1)), lambda a: a.transpose(2, 0, 1)),
    "transpose_reversed": (ops.transpose, np.transpose),
    "concatenate": (
        lambda x: ops.concatenate([x, x * 2, x[:, :1]], axis=1),
        lambda a: np.concatenate([a, 2 * a, a[:, :1]], axis=1),
    ),
    "concatenate_last": (
        lambda x: ops.concatenate([x, x], axis=-1),
        lambda a: np.concatenate([a, a], axis=-1),
    ),
    "pad": (
        lambda x: ops.pad(x, ((0, 1), (2, 0), (1, 1))),
        lambda a: np.pad(a, ((0, 1), (2, 0), (1, 1))),
    ),
    "crop": (lambda x: ops.crop(x, ((1, 0), (0, 1), (1, 2))), lambda a: a[1:, :-1, 1:-2]),
    "select": (lambda x: x[0, ..., ::2], lambda a: a[0, ..., ::2]),
    "sum_all": (ops.sum, np.sum),
    "sum_axes": (lambda x: ops.sum(x, axis=(0, -1)), lambda a: a.sum(axis=(0, 2))),
    "sum_keepdims": (
        lambda x: ops.sum(x, axis=1, keepdims=True),
        lambda a: a.sum(axis=1, keepdims=True),
    ),
    "mean_all": (ops.mean, np.mean),
    "mean_axis": (lambda x: ops.mean(x, axis=1), lambda a: a.mean(axis=1)),
    "softmax": (
        lambda x: ops.softmax(x, axis=1),
        lambda a: np.exp(a) / np.exp(a).sum(axis=1, keepdims=True),
    ),
    "log_softmax": (
        lambda x: ops.log_softmax(x, axis=-1),
        lambda a: a - np.log(np.exp(a).sum(axis=-1, keepdims=True)),
    ),
    "dropout": (
        lambda x: ops.dropout(x, 0.4, np.random.default_rng(3)),
        lambda a: a * (np.random.default_rng(3).random(a.shape, dtype=np.float32) >= 0.4) / 0.6,
    ),
}


@pytest.mark.parametrize("name", CASES)
@given(x=arrays((2, 4, 5)))
def test_values_and_gradients(name, x):
    op, reference = CASES[name]
    before = x.copy()
    np.testing.assert_allclose(op(Tensor(x)).data, reference(x), rtol=1e-6, atol=1e-12)
    check_gradients(op, [x], rtol=1e-7)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("name", CASES)
def test_float32_in_float32_out(name):
    x = Tensor(np.ones((2, 4, 5), np.float32), requires_grad=True)
    y = CASES[name][0](x)
    y.backward(np.ones(y.shape, np.float32))
    assert y.dtype == x.grad.dtype == np.float32


@given(data=st.data(), m=st.integers(1, 4), k=st.integers(1, 4), n=st.integers(1, 4))
def test_matmul_and_linear(data, m, k, n):
    a, b = data.draw(arrays((m, k))), data.draw(arrays((k, n)))
    weight, bias = data.draw(arrays((n, k))), data.draw(arrays((n,)))
    np.testing.assert_allclose(ops.matmul(Tensor(a), Tensor(b)).data, a @ b, atol=1e-14)
    check_gradients(ops.matmul, [a, b])
    y = ops.linear(Tensor(a), Tensor(weight), Tensor(bias)).data
    np.testing.assert_allclose(y, a @ weight.T + bias, atol=1e-14)
    check_gradients(ops.linear, [a, weight, bias])
    check_gradients(ops.linear, [a, weight])


def test_linear_worked_by_hand():
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    weight = Tensor([[3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    y = ops.linear(x, weight, Tensor([0.5, -0.5]))
    np.testing.assert_array_equal(y.data, [[11.5, 16.5]])
    y.backward(np.array([[1.0, 10.0]], np.float32))
    np.testing.assert_array_equal(x.grad, [[53.0, 64.0]])
    np.testing.assert_array_equal(weight.grad, [[1.0, 2.0], [10.0, 20.0]])


def test_softmax_of_large_numbers():
    x = Tensor([[1000.0, 1000.0, 0.0]])
    np.testing.assert_allclose(ops.softmax(x).data, [[0.5, 0.5, 0.0]])
    np.testing.assert_allclose(ops.log_softmax(x).data[0, :2], np.log(0.5), rtol=1e-6)


def test_dropout_keeps_the_mean_and_the_share():
    x = Tensor(np.ones((200, 200)))
    y = ops.dropout(x, 0.3, np.random.default_rng(0)).data
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ops.reshape(x, (7,)), r"reshape: \(2, 3\) cannot become \(7,\)"),
        (lambda x: ops.transpose(x, (0, 0)), r"transpose: axes \(0, 0\) do not permute"),
        (lambda x: ops.concatenate([], 0), "concatenate: expected at least one tensor"),
        (lambda x: ops.concatenate([x], 2), r"concatenate: axis 2 is not an axis of \(2, 3\)"),
        (
            lambda x: ops.concatenate([x, x[:1]], 1),
            r"shapes differ beside axis 1: \(2, 3\), \(1, 3",
        ),
        (lambda x: ops.pad(x, ((0, 1),)), "pad: expected 2 pairs of non-negative widths"),
        (lambda x: ops.crop(x, ((1, 1), (0, 0))), "crop: widths .* do not leave anything"),
        (lambda x: x[5], r"select: 5 is outside of shape \(2, 3\)"),
        (lambda x: x[[0, 1]], "select: expected integers, slices"),
        (lambda x: ops.sum(x, axis=2), r"sum: axis 2 is not an axis of shape \(2, 3\)"),
        (lambda x: ops.sum(x, axis=(0, -2)), "names an axis of shape .* twice"),
        (lambda x: ops.mean(x[:, :0]), "mean: nothing to average"),
        (lambda x: ops.matmul(x, x), r"matmul: expected .* got \(2, 3\) and \(2, 3\)"),
        (lambda x: ops.linear(x, x[:, :2]), r"linear: expected .* got \(2, 3\) and \(2, 2\)"),
        (lambda x: ops.linear(x, x, x[0]), r"linear: expected bias \(2,\), got \(3,\)"),
        (lambda x: ops.softmax(x, axis=3), "softmax: axis 3 is not an axis"),
        (lambda x: ops.dropout(x, 1.0, None), "dropout: expected a rate .* got 1.0"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises((ValueError, TypeError, IndexError), match=message):
        call(Tensor(np.ones((2, 3))))
