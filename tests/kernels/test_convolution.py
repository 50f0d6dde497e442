"""Every fast convolution against im2col, element by element: values and both gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.gradcheck import check_gradients
from minipose.kernels import convolution, im2col, strips, winograd, winograd_tiles
from tests.strategies import arrays

small = st.integers(1, 3)


def im2col_results(x, weight, stride, padding):
    y = im2col.forward(x, weight, stride, padding)
    grad_y = np.random.default_rng(0).standard_normal(y.shape).astype(x.dtype)
    grad_x = im2col.backward_input(grad_y, weight, x.shape[2:], stride, padding)
    grad_w = im2col.backward_weight(grad_y, x, weight.shape[2:], stride, padding)
    return grad_y, (y, grad_x, grad_w)


def assert_same(got, expected, tolerance):
    for name, a, b in zip(("y", "dL/dx", "dL/dw"), got, expected, strict=True):
        assert a.dtype == b.dtype, name
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * (1 + abs(b).max()), err_msg=name)


@given(data=st.data(), n=st.integers(1, 3), c=small, o=small, kh=small, kw=small,
       extra=st.tuples(st.integers(0, 9), st.integers(0, 9)),
       stride=st.tuples(small, small), padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
       strip_bytes=st.sampled_from([1, 600, strips.STRIP_BYTES]))  # fmt: skip
def test_strips(data, n, c, o, kh, kw, extra, stride, padding, strip_bytes):
    x = data.draw(arrays((n, c, kh + extra[0], kw + extra[1])))
    weight = data.draw(arrays((o, c, kh, kw)))
    with pytest.MonkeyPatch.context() as patch, convolution.use_algorithm("strips"):
        patch.setattr(strips, "STRIP_BYTES", strip_bytes)
        grad_y, expected = im2col_results(x, weight, stride, padding)
        y = convolution.forward(x, weight, stride, padding)
        grad_x = convolution.backward_input(grad_y, weight, x, stride, padding)
        grad_w = convolution.backward_weight(grad_y, x, weight, stride, padding)
    assert_same((y, grad_x, grad_w), expected, 1e-10)


@given(data=st.data(), n=st.integers(1, 3), c=small, o=small,
       size=st.tuples(st.integers(3, 14), st.integers(3, 14)),
       padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
       tiles=st.sampled_from([1, 3, winograd.TILES]),
       group=st.sampled_from([1, 4, winograd.GROUP]))  # fmt: skip
def test_winograd(data, n, c, o, size, padding, tiles, group):
    x, weight = data.draw(arrays((n, c, *size))), data.draw(arrays((o, c, 3, 3)))
    grad_y, expected = im2col_results(x, weight, (1, 1), padding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "TILES", tiles)
        patch.setattr(winograd, "GROUP", group)
        y = winograd.forward(x, weight, padding)
        grad_x = winograd.backward_input(grad_y, weight, padding)
        grad_w = winograd.backward_weight(grad_y, x, padding)
    assert_same((y, grad_x, grad_w), expected, 1e-8)


def test_winograd_matrices_multiply_polynomials():
    """In one dimension, exactly: Aᵀ[(G g) ⊙ (Bᵀ d)] is the correlation of d with g."""
    rng = np.random.default_rng(0)
    d, g = rng.standard_normal(6), rng.standard_normal(3)
    y = winograd._A_T @ ((winograd._G @ g) * (winograd._B_T @ d))
    np.testing.assert_allclose(y, np.correlate(d, g, "valid"), rtol=1e-12)


@pytest.mark.parametrize(("algorithm", "tolerance"), [("strips", 1e-6), ("winograd", 3e-5)])
def test_float32(algorithm, tolerance):
    """The stated rounding, relative to the largest value, where sums are long."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 48, 18, 21), dtype=np.float32)
    weight = rng.standard_normal((40, 48, 3, 3), dtype=np.float32)
    grad_y, expected = im2col_results(x, weight, (1, 1), (1, 1))
    with convolution.use_algorithm(algorithm):
        got = (
            convolution.forward(x, weight, (1, 1), (1, 1)),
            convolution.backward_input(grad_y, weight, x, (1, 1), (1, 1)),
            convolution.backward_weight(grad_y, x, weight, (1, 1), (1, 1)),
        )
    assert_same(got, expected, tolerance)


@pytest.mark.parametrize("algorithm", convolution.ALGORITHMS)
def test_the_numbers_do_not_depend_on_the_threads(monkeypatch, algorithm):
    if algorithm == "im2col":
        pytest.skip("its one product is BLAS's own to split")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 5, 30, 22), dtype=np.float32)
    weight = rng.standard_normal((7, 5, 3, 3), dtype=np.float32)
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        a, b = Tensor(x, requires_grad=True), Tensor(weight, requires_grad=True)
        with convolution.use_algorithm(algorithm):
            y = ops.conv2d(a, b, padding=1)
            y.backward(y.data)
        results.append((y.data, a.grad, b.grad))
    for result in results[1:]:
        for got, expected in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("algorithm", convolution.ALGORITHMS)
def test_derivatives_by_differences(algorithm):
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(s) for s in ((2, 2, 6, 5), (3, 2, 3, 3), (3,))]

    def convolve(*tensors):
        with convolution.use_algorithm(algorithm):
            return ops.conv2d(*tensors, padding=1)

    check_gradients(convolve, inputs)


def test_the_rule():
    def chosen(n, c, o, size, k, stride=1):
        x, weight = np.empty((n, c, *size)), np.empty((o, c, k, k))
        return convolution.choose(x, weight, (stride, stride), (k // 2, k // 2))

    assert chosen(1, 64, 64, (192, 128), 3) == "winograd"
    assert chosen(1, 3, 64, (192, 128), 3) == "strips"  # three maps: the transforms would dominate
    assert chosen(1, 64, 64, (192, 128), 3, stride=2) == "strips"
    assert chosen(1, 1024, 1024, (12, 8), 3) == "im2col"
    assert chosen(16, 1024, 1024, (12, 8), 3) == "winograd"
    with pytest.raises(ValueError, match=r"expected one of .*im2col.* or None, got 'fft'"):
        with convolution.use_algorithm("fft"):
            pass
    with convolution.use_algorithm("winograd"):
        assert chosen(1, 4, 4, (16, 16), 5) == "im2col"


@pytest.mark.parametrize(
    ("sums", "matrix", "temporaries"),
    [
        (winograd_tiles._input_sums, winograd._B_T, 2),
        (winograd_tiles._output_sums, winograd._A_T, 4),
        (winograd_tiles._gradient_sums, winograd._A_T.T, 2),
        (winograd_tiles.kernel_sums, winograd._G, 2),
        (winograd_tiles.kernel_gradient_sums, winograd._G.T, 2),
    ],
)
def test_winograd_sums_are_the_matrices(sums, matrix, temporaries):
    inside = np.random.default_rng(0).standard_normal((matrix.shape[1], 7))
    out = np.full((matrix.shape[0], 7), np.nan)
    sums(inside, out, np.full((temporaries, 7), np.nan))
    np.testing.assert_allclose(out, matrix @ inside, rtol=1e-12, atol=1e-13)
