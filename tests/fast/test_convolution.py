"""Every fast convolution against im2col, element by element: values and both gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.fast import columns, convolution, pixels, samples, strips, windows, winograd
from minipose.gradcheck import check_gradients
from minipose.kernels import faster, im2col
from tests.fast.test_every_algorithm import by
from tests.ops.case import LAYOUTS
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
        strips_here = convolution.choose(x, weight, stride, padding)
        y = strips_here.forward(x, weight)
        grad_x = strips_here.backward_input(grad_y, weight)
        grad_w = strips_here.backward_weight(grad_y, x)
    assert_same((y, grad_x, grad_w), expected, 1e-10)


@given(data=st.data(), n=st.integers(1, 3), c=small, o=small,
       size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
       piece=st.sampled_from([1, 40, pixels.PIECE]), at_once=st.sampled_from([1, 100]),
       least=st.sampled_from([1, pixels.LEAST]))  # fmt: skip
def test_pixels(data, n, c, o, size, piece, at_once, least):
    x, weight = data.draw(arrays((n, c, *size))), data.draw(arrays((o, c, 1, 1)))
    grad_y, expected = im2col_results(x, weight, (1, 1), (0, 0))
    with pytest.MonkeyPatch.context() as patch, convolution.use_algorithm("strips"):
        for name, value in {"PIECE": piece, "AS_THEY_LIE": at_once, "LEAST": least}.items():
            patch.setattr(pixels, name, value)
        patch.setattr(pixels, "GRAIN", 1)
        chosen = convolution.choose(x, weight, (1, 1), (0, 0))
        assert chosen.forward is pixels.forward
        y, grad_x = chosen.forward(x, weight), chosen.backward_input(grad_y, weight)
        grad_w = chosen.backward_weight(grad_y, x)
    assert_same((y, grad_x, grad_w), expected, 1e-10)


@given(data=st.data(), n=st.integers(1, 3), c=small, o=small,
       kernel=st.tuples(small, st.integers(1, 5)), share=st.tuples(small, small),
       extra=st.tuples(st.integers(0, 9), st.integers(0, 9)), chunks=st.sampled_from([1, 8]),
       at_once=st.sampled_from([1, 100, windows.AS_THEY_LIE]))  # fmt: skip
def test_windows(data, n, c, o, kernel, extra, share, at_once, chunks):
    padding = tuple((k - 1) * s // 3 for k, s in zip(kernel, share, strict=True))
    size = tuple(k + e - min(p, e) for k, e, p in zip(kernel, extra, padding, strict=True))
    x, weight = data.draw(arrays((n, c, *size))), data.draw(arrays((o, c, *kernel)))
    grad_y, expected = im2col_results(x, weight, (1, 1), padding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "AS_THEY_LIE", at_once)
        patch.setattr(windows, "CHUNKS", chunks)
        y = windows.forward(x, weight, padding)
        grad_x = windows.backward_input(grad_y, weight, padding)
        grad_w = windows.backward_weight(grad_y, x, kernel, padding)
    assert_same((y, grad_x, grad_w), expected, 1e-10)


@pytest.mark.parametrize(
    ("algorithm", "r", "tolerance"),
    [
        ("strips", 3, 1e-6),
        ("windows", 3, 1e-6),
        ("samples", 3, 1e-6),
        ("winograd", 3, 3e-5),
        ("winograd", 5, 2e-4),
        ("winograd", 6, 2e-4),
    ],
)
def test_float32(algorithm, r, tolerance):
    """The stated rounding, relative to the largest value, where sums are long."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 48, 18, 21), dtype=np.float32)
    weight = rng.standard_normal((40, 48, r, r), dtype=np.float32)
    grad_y, expected = im2col_results(x, weight, (1, 1), (1, 1))
    with convolution.use_algorithm(algorithm):
        chosen = convolution.choose(x, weight, (1, 1), (1, 1))
    assert chosen.name == algorithm
    got = (
        chosen.forward(x, weight),
        chosen.backward_input(grad_y, weight),
        chosen.backward_weight(grad_y, x),
    )
    assert_same(got, expected, tolerance)


@pytest.mark.parametrize("algorithm", convolution.ALGORITHMS)
def test_the_numbers_do_not_depend_on_the_threads(monkeypatch, algorithm):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 5, 30, 22), dtype=np.float32)
    weight = rng.standard_normal((7, 5, 3, 3), dtype=np.float32)
    results = []
    monkeypatch.setattr(columns, "BLOCK_BYTES", 1)
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
    check_gradients(lambda *tensors: by(algorithm)(*tensors, padding=1), inputs)


