"""The doctor says which versions, devices and kernels are here, and what is missing."""

import os
import subprocess
import sys

import pytest

from minipose.cli import main


def test_doctor(capsys):
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "numpy" in printed and "gpu:" in printed


@pytest.mark.parametrize(
    ("free", "locked", "words"),
    [
        ("", True, ""),
        (" free-threading build", False, " free-threaded (no GIL)"),
        (
            " free-threading build",
            True,
            " free-threaded, but its lock (GIL) is on: a package or PYTHON_GIL=1 asked for it",
        ),
    ],
)
def test_doctor_says_whether_python_has_a_lock(monkeypatch, free, locked, words):
    from minipose import doctor

    monkeypatch.setattr(sys, "version", sys.version + free)
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: locked, raising=False)
    version = doctor.platform.python_version()
    assert doctor.examine()[0] == f"python {version}{words}, {os.cpu_count()} cores"


def test_doctor_says_what_a_missing_package_would_be_for(monkeypatch):
    from importlib import metadata

    from minipose.doctor import examine

    def version(name):
        if name in ("onnx", "torch", "h5py"):
            raise metadata.PackageNotFoundError
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    lines = examine()
    assert "onnx: not installed, optional, for models in ONNX files" in lines
    assert "torch: not installed, optional, for models in PyTorch's files" in lines
    assert "h5py: not installed" in lines and "av 1.0" in lines


@pytest.mark.parametrize("off", ["1", "yes"])
def test_doctor_says_when_all_is_plain(off):
    command = [sys.executable, "-m", "minipose", "doctor"]
    environment = os.environ | {"MINIPOSE_PLAIN": off}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True).stdout
    assert "kernels: plain\n" in printed


def test_doctor_finds_cupy_by_the_name_of_its_wheel(monkeypatch):
    """Which differs from version to version of CUDA."""
    from importlib import metadata

    from minipose.doctor import examine

    real = metadata.version
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"cupy": ["cupy-cuda13x"]})
    monkeypatch.setattr(
        metadata, "version", lambda name: "14.2.0" if name == "cupy-cuda13x" else real(name)
    )
    assert "cupy-cuda13x 14.2.0" in examine()
