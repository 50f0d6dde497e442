"""Bias and ReLU in one pass: every memory order, cut into parts or not, any number of threads."""

import numpy as np
import pytest

from minipose.fast import bias_relu
from tests.strategies import layouts

SHAPES = {
    "several": (2, 5, 6, 7),
    "square": (1, 5, 6, 6),
    "one_picture": (1, 5, 6, 7),
    "two_channels": (1, 2, 6, 7),
    "one_channel": (3, 1, 6, 7),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
def test_it_is_a_sum_and_a_maximum(monkeypatch, relu, with_bias, shape):
    monkeypatch.setattr(bias_relu, "LONG_PIECE", 20)
    rng = np.random.default_rng(0)
    z, grad_y = rng.standard_normal(shape), rng.standard_normal(shape)
    bias = rng.standard_normal(shape[1]) if with_bias else None
    expected = z + bias[:, None, None] if with_bias else z
    expected = np.maximum(expected, 0) if relu else expected
    expected_grad = grad_y * (expected > 0) if relu else grad_y
    for y in layouts(z):
        y = y.copy("K")
        bias_relu.forward(y, bias, relu)
        np.testing.assert_array_equal(y, expected)
        for order in layouts(grad_y):
            grad, grad_b = bias_relu.backward(order, y if relu else None, with_bias)
            np.testing.assert_array_equal(grad, expected_grad)
            if with_bias:
                np.testing.assert_allclose(grad_b, expected_grad.sum(axis=(0, 2, 3)), rtol=1e-12)
            else:
                assert grad_b is None


def test_the_numbers_do_not_depend_on_the_threads(monkeypatch):
    rng = np.random.default_rng(0)
    y = rng.standard_normal((3, 200, 160, 5), dtype=np.float32).transpose(0, 3, 1, 2)
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        results.append(bias_relu.backward(y, y, True))
    for grad, grad_b in results[1:]:
        np.testing.assert_array_equal(grad, results[0][0])
        np.testing.assert_array_equal(grad_b, results[0][1])
