"""conv2d_max_pool2d: the same function as conv2d and max_pool2d of 2 × 2 in turn, in one pass.

    y[n, o, p, q] = max over a, b in {0, 1} of Σ_{c,i,j} w[o, c, i, j] · x[n, c, 2p+a+i, 2q+b+j]

It is piecewise linear; at random inputs no two of the four are within a small step of each other.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls

small = st.integers(1, 3)


@st.composite
def blocks(draw):
    """Batches that fill several groups, kernels of any shape, remainders at the border."""
    n, c, o = draw(st.integers(1, 9)), draw(small), draw(small)
    kh, kw = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    h, w = kh + draw(st.integers(1, 4)), kw + draw(st.integers(1, 4))
    return draw(calls([(n, c, h, w), (o, c, kh, kw)]))


def _reference(x, weight):
    return reference.max_pool2d(reference.conv2d(x, weight), 2)


CASES = [
    Case("conv2d_max_pool2d", ops.conv2d_max_pool2d, blocks(), _reference),
    Case(
        "conv2d_max_pool2d/square",
        ops.conv2d_max_pool2d,
        calls([(2, 2, 5, 5), (2, 2, 2, 2)]),
        _reference,
    ),
]


def test_by_hand():
    """One kernel, −1 left and 1 right: y is the steepest rise to the right in the 2 × 3 image."""
    x = Tensor(np.array([[[[1.0, 2.0, 5.0], [1.0, 1.0, 1.0]]]]), requires_grad=True)
    weight = Tensor(np.array([[[[-1.0, 1.0]]]]), requires_grad=True)
    y = ops.conv2d_max_pool2d(x, weight)
    np.testing.assert_array_equal(y.data, [[[[3.0]]]])
    y.backward(np.array([[[[10.0]]]]))
    np.testing.assert_array_equal(x.grad[0, 0], [[0, -10, 10], [0, 0, 0]])
    np.testing.assert_array_equal(weight.grad[0, 0], [[20, 50]])


def test_the_numbers_do_not_depend_on_the_threads(monkeypatch):
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


def test_only_what_is_asked_for_is_computed(xp):
    x, weight = Tensor(xp.ones((1, 1, 4, 4))), Tensor(xp.ones((2, 1, 3, 3)), requires_grad=True)
    ops.conv2d_max_pool2d(x, weight).backward(xp.ones((1, 2, 1, 1)))
    assert x.grad is None and weight.grad.tolist() == [[[[1.0] * 3] * 3]] * 2


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((1, 3, 8, 8), (4, 2, 3, 3)), "conv2d: x has 3 channels, weight expects 2"),
        (((3, 8, 8), (4, 3, 3, 3)), r"conv2d: expected x \(N, C, H, W\)"),
        (((1, 1, 3, 3), (1, 1, 3, 3)), "max_pool2d: expected x .* of at least 2, got"),
    ],
)
def test_mistakes_are_named(shapes, message):
    with pytest.raises(ValueError, match=message):
        ops.conv2d_max_pool2d(*(Tensor(np.ones(s)) for s in shapes))