def test_one_by_one_kernels_take_pictures_as_they_lie():
    """Channels last, strips copy nothing; plane by plane, im2col does not."""
    weight, planes = np.empty((64, 64, 1, 1), np.float32), np.empty((32, 64, 32, 32), np.float32)
    pixels = np.empty((32, 32, 32, 64), np.float32).transpose(0, 3, 1, 2)
    assert convolution.choose(planes, weight, (1, 1), (0, 0)).name == "im2col"
    assert convolution.choose(pixels, weight, (1, 1), (0, 0)).name == "strips"


def test_little_work_is_left_to_the_plain_op():
    def fast(n, c, o, size, k):
        x, weight = Tensor(np.empty((n, c, size, size))), Tensor(np.empty((o, c, k, k)))
        return faster.choose(ops.conv2d, x, weight) is convolution.conv2d

    assert not fast(7, 1, 8, 28, 3) and fast(7, 8, 16, 28, 3)
    assert not fast(7, 16, 32, 7, 3) and fast(7, 16, 32, 28, 3)
    with convolution.use_algorithm("im2col"):
        assert fast(8, 1, 8, 28, 3)


@given(data=st.data(), n=st.integers(1, 7), c=small, o=st.integers(1, 7), kh=small, kw=small,
       extra=st.tuples(st.integers(0, 5), st.integers(0, 5)),
       stride=st.tuples(small, small), padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
       block=st.sampled_from([1, 2000, columns.BLOCK_BYTES]), layout=st.sampled_from(list(LAYOUTS)),
       chunks=st.sampled_from([2, columns.CHUNKS]))  # fmt: skip
def test_blocks_of_columns(
    data, n, c, o, kh, kw, extra, stride, padding, block, layout, chunks
):  # fmt: skip
    x = data.draw(arrays((n, c, kh + extra[0], kw + extra[1])))
    weight = data.draw(arrays((o, c, kh, kw)))
    grad_y, expected = im2col_results(x, weight, stride, padding)
    x, grad_y = (LAYOUTS[layout](np, a) for a in (x, grad_y))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "BLOCK_BYTES", block)
        patch.setattr(columns, "CHUNKS", chunks)
        y = columns.forward(x, weight, stride, padding)
        grad_x = columns.backward_input(grad_y, weight, x.shape[2:], stride, padding)
        grad_w = columns.backward_weight(grad_y, x, (kh, kw), stride, padding)
    assert_same((y, grad_x, grad_w), expected, 1e-10)


@pytest.mark.parametrize("pictures", [1, 2, 3])
def test_each_block_of_columns_is_in_the_sum(pictures, monkeypatch):
    monkeypatch.setattr(columns, "BLOCK_BYTES", 1)  # a picture is a block
    x, weight = np.full((pictures, 1, 2, 2), 3.0), np.ones((1, 1, 2, 2))
    grad_w = columns.backward_weight(np.full((pictures, 1, 1, 1), 5.0), x, (2, 2), (1, 1), (0, 0))
    np.testing.assert_array_equal(grad_w, 15 * pictures * weight)


@pytest.mark.parametrize("name", convolution.ALGORITHMS)
def test_what_went_forward_by_one_algorithm_goes_back_by_it(name, monkeypatch):
    """The algorithms agree on every number, so only a look at who was called tells them apart."""
    kernels = {
        "im2col": columns,
        "strips": strips,
        "windows": windows,
        "samples": samples,
        "winograd": winograd,
    }
    called = set()
    for kernel_name, kernel in kernels.items():
        for step in ("forward", "backward_input", "backward_weight"):
            original = getattr(kernel, step)

            def spy(*arguments, original=original, place=(kernel_name, step)):
                called.add(place)
                return original(*arguments)

            monkeypatch.setattr(kernel, step, spy)
    x, weight = (Tensor(np.ones(s), requires_grad=True) for s in ((1, 2, 5, 5), (2, 2, 3, 3)))
    with convolution.use_algorithm(name):
        y = ops.conv2d(x, weight)
    other = "strips" if name == "im2col" else "im2col"
    with convolution.use_algorithm(other):
        y.backward(y.data)  # outside of the block, and with another choice in force
    steps = {place for place in called if place[0] == name}
    assert steps == {(name, s) for s in ("forward", "backward_input", "backward_weight")}
    # dL/dx by strips is itself a convolution by strips; nothing of another algorithm was called
    assert called == steps


