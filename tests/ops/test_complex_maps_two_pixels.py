"""Channels of two pixels: both are equally far from the mean, so the deviation is 0 up to rounding.

Whatever rounding leaves there must not become a slope: y = (z − μ) / 0.01 is linear.
"""

import numpy as np
import pytest

from minipose import Tensor, ops


def gated(x, streams):
    return ops.normalised_gate(x, Tensor(np.eye(2)), Tensor(np.full(2, 1e3)), streams)


@pytest.mark.parametrize("op", [ops.complex_batch_norm, gated], ids=["norm", "open_gate"])
@pytest.mark.parametrize("size", [0.01, 100])  # rounding grows with the numbers
def test_rounding_is_no_slope(op, size):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x = Tensor(size * rng.standard_normal((1, 4, 1, 2)), requires_grad=True)
        grad_y = rng.standard_normal(x.shape)
        y = op(x, (1, 1))
        y.backward(grad_y)
        for array, of in ((y.data, x.data), (x.grad, grad_y)):
            expected = (of - of.mean(axis=3, keepdims=True)) / 0.01
            np.testing.assert_allclose(array, expected, rtol=1e-9, atol=1e-9)
