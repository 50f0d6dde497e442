"""The kernels of the two-stage harmonic convolution: adjoint identities."""

import numpy as np
import pytest

from minipose.fast import harmonic_mix, harmonic_weights, planes
from minipose.fast.harmonic_stencils import gather, spread
from minipose.fast.scaling import scaled


def _random(rng, *shapes):
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(("of", "orders"), [((2, 1), 2), ((3,), 2), ((1, 2), 1)])
@pytest.mark.parametrize("size", [(4, 5), (2, 2), (1, 3), (3, 1), (64, 64)])
def test_gather_is_the_adjoint_of_spread(of, orders, size, turn):
    """⟨spread(x), f⟩ = ⟨x, gather(f)⟩ for all x and f."""
    rng = np.random.default_rng(0)
    (x,) = _random(rng, (2 * sum(of), 2, *size))
    filtered = spread(x, of, orders, turn)
    others = _random(rng, *(pair.shape for pair in filtered))
    left = sum(float((a * b).sum()) for a, b in zip(filtered, others, strict=True))
    assert left == pytest.approx(float((x * gather(others, of, turn)).sum()), rel=1e-11)


def test_unmix_is_the_adjoint_of_mix_and_gram_its_derivative():
    rng = np.random.default_rng(1)
    of, into = (2, 3), (3, 1)
    a = harmonic_weights.Matrices(*_random(rng, (4, 5), (4, 5)), _random(rng, (3, 2), (1, 3)))
    factors = harmonic_weights.factors(a, into)
    filtered = _random(rng, *((2, 5 + of[o], 2, 4, 5) for o in (0, 1)))
    (grad,) = _random(rng, (8, 2, 4, 5))
    y = harmonic_mix.mix(factors, filtered, into)
    product = pytest.approx(float((y * grad).sum()), rel=1e-11)
    again, slope = harmonic_mix.mix_and_gram(factors, filtered, grad, into, of)
    assert again.tolist() == y.tolist()
    back = harmonic_mix.unmix(factors, grad, into)
    assert sum(float((f * b).sum()) for f, b in zip(filtered, back, strict=True)) == product
    and_back, other = harmonic_mix.unmix_and_gram(factors, filtered, grad, into, of)
    assert [b.tolist() for b in and_back] == [b.tolist() for b in back]
    for found in (slope, other):  # y is linear in (A, C)
        pairs = [(a.re, found.re), (a.im, found.im), *zip(a.near, found.near, strict=True)]
        assert sum(float((m * s).sum()) for m, s in pairs) == product


def test_enlarging_and_its_adjoint():
    rng = np.random.default_rng(2)
    x, y = _random(rng, (3, 2, 4, 3), (3, 2, 8, 6))
    left, right = planes.enlarge(x, 2) * y, x * planes.enlarge_backward(y, 2)
    assert float(left.sum()) == pytest.approx(float(right.sum()), rel=1e-11)
    assert planes.enlarge(x, 1) is x and planes.enlarge_backward(x, 1) is x


@pytest.mark.parametrize("size", [(1, 32, 32), (1, 4, 4), (2048,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_do_not_lie_whole_pages_apart(size, dtype):
    made = planes.rows_apart(3, size, np.dtype(dtype))
    assert made.shape == (3, *size) and made.dtype == dtype
    assert made.strides[0] % planes.PAGE and made[1].flags.c_contiguous
    flat = made.reshape(3, -1)
    flat[...] = 7
    assert (made == 7).all()  # a view, not a copy


@pytest.mark.parametrize("lie", ["by rows", "by columns"])
def test_scaling_in_pieces(lie, monkeypatch):
    monkeypatch.setattr("minipose.fast.scaling.PIECE", 4)
    x, factor = np.arange(12.0).reshape(3, 4), np.array([[2.0], [3], [0]])
    there = x if lie == "by rows" else np.asfortranarray(x)
    made = scaled(there, factor)
    assert made.tolist() == (x * factor).tolist()
    assert made.strides == there.strides  # what lies by columns goes on to do so
    assert scaled(there, -1, made) is made
    assert made.tolist() == (-x).tolist()
