"""Labellers that are installed: stand-ins, in places where the real ones would be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from data_tools.label import mediapipe_client
from tests.data_tools.label.stand_ins import package, program


@pytest.fixture
def mediapipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package mediapipe that this Python and others find."""
    folder = package(tmp_path / "packages")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))


@pytest.fixture
def openpose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program openpose.bin on the PATH."""
    path = program(tmp_path / "programs")
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    return path


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No labeller at all, whatever this machine has."""
    monkeypatch.setattr(mediapipe_client, "find_spec", lambda name: None)
    monkeypatch.setattr(mediapipe_client, "OWN", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    monkeypatch.setitem(sys.modules, "torch", None)
