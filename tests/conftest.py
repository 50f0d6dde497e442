"""What all tests share: where real samples are, which array libraries are tested, how hard to look.

The suite is quiet by default: hypothesis draws the same few examples each time. To look harder::

    MINIPOSE_EXAMPLES=200 make test      # more of them, and fresh ones in every run
    MINIPOSE_EXAMPLES=12 make test       # as few as usual, but fresh ones
    make test DEVICE=cuda                # on a GPU instead of NumPy and the strict stand-in
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

from minipose.kernels.faster import plain_only
from tests.oracles.beyond import TALLY, lines

os.environ["MINIPOSE_TUNED"] = "0"  # whatever this machine's user measured
_examples = os.environ.get("MINIPOSE_EXAMPLES")
_common = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile(
    "minipose", max_examples=int(_examples or 8), derandomize=_examples is None, **_common
)
# For a run that repeats, with other versions or without minipose/fast, what another has seen.
settings.register_profile("few", max_examples=3, derandomize=True, **_common)
# The mutation run only asks whether a test fails: the smallest failing example is of no interest.
settings.register_profile(
    "mutants", max_examples=8, derandomize=True, phases=[Phase.generate], **_common
)
settings.load_profile(os.environ.get("MINIPOSE_PROFILE", "minipose"))

SHARED = Path(__file__).resolve().parents[2] / "shared"
LIBRARIES = {
    "cpu": ["numpy", "plain", "strict"],
    "numpy": ["numpy"],
    "plain": ["plain"],
    "strict": ["strict"],
    "cuda": ["cupy"],
}
if find_spec("minipose.fast") is None:  # all is plain
    LIBRARIES["cpu"] = ["numpy", "strict"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        choices=tuple(LIBRARIES),
        default="cpu",
        help="array libraries of the tests that take one: cpu is NumPy with and without "
        "minipose.fast, and the strict stand-in for CuPy; cuda is CuPy itself",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Without a GPU, ``--device cuda`` is one line and not an error for every test."""
    if config.getoption("--device") == "cuda":
        from minipose.devices import resolve_device

        try:
            resolve_device("cuda")
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``xp`` runs once for each array library."""
    if "xp" in metafunc.fixturenames:
        names = LIBRARIES[metafunc.config.getoption("--device")]
        metafunc.parametrize("xp", names, indirect=True)


@pytest.fixture
def xp(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The array library under test: ``numpy``, the strict stand-in, or ``cupy``."""
    if request.param == "plain":
        with plain_only():
            yield np
    elif request.param == "strict":
        from tests.strict import strict

        yield strict
    elif request.param == "cupy":
        from minipose.backend import device_module

        yield device_module("cuda")
    else:
        yield np


def shared_path(*parts: str) -> Path:
    """A file or folder of real samples beside the checkout; the test is skipped without it."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no real samples here: {Path(*parts)} is not in the shared folder")
    return path


@pytest.fixture
def unpainted() -> Iterator[None]:
    """Plots are not painted: see ``tests/unpainted.py``."""
    from tests.unpainted import unpainted

    with unpainted():
        yield


@pytest.fixture
def shared():
    """The function ``shared_path``."""
    return shared_path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cases of other people's tables the tests have seen agree, and what they left out."""
    passed = terminalreporter.stats.get("passed", [])
    found = [value for report in passed for name, value in report.user_properties if name == TALLY]
    for line in lines(found):
        terminalreporter.write_line(line)
