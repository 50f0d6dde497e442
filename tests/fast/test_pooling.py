"""Pooling in parts: wherever threads cut, whatever lies outermost in memory, the numbers stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.fast import pooling
from tests import reference
from tests.ops.case import LAYOUTS
from tests.ops.test_pool import poolings

OPS = {
    "max": (ops.max_pool2d, reference.max_pool2d),
    "average": (ops.avg_pool2d, reference.avg_pool2d),
}


@pytest.mark.parametrize("kind", OPS)
@given(call=poolings(), block=st.sampled_from([1, 4, 10]), layout=st.sampled_from(list(LAYOUTS)))
def test_parts_pool_as_the_whole_does(kind, call, block, layout):
    op, loops = OPS[kind]
    (values,), options = call.values, call.options
    results = []
    for size in (block, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pooling, "BLOCK", size)
            x = Tensor(LAYOUTS[layout](np, values), requires_grad=True)
            y = op(x, **options)
            grad_y = np.random.default_rng(0).standard_normal(y.shape)
            y.backward(LAYOUTS[layout](np, grad_y))
        results.append((y.data.tolist(), x.grad.tolist()))
    np.testing.assert_allclose(results[0][0], loops(values, **options), rtol=1e-12)
    assert results[0] == results[1]


@pytest.mark.parametrize(("stride", "parts"), [(2, 4), (3, 3), (1, 1)])
def test_blocks_that_overlap_are_not_shared_out(stride, parts, monkeypatch):
    """Two threads would add to one pixel at once."""
    monkeypatch.setattr(pooling, "BLOCK", 1)
    counts = []

    def run(task, count):
        counts.append(count)
        return [task(k) for k in range(count)]

    monkeypatch.setattr(pooling.workers, "run", run)
    size = (2 * 4, 8)  # lines lie outermost
    grad_y = np.ones((1, *((n - 2) // stride + 1 for n in size), 1)).transpose(0, 3, 1, 2)
    grad_x = pooling.average_backward(grad_y, size, 2, stride)
    assert counts == [parts] and grad_x.sum() == grad_y.sum()


def test_gradients_lie_as_the_picture_does_where_samples_are_innermost():
    """Whatever order they come in, as behind a change of shape."""
    x = np.random.default_rng(0).standard_normal((5, 2, 4, 6))
    grad_y, found = np.arange(60.0).reshape(5, 2, 2, 3), []
    for values in (x, LAYOUTS["Fortran order"](np, x)):
        _, winner = pooling.max_forward(values, 2, 2)
        found.append(pooling.max_backward(grad_y, winner, (4, 6), 2, 2))
    np.testing.assert_array_equal(*found)
    assert [grad.strides[0] == grad.itemsize for grad in found] == [False, True]