def test_several_small_images_with_few_products_stay_plain():
    def is_plain(n, c, o, side, k):
        shapes = (n, c, side, side), (o, c, k, k), (o,)
        x, weight, bias = (Tensor(np.empty(shape, np.float32)) for shape in shapes)
        return faster.choose(ops.conv2d, x, weight, bias, 1, k // 2) is ops.conv2d

    for n, c, o, side, k in (
        (128, 1, 8, 28, 3), (128, 16, 32, 14, 1), (128, 6, 16, 14, 3), (32, 16, 32, 28, 3),
        (8, 32, 32, 14, 5), (32, 64, 64, 7, 3), (8, 64, 64, 32, 3), (8, 64, 64, 32, 1),
    ):  # fmt: skip
        assert is_plain(n, c, o, side, k), (n, c, o, side, k)
    for n, c, o, side, k in (
        (128, 1, 8, 28, 5), (128, 6, 16, 14, 5), (32, 16, 32, 7, 5),  # many samples, many taps
        (32, 64, 64, 32, 3), (128, 64, 64, 32, 3),  # many products
        (32, 64, 64, 32, 1),
        (4, 48, 48, 24, 3), (8, 12, 12, 48, 3),  # few images, and larger ones
        (8, 64, 64, 29, 6), (8, 32, 32, 32, 5),  # many taps
    ):  # fmt: skip
        assert not is_plain(n, c, o, side, k), (n, c, o, side, k)
    x, weight = (Tensor(np.empty(s, np.float32)) for s in ((128, 6, 14, 14), (16, 6, 3, 3)))
    with convolution.use_algorithm("im2col"):
        assert faster.choose(ops.conv2d, x, weight, None, 1, 1) is not ops.conv2d


def test_the_rule():
    def chosen(n, c, o, size, k, stride=1, together=False):
        x = np.empty((n, c, *size), np.float32)
        x = np.empty((*size, c, n), np.float32).transpose(3, 2, 0, 1) if together else x
        weight = np.empty((o, c, k, k), np.float32)
        return convolution.choose(x, weight, (stride, stride), (k // 2, k // 2)).name

    assert chosen(1, 64, 64, (192, 128), 3) == "winograd"
    assert chosen(128, 32, 64, (62, 62), 5) == "winograd"
    # three channels, or sixteen: the transforms would dominate
    assert chosen(1, 3, 64, (192, 128), 3) == chosen(4, 16, 16, (96, 64), 3) == "windows"
    # a window of one channel is short, of 1×1 it is a pixel; a line of 256 is too large a product
    assert chosen(8, 1, 8, (64, 64), 5) == "im2col"
    assert chosen(1, 64, 26, (192, 128), 1) == chosen(1, 256, 256, (96, 64), 7) == "strips"
    assert chosen(1, 64, 64, (192, 128), 3, stride=2) == "strips"
    assert chosen(1, 512, 512, (24, 16), 3) == "winograd"
    assert chosen(1, 1024, 1024, (12, 8), 3) == "im2col"
    assert chosen(16, 1024, 1024, (12, 8), 3) == "winograd"
    # small pictures: a strip of one is less work than its calls are, or is copied in short pieces
    assert chosen(16, 1, 8, (28, 28), 5) == chosen(16, 8, 8, (28, 28), 3) == "im2col"
    assert chosen(32, 64, 64, (32, 32), 1) == chosen(24, 16, 32, (7, 7), 3) == "im2col"
    assert chosen(16, 16, 16, (32, 32), 5) == chosen(8, 16, 32, (14, 14), 5) == "windows"
    # many samples go together, if their taps pay for the copy, or nothing is to be copied
    assert chosen(100, 1, 8, (28, 28), 5) == chosen(128, 6, 16, (14, 14), 5) == "samples"
    assert chosen(64, 3, 16, (32, 32), 3) == chosen(100, 1, 8, (28, 28), 3) == "im2col"
    assert chosen(64, 3, 16, (32, 32), 3, together=True) == "samples"
    assert chosen(100, 1, 8, (28, 28), 5, stride=2) == "im2col"
    # tiles of 4 × 4 outputs that stand out beyond 14 × 14 pixels, and transforms of few channels
    assert chosen(24, 32, 32, (14, 14), 3) == chosen(24, 16, 64, (16, 16), 3) == "windows"
    assert chosen(24, 64, 64, (14, 14), 3) == chosen(24, 32, 32, (16, 16), 3) == "winograd"
    with pytest.raises(ValueError, match=r"expected one of .*im2col.* or None, got 'fft'"):
        with convolution.use_algorithm("fft"):
            pass
    with convolution.use_algorithm("winograd"):
        assert chosen(1, 4, 4, (16, 16), 7) == "im2col"
