"""conv2d_max_pool2d: conv2d, max_pool2d of 2 × 2, bias and tanh in turn, in one pass.

    y[n, o, p, q] = tanh(b[o] + max over d, e in {0, 1} of
                                Σ_{c,i,j} w[o, c, i, j] · x[n, c, 2p + d + i, 2q + e + j])

(without tanh, without b where they are not asked for). g·(1 − y²) goes to b, and to w and x by way
of the one output that was the largest of its block: of equal ones the first. Calls in which the two
largest of a block are within a small step of each other are not drawn: there the slope jumps.
"""

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Call, Case, calls

small = st.integers(1, 3)


def apart(call: Call) -> bool:
    """Whether the two largest outputs of every block differ by more than a step can move them."""
    x, weight = call.values[:2]
    windows = sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    y = np.einsum("nchwij,ocij->nohw", windows, weight)
    n, o, rows, columns = y.shape[0], y.shape[1], y.shape[2] // 2, y.shape[3] // 2
    four = y[:, :, : 2 * rows, : 2 * columns].reshape(n, o, rows, 2, columns, 2)
    four = np.sort(four.transpose(0, 1, 2, 4, 3, 5).reshape(-1, 4))
    return bool((four[:, 3] - four[:, 2] > 1e-4).all())


@st.composite
def blocks(draw, bias=True, samples=small):
    """Kernels of any shape, remainders at the border; from 16 samples on, the other kernel."""
    n, c, o = draw(samples), draw(small), draw(small)
    kh, kw = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    h, w = kh + draw(st.integers(1, 4)), kw + draw(st.integers(1, 4))
    shapes = [(n, c, h, w), (o, c, kh, kw), (o,)]
    return draw(calls(shapes if bias else shapes[:2], tanh=draw(st.booleans())).filter(apart))


def _reference(x, weight, bias=None, tanh=False):
    y = reference.max_pool2d(reference.conv2d(x, weight), 2)
    y = y if bias is None else y + bias[:, None, None]
    return np.tanh(y) if tanh else y


many = st.just(16)
CASES = [
    Case("conv2d_max_pool2d", ops.conv2d_max_pool2d, blocks(), _reference),
    Case("conv2d_max_pool2d/no_bias", ops.conv2d_max_pool2d, blocks(False), _reference),
    Case("conv2d_max_pool2d/many", ops.conv2d_max_pool2d, blocks(samples=many), _reference),
    Case("conv2d_max_pool2d/many_no_bias", ops.conv2d_max_pool2d, blocks(False, many), _reference),
    Case(
        "conv2d_max_pool2d/as_many_maps_as_samples",  # and both 16, so that they can be mixed up
        ops.conv2d_max_pool2d,
        calls([(16, 1, 4, 4), (16, 1, 2, 2), (16,)], tanh=st.booleans()).filter(apart),
        _reference,
    ),
    Case(
        "conv2d_max_pool2d/square",
        ops.conv2d_max_pool2d,
        calls([(16, 2, 5, 5), (2, 2, 2, 2)]).filter(apart),
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


@pytest.mark.parametrize("samples", [1, 16])
def test_only_what_is_asked_for_is_computed(samples, xp):
    x = Tensor(xp.ones((samples, 1, 4, 4)))
    weight = Tensor(xp.ones((2, 1, 3, 3)), requires_grad=True)
    ops.conv2d_max_pool2d(x, weight).backward(xp.ones((samples, 2, 1, 1)))
    assert x.grad is None and weight.grad.tolist() == [[[[samples] * 3] * 3]] * 2


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((1, 3, 8, 8), (4, 2, 3, 3)), "conv2d: x has 3 channels, weight expects 2"),
        (((3, 8, 8), (4, 3, 3, 3)), r"conv2d: expected x \(N, C, H, W\)"),
        (((1, 1, 3, 3), (1, 1, 3, 3)), "max_pool2d: expected x .* of at least 2, got"),
        (((16, 1, 3, 3), (1, 1, 3, 3)), "max_pool2d: expected x .* of at least 2, got"),
    ],
)
def test_mistakes_are_named(shapes, message):
    with pytest.raises(ValueError, match=message):
        ops.conv2d_max_pool2d(*(Tensor(np.ones(s)) for s in shapes))
