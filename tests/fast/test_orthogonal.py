"""Muon's direction by the small product: that of the plain iteration, for the shapes it is for."""

import numpy as np
import pytest

from minipose.fast.orthogonal import by_gram_matrix
from minipose.kernels.faster import choose, plain_only
from minipose.optim.muon import orthogonal
from tests.strict import strict


def matrix(shape, smallest, dtype=np.float64):
    """Singular values from 1 to ``smallest``, times 30."""
    u, _, vt = np.linalg.svd(np.random.default_rng(0).standard_normal(shape), full_matrices=False)
    return (30 * (u * np.geomspace(1, smallest, len(vt))) @ vt).astype(dtype)


@pytest.mark.parametrize("shape", [(24, 96), (24, 216), (216, 24), (40, 400)], ids=str)
@pytest.mark.parametrize("smallest", [1e-1, 1e-3, 1e-6])
def test_it_is_the_plain_iteration(shape, smallest):
    x = matrix(shape, smallest)
    before = x.copy()
    found = orthogonal(x)
    np.testing.assert_array_equal(found, by_gram_matrix(x))
    with plain_only():
        np.testing.assert_allclose(found, orthogonal(x), rtol=0, atol=1e-11)
        expected = orthogonal(x.astype(np.float32))
    single = orthogonal(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-3 if smallest < 1e-2 else 1e-5)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_and_tiny_gradients(dtype):
    zero = np.zeros((24, 100), dtype)
    np.testing.assert_array_equal(by_gram_matrix(zero), zero)
    tiny = matrix((24, 100), 0.1, dtype) * dtype(1e-9)
    with plain_only():
        np.testing.assert_allclose(by_gram_matrix(tiny), orthogonal(tiny), rtol=0, atol=1e-5)


def test_which_matrices_it_is_for():
    assert choose(orthogonal, np.ones((24, 96))) is by_gram_matrix
    assert choose(orthogonal, np.ones((96, 24))) is by_gram_matrix
    for other in ((23, 920), (920, 23), (24, 95), (95, 24), (48, 48)):
        assert choose(orthogonal, np.ones(other)) is orthogonal
    assert choose(orthogonal, strict.ones((24, 96))) is orthogonal
