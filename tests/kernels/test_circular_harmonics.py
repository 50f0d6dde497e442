"""The patterns of harmonic filters: known values, and what happens when they turn."""

import numpy as np
import pytest

from minipose.fast import harmonic_mix, harmonic_weights, planes
from minipose.fast.harmonic_stencils import gather, spread
from minipose.kernels.circular_harmonics import centre_basis, ring_basis
from tests.harmonic_reference import filters

EDGE, CORNER = 0.921380202687, 0.957830950468


def test_known_values_of_the_3x3_patterns():
    edges, corners = np.s_[[0, 1, 1, 2], [1, 0, 2, 1]], np.s_[[0, 0, 2, 2], [0, 2, 0, 2]]
    for number in (-1, 1):
        basis = ring_basis(3, number)[0]
        np.testing.assert_allclose(np.abs(basis[edges]), EDGE, atol=1e-12)
        np.testing.assert_allclose(np.abs(basis[corners]), CORNER, atol=1e-12)
        assert basis[1, 1] == 0
        # φ = atan2(row, column): 0 at the right, 90° below, since rows go down.
        np.testing.assert_allclose(basis[1, 2], EDGE, atol=1e-12)
        np.testing.assert_allclose(basis[2, 1], EDGE * 1j**number, atol=1e-12)
        np.testing.assert_allclose(basis[2, 2], CORNER * np.exp(0.25j * np.pi * number), atol=1e-12)
    np.testing.assert_allclose(ring_basis(3, 0)[0], 1, atol=1e-15)
    centre = centre_basis(3)
    np.testing.assert_allclose(centre[edges], 0.010631334655, atol=1e-12)
    np.testing.assert_allclose(centre[corners], 0.000118103460, atol=1e-12)
    np.testing.assert_allclose(centre[1, 1], 0.957002247540, atol=1e-12)


@pytest.mark.parametrize("number", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize(("kernel_size", "rings"), [(3, 1), (5, 2), (7, 3)])
def test_a_quarter_turn_multiplies_by_a_power_of_i(kernel_size, rings, number):
    basis = ring_basis(kernel_size, number)
    assert basis.shape == (rings, kernel_size, kernel_size) and basis.dtype == np.complex128
    turned = np.rot90(basis, axes=(1, 2))
    np.testing.assert_allclose(turned, basis * 1j**number, atol=3e-16)
    if number % 2:  # the other sign is off by a factor of −1 everywhere but in the centre
        assert np.abs(turned - basis * 1j**-number).max() > 1
    expected, centre = filters(kernel_size, number)
    np.testing.assert_allclose(basis, expected, atol=1e-14)
    np.testing.assert_allclose(centre_basis(kernel_size), centre, atol=1e-15)


@pytest.mark.parametrize("kernel_size", [0, 1, 4])
def test_mistakes_are_named(kernel_size):
    with pytest.raises(ValueError, match=f"expected an odd kernel size from 3, got {kernel_size}"):
        ring_basis(kernel_size, 1)


def _random(rng, xp, *shapes):
    return [xp.asarray(rng.standard_normal(shape)) for shape in shapes]


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(("of", "orders"), [((2, 1), 2), ((3,), 2), ((1, 2), 1)])
@pytest.mark.parametrize("size", [(4, 5), (2, 2), (1, 3), (3, 1), (64, 64)])
def test_gather_is_the_adjoint_of_spread(of, orders, size, turn, xp):
    """⟨spread(x), f⟩ = ⟨x, gather(f)⟩ for all x and f."""
    rng = np.random.default_rng(0)
    (x,) = _random(rng, xp, (2 * sum(of), 2, *size))
    filtered = spread(x, of, orders, turn)
    others = _random(rng, xp, *(pair.shape for pair in filtered))
    left = sum(float((a * b).sum()) for a, b in zip(filtered, others, strict=True))
    assert left == pytest.approx(float((x * gather(others, of, turn)).sum()), rel=1e-11)


def test_unmix_is_the_adjoint_of_mix_and_gram_its_derivative(xp):
    rng = np.random.default_rng(1)
    of, into = (2, 3), (3, 1)
    a = harmonic_weights.Matrices(
        *_random(rng, xp, (4, 5), (4, 5)), _random(rng, xp, (3, 2), (1, 3))
    )
    factors = harmonic_weights.factors(a, into)
    filtered = _random(rng, xp, *((2, 5 + of[o], 2, 4, 5) for o in (0, 1)))
    (grad,) = _random(rng, xp, (8, 2, 4, 5))
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


def test_enlarging_and_its_adjoint(xp):
    rng = np.random.default_rng(2)
    x, y = _random(rng, xp, (3, 2, 4, 3), (3, 2, 8, 6))
    left, right = planes.enlarge(x, 2) * y, x * planes.enlarge_backward(y, 2)
    assert float(left.sum()) == pytest.approx(float(right.sum()), rel=1e-11)
    assert planes.enlarge(x, 1) is x and planes.enlarge_backward(x, 1) is x
