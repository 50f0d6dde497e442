"""y = x·m/(1 − rate), dL/dx = g·m/(1 − rate), with m drawn: 0 with probability ``rate``, else 1."""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import generator
from tests.ops.case import SHAPES, Case, calls


def _dropout(x, rate, seed):
    return ops.dropout(x, rate, generator(x.data, seed))


def _reference(x, rate, seed):
    draws = np.random.default_rng((seed,)).random(x.shape, dtype=np.float32)
    return np.where(draws < rate, 0.0, x / (1 - rate))


drops = calls(SHAPES.map(lambda s: [s]), rate=st.sampled_from([0.0, 0.3, 0.75]), seed=st.just(3))
CASES = [Case("dropout", _dropout, drops, _reference, linear_in=(0,), host_random=True)]


def test_by_hand():
    """A rate of ½ keeps those whose draw is at least ½, and doubles them."""
    x = Tensor(np.ones(6), requires_grad=True)
    kept = np.random.default_rng(0).random(6, dtype=np.float32) >= 0.5
    ops.dropout(x, 0.5, np.random.default_rng(0)).backward(np.arange(6.0))
    np.testing.assert_array_equal(x.grad, np.where(kept, 2 * np.arange(6.0), 0))


def test_the_share_is_the_rate_and_the_mean_stays():
    y = ops.dropout(Tensor(np.ones((200, 200))), 0.3, np.random.default_rng(0)).data
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01


@pytest.mark.parametrize("rate", [1.0, -0.1])
def test_mistakes_are_named(rate):
    with pytest.raises(ValueError, match=f"dropout: expected a rate of at least 0 .* got {rate}"):
        ops.dropout(Tensor(np.ones(3)), rate, np.random.default_rng(0))
