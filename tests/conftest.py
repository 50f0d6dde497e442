"""What all tests share: where real samples are, which array library is tested, how hard to look."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# The same examples each time, few of them, for a quick and quiet suite; MINIPOSE_EXAMPLES=200 (with
# fresh random ones) looks harder.
_examples = os.environ.get("MINIPOSE_EXAMPLES")
settings.register_profile(
    "minipose",
    max_examples=int(_examples or 12),
    derandomize=_examples is None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("minipose")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", choices=("cpu", "cuda"), default="cpu", help="array library")


@pytest.fixture(scope="session")
def xp(request: pytest.FixtureRequest):
    """NumPy, or CuPy with ``--device cuda``."""
    if request.config.getoption("--device") == "cpu":
        return np
    from minipose.backend import device_module

    return device_module("cuda")


def shared_path(*parts: str) -> Path:
    """A file or folder of real samples beside the checkout; the test is skipped without it."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no real samples here: {Path(*parts)} is not in the shared folder")
    return path


@pytest.fixture
def shared():
    """The function ``shared_path``."""
    return shared_path
