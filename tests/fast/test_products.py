"""Matrix products in parts: every cut, every memory order, any number of threads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.fast import products
from minipose.kernels.faster import choose
from tests.strategies import layouts

sizes = st.integers(1, 40)


@given(m=sizes, k=sizes, n=sizes, smallest=st.sampled_from([1, 3, products.SMALLEST]))
def test_parts_make_the_product(m, k, n, smallest):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "SMALLEST", smallest)
        patch.setattr(products, "ALONE", 0)
        for left, right in zip(layouts(a), layouts(b), strict=True):
            np.testing.assert_allclose(products.multiply(left, right), a @ b, atol=1e-12)
        out = np.full((m, 2 * n), 7.0)
        every_other = out[:, ::2]
        assert products.multiply(a, b, every_other) is every_other
        np.testing.assert_allclose(every_other, a @ b, atol=1e-12)
        assert (out[:, 1::2] == 7).all()


@pytest.mark.parametrize(
    "operands",
    [
        [Tensor(np.ones((2, 3, 4))), Tensor(np.ones((4, 5)))],
        [Tensor(np.ones((3, 4))), Tensor(np.ones(4))],
        [Tensor(np.ones((3, 4))), np.ones((4, 5))],
        [Tensor(np.ones((3, 4))), Tensor(np.ones((4, 5), np.float32))],
    ],
    ids=["stacks", "vectors", "arrays", "dtypes"],
)
def test_all_but_two_matrices_stay_plain(operands):
    assert choose(ops.matmul, *operands) is ops.matmul


@pytest.mark.parametrize("shape", [(300, 40, 70), (70, 40, 300)], ids=["rows", "columns"])
def test_the_numbers_do_not_depend_on_the_threads(monkeypatch, shape):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(s, dtype=np.float32) for s in (shape[:2], shape[1:]))
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        results.append(products.multiply(a, b))
    assert results[0].dtype == np.float32
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_the_longer_side_is_cut_and_small_products_are_not():
    counts = []
    for m, k, n in ((1024, 256, 64), (64, 256, 1024), (64, 64, 64), (100, 256, 100)):
        left, right = np.ones((m, k)), np.ones((k, n))
        products.multiply(left, right, spread=lambda task, count: counts.append(count))
    assert counts == [8, 8, 1, 2]


@given(
    m=sizes, k=sizes, n=sizes, stack=st.sampled_from([(), (3,), (2, 1)]),
    limit=st.sampled_from([1, 300, 2000]), depth=st.sampled_from([1, 7, 100]),
    grain=st.sampled_from([1, 4]),
)  # fmt: skip
def test_blocks_make_the_product(m, k, n, stack, limit, depth, grain):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((*stack, m, k)), rng.standard_normal((*stack, k, n))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("AS_THEY_LIE", limit), ("DEPTH", depth), ("GRAIN", grain)):
            patch.setattr(products, name, value)
        for left, right in zip(layouts(a), layouts(b), strict=True):
            out = np.full((*stack, m, 2 * n), 7.0)
            products.in_blocks(left, right, out[..., ::2])
            np.testing.assert_allclose(out[..., ::2], a @ b, atol=1e-12)
            assert (out[..., 1::2] == 7).all()


@pytest.mark.parametrize(
    ("sides", "block"),
    [
        ((32, 64, 4096), (32, 480)),  # few channels, many pixels: whole columns, as many as fit
        ((4096, 64, 32), (480, 32)),
        ((32, 4096, 64), (16, 48)),  # a sum over the pixels, DEPTH of them at a time
        ((512, 512, 512), (512, 512)),  # no side is short: BLAS copies, and is the faster for it
        ((32, 64, 100), (32, 100)),
    ],
)
def test_products_with_short_sides_are_cut_to_what_blas_takes_as_it_lies(sides, block):
    rows, columns = products._block(*sides)
    assert (rows, columns) == block
    if block != (sides[0], sides[2]):
        assert rows * columns * min(sides[1], products.DEPTH) <= products.AS_THEY_LIE


def test_a_deep_product_with_columns_of_a_wide_matrix_is_blas_alone(monkeypatch):
    """Rows of few columns lie on a page each: BLAS copies them once, blocks would come back."""
    calls, matmul = [], np.matmul
    a, wide = np.ones((64, 2048), np.float32), np.ones((2048, 1024), np.float32)
    out = np.empty((64, 128), np.float32)
    monkeypatch.setattr(
        np, "matmul", lambda *given, **out: calls.append(1) or matmul(*given, **out)
    )
    for b, single in ((wide[:, :128], True), (wide[:, :128].copy(), False)):
        calls.clear()
        products.in_blocks(a, b, out)
        assert (len(calls) == 1) == single
        assert (out == 2048).all()
