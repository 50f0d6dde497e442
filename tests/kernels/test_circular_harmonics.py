"""The patterns of harmonic filters: known values, and what happens when they are rotated."""

import numpy as np
import pytest

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
    rotated = np.rot90(basis, axes=(1, 2))
    np.testing.assert_allclose(rotated, basis * 1j**number, atol=3e-16)
    if number % 2:  # the other sign is off by a factor of −1 everywhere but in the centre
        assert np.abs(rotated - basis * 1j**-number).max() > 1
    expected, centre = filters(kernel_size, number)
    np.testing.assert_allclose(basis, expected, atol=1e-14)
    np.testing.assert_allclose(centre_basis(kernel_size), centre, atol=1e-15)


@pytest.mark.parametrize("kernel_size", [0, 1, 4])
def test_mistakes_are_named(kernel_size):
    with pytest.raises(ValueError, match=f"expected an odd kernel size from 3, got {kernel_size}"):
        ring_basis(kernel_size, 1)
