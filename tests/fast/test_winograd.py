"""Winograd's convolution against im2col, in blocks and parts of any size; its matrices exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose.fast import winograd, winograd_kernels, winograd_points, winograd_tiles
from tests.fast.test_convolution import assert_same, im2col_results, small
from tests.strategies import arrays


@given(data=st.data(), n=st.integers(1, 3), c=small, o=small, r=st.sampled_from([3, 5, 6]),
       size=st.tuples(st.integers(6, 17), st.integers(6, 17)),
       padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
       tiles=st.sampled_from([1, 3, winograd.TILES]), group=st.sampled_from([1, 4, winograd.GROUP]),
       many=st.sampled_from([1, winograd.MANY]), few=st.sampled_from([1, winograd.FEW]),
       many_pairs=st.sampled_from([0, winograd_kernels.MANY_PAIRS]),
       pairs=st.sampled_from([1, winograd_kernels.PAIRS]))  # fmt: skip
def test_winograd(data, n, c, o, r, size, padding, tiles, group, many, few, many_pairs, pairs):
    x, weight = data.draw(arrays((n, c, *size))), data.draw(arrays((o, c, r, r)))
    grad_y, expected = im2col_results(x, weight, (1, 1), padding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "TILES", tiles)
        patch.setattr(winograd, "GROUP", group)
        patch.setattr(winograd, "MANY", many)
        patch.setattr(winograd, "FEW", few)
        patch.setattr(winograd_kernels, "MANY_PAIRS", many_pairs)
        patch.setattr(winograd_kernels, "PAIRS", pairs)
        y = winograd.forward(x, weight, padding)
        grad_x = winograd.backward_input(grad_y, weight, padding)
        grad_w = winograd.backward_weight(grad_y, x, r, padding)
    assert_same((y, grad_x, grad_w), expected, 1e-8)


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_winograd_adds_up_all_blocks_of_pictures(monkeypatch, pictures):
    monkeypatch.setattr(winograd, "GROUP", 1)
    monkeypatch.setattr(winograd, "MANY", 1)
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((pictures, 2, 8, 9)), rng.standard_normal((3, 2, 3, 3))
    grad_y, (_, _, expected) = im2col_results(x, weight, (1, 1), (1, 1))
    grad_w = winograd.backward_weight(grad_y, x, 3, (1, 1))
    np.testing.assert_allclose(grad_w, expected, rtol=0, atol=1e-9)


every_tile = pytest.mark.parametrize(("outputs", "kernel"), [(2, 3), (4, 3), (4, 5), (3, 6)])


@every_tile
def test_winograd_matrices_multiply_polynomials(outputs, kernel):
    """In one dimension, exactly: Aᵀ[(G g) ⊙ (Bᵀ d)] is the correlation of d with g."""
    rng = np.random.default_rng(0)
    d, g = rng.standard_normal(outputs + kernel - 1), rng.standard_normal(kernel)
    b_t, evaluate, a_t = winograd_points.matrices(outputs, kernel)
    y = a_t @ ((evaluate @ g) * (b_t @ d))
    np.testing.assert_allclose(y, np.correlate(d, g, "valid"), rtol=1e-12)


@pytest.mark.parametrize("at_once", [1, 100, winograd_tiles.AS_THEY_LIE])
@pytest.mark.parametrize("numbers", [7, 24])
def test_winograds_products_in_parts(monkeypatch, at_once, numbers):
    monkeypatch.setattr(winograd_tiles, "AS_THEY_LIE", at_once)
    matrix = winograd_points.transforms(4, 3, np.dtype(np.float64)).of_kernels
    rows = np.random.default_rng(0).standard_normal((2, 3, numbers))
    out = np.full((2, 6, numbers), np.nan)
    winograd_tiles.apply(matrix, rows, out)
    np.testing.assert_allclose(out, matrix @ rows, rtol=1e-12, atol=1e-13)


def test_winograds_own_matrix():
    """Bᵀ of F(4×4, 3×3) as Lavin & Gray print it."""
    expected = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
                [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]  # fmt: skip
    np.testing.assert_array_equal(winograd_points.matrices(4, 3)[0], expected)
