"""Batch norm in pieces: every order in memory, every cut, both dtypes, any number of threads."""

import numpy as np
import pytest

from minipose import Tensor, nn, ops
from minipose.fast import norm
from minipose.gradcheck import check_gradients
from minipose.kernels.faster import choose, plain_only
from tests.strategies import layouts

SHAPES = {"pictures": (4, 6, 8, 5), "one": (1, 3, 6, 6), "rows": (7, 3), "odd": (3, 5, 3, 7)}


def tensors(shape, dtype=np.float64):
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s).astype(dtype) for s in (shape, *[shape[1:2]] * 2))
    return [Tensor(a, requires_grad=True) for a in (3 * x + 2, weight, bias)]


def _training():
    return ops.batch_norm, [*tensors((4, 3, 6, 5)), 1e-3, True]


def _without_relu():
    return ops.batch_norm, [*tensors((4, 3, 6, 5))]


def _inference():
    x, weight, bias = tensors((4, 3, 6, 5))
    return ops.batch_norm_inference, [x, np.ones(3), np.full(3, 2.0), weight, bias, 1e-3, True]


def _groups():
    return ops.group_norm, [*tensors((4, 6, 6, 5)), 3, 1e-3, True]


CALLS = [_training, _without_relu, _inference, _groups]


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    monkeypatch.setattr(norm, "WORTHWHILE", 0)


def results(x, rest, relu, inference):
    """y, its gradients and, in training, the statistics."""
    x, weight, bias = (Tensor(a, requires_grad=True) for a in (x, *rest[:2]))
    if inference:
        y, statistics = ops.batch_norm_inference(x, *rest[2:], weight, bias, relu=relu), ()
    else:
        y, *statistics = ops.batch_norm(x, weight, bias, relu=relu)
    grad_y = np.random.default_rng(2).standard_normal(y.shape).astype(y.dtype)
    given = grad_y.copy()
    y.backward(given)
    np.testing.assert_array_equal(given, grad_y)  # others may hold it
    return [y.data, x.grad, weight.grad, bias.grad, *statistics]


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-6), (np.float64, 1e-13)])
@pytest.mark.parametrize("piece", [1, 12, 100, norm.PIECE])
def test_pieces_make_the_plain_op(monkeypatch, shape, relu, inference, dtype, tolerance, piece):
    monkeypatch.setattr(norm, "PIECE", piece)
    rng = np.random.default_rng(1)
    rest = [rng.random(shape[1]).astype(dtype) + dtype(0.5) for _ in range(4)]
    x = (3 * rng.standard_normal(shape) + 2).astype(dtype)
    for array in (each.astype(dtype) for each in layouts(x)):
        with plain_only():
            expected = results(array, rest, relu, inference)
        for a, b in zip(results(array, rest, relu, inference), expected, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * (1 + abs(b).max()))


def test_a_mean_that_is_large_beside_the_deviation():
    """As exact as the plain op is: both know the mean to a rounding error of float32."""
    x = np.random.default_rng(0).standard_normal((4, 2, 32, 32)) + 1000
    exact = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / x.std(axis=(0, 2, 3), keepdims=True)
    one = Tensor(np.ones(2, np.float32))
    y, mean, variance = norm.batch_norm(Tensor(x.astype(np.float32)), one, Tensor(0 * one.data))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 2, 3)), rtol=1e-7)
    np.testing.assert_allclose(variance, x.var(axis=(0, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(y.data, exact, atol=3e-4)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_numbers_do_not_depend_on_the_threads(monkeypatch, order):
    monkeypatch.setattr(norm, "PIECE", 500)
    rng = np.random.default_rng(0)
    x = layouts(rng.standard_normal((5, 8, 12, 11)))[order].astype(np.float32)
    rest = [np.ones(8, np.float32)] * 2
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        found.append(results(x, rest, True, False))
    for other in found[1:]:
        for a, b in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(a, b)


def test_derivatives_by_differences(monkeypatch):
    monkeypatch.setattr(norm, "PIECE", 10)
    inputs = [t.data for t in tensors((3, 2, 4, 3))]
    check_gradients(lambda *given: norm.batch_norm(*given, relu=True)[0], inputs)
    statistics = np.zeros(2), np.ones(2)
    check_gradients(
        lambda x, *given: norm.batch_norm_inference(x, *statistics, *given, relu=True), inputs
    )


def test_the_layer_takes_it_in_training_and_evaluation():
    layer, x = nn.BatchNorm2d(3, activation="relu"), tensors((2, 3, 4, 4), np.float32)[0]
    for training in (True, False):
        layer.train(training)
        assert layer(x).node.backward.__module__ == "minipose.fast.norm"


def test_the_gradient_is_that_of_the_mean_that_was_used():
    """A running mean moves on before the backward pass."""
    x, weight, bias = tensors((2, 3, 4, 4))
    mean = np.zeros(3)
    y = norm.batch_norm_inference(x, mean, np.ones(3), weight, bias)
    mean += 5
    y.backward(y.data)
    grad = (y.data * x.data).sum(axis=(0, 2, 3)) / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(weight.grad, grad)


def test_few_numbers_and_wrong_ones_are_left_to_the_plain_op(monkeypatch):
    x, weight, bias = tensors((2, 3, 4, 4))
    given = np.zeros(3), np.ones(3)
    assert choose(ops.batch_norm, x, weight, bias) is norm.batch_norm
    wrong = [(x, weight, Tensor(np.zeros(2))), (tensors((1, 3))[0], weight, bias)]
    for arguments in wrong:
        assert choose(ops.batch_norm, *arguments) is ops.batch_norm
    for statistics in ((given[0], np.ones(2)), (np.zeros(3, np.float32), given[1]), ([0] * 3,) * 2):
        chosen = choose(ops.batch_norm_inference, x, *statistics, weight, bias)
        assert chosen is ops.batch_norm_inference
    monkeypatch.setattr(norm, "WORTHWHILE", x.size + 1)
    assert choose(ops.batch_norm, x, weight, bias) is ops.batch_norm
    assert choose(ops.batch_norm_inference, x, *given, weight, bias) is ops.batch_norm_inference
