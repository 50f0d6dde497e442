"""Rotated pictures and channels, and the errors that are drawn against the angle."""

import numpy as np

from minipose.experiments.people import equivariance
from minipose.models import HNet
from minipose.nn import Conv2d
from minipose.nn.harmonic import HarmonicConv2d


def test_a_quarter_turn_of_blobs_is_rot90():
    np.testing.assert_allclose(
        equivariance.blobs(90, side=32), np.rot90(equivariance.blobs(0, side=32), axes=(2, 3)),
        atol=1e-12,
    )  # fmt: skip
    channels = np.random.default_rng(0).standard_normal((2, 9, 9)) + 0j
    rotated = equivariance.rotated_channels(channels, 90, order=1)
    np.testing.assert_allclose(rotated, 1j * np.rot90(channels, axes=(1, 2)), atol=1e-9)


def test_errors_of_harmonic_and_plain_layers():
    """Zero at 90°, small at 45° for harmonic filters; large at both for plain ones."""
    rng = np.random.default_rng(0)
    harmonic = HarmonicConv2d((3,), (2, 2), rng).astype(np.float64)
    plain = Conv2d(3, 4, 3, rng, padding=1, bias=False).astype(np.float64)
    zero, one = equivariance.errors(equivariance.of_layer(harmonic, (2, 2)), (45, 90))
    (usual,) = equivariance.errors(equivariance.of_layer(plain), (45, 90))
    assert zero[1] < 1e-12 and one[1] < 1e-12
    assert zero[0] < 1e-3 and one[0] < 2e-2
    assert min(usual) > 3e-2


def test_pictures_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(equivariance, "ANGLES", (0, 30, 60, 90))
    picture = np.random.default_rng(0).integers(0, 256, (40, 32, 3), dtype=np.uint8)
    drawn = equivariance.draw(tmp_path, {"H-Net": HNet({"mask": 2}, width=1)}, picture)
    assert sorted(drawn) == ["equivariance.png", "filters.png", "streams.png"]
    assert all((tmp_path / name).stat().st_size > 5000 for name in drawn)
