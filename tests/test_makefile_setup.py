"""What make installs: each environment by itself, the versions that are wanted, nothing in vain."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.makefile_tree import asked, make, needs_make, tree_beside

pytestmark = needs_make


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tree_beside(tmp_path)


@pytest.mark.parametrize("label", ["mediapipe", "openpose"])
def test_mediapipe_is_set_up_where_it_is_wanted(label, tree):
    """By a stand-in for Python that notes what pip is asked for."""
    (tree.parent / "photos").mkdir()
    shutil.copytree(tree / ".venv/bin", tree / ".venv-label/bin")
    assert make(tree, "train-unet", "DATA=../photos", f"LABEL={label}").returncode == 0
    calls = asked(tree)
    (pip,) = (k for k, call in enumerate(calls) if call[:3] == ["-m", "pip", "install"])
    assert calls[pip][-3:] == ["--no-deps", "-r", ".ci/label.txt"]
    assert calls[pip + 1][2] == "label" and (tree / ".venv-label/.installed").exists()


def test_the_oldest_versions_have_an_environment_of_their_own(tree):
    oldest = tree / ".venv-oldest"
    shutil.copytree(tree / ".venv", oldest)
    (oldest / ".installed").touch()
    os.utime(tree / ".ci/oldest.py", (1, 1))
    assert make(tree, "test-oldest", "ARGS=-x").returncode == 0
    check, *lint, test = asked(tree)
    assert check == [".ci/oldest.py", "--installed"]
    assert [each[:2] for each in lint] == [["-m", "ruff"]] * 2
    assert test[:2] == ["-m", "pytest"] and test[-1] == "-x"


def test_the_oldest_versions_are_handed_to_pip(tree):
    """The set-up itself, with a stand-in for Python that notes what pip is asked for."""
    oldest = tree / ".venv-oldest"
    shutil.copytree(tree / ".venv/bin", oldest / "bin")
    setup = ["sh", ".ci/setup", "dev", ".venv-oldest/.installed", "oldest"]
    subprocess.run(setup, cwd=tree, check=True, capture_output=True)
    (_, pins, pip) = asked(tree)
    assert pins == [".ci/oldest.py"] and pip[:3] == ["-m", "pip", "install"]
    assert pip[pip.index("-c") + 1] == ".venv-oldest/oldest.txt"
    assert (oldest / ".installed").exists() and not (tree / ".venv/.installed").exists()
    subprocess.run(["sh", ".ci/setup", "dev", ".venv/.installed"], cwd=tree, check=True)
    newest = asked(tree)[-1]
    assert newest[newest.index("-c") + 1] == "/dev/null"


def test_the_versions_that_were_tested_are_handed_to_pip(tree):
    (tree / ".venv/.installed-run").unlink()
    assert make(tree, "setup", "VERSIONS=tested").returncode == 0
    pip = asked(tree)[-1]
    assert pip[pip.index("-c") + 1] == ".ci/tested.txt"
    (tree / ".venv/.installed-run").unlink()
    refused = make(tree, "setup", "VERSIONS=any old")
    assert refused.returncode != 0
    assert "VERSIONS=any old: expected tested or newest" in refused.stderr


# A GPU that does not work, with CuPy (MISSING=none) or without it (MISSING=cupy).
WITHOUT_GPU = """#!/bin/sh
printf '%s\\n' "$@" -- >> ../asked
case "$*" in
  *"import cupy"*) [ "$(cat ../missing)" = none ] ;;
  *minipose.devices*) echo "error: no GPU works" >&2; exit 1 ;;
esac
"""


@pytest.mark.skipif(
    bool(shutil.which("nvidia-smi")) or Path("/proc/driver/nvidia/version").exists(),
    reason="there is a driver here",
)
@pytest.mark.parametrize("missing", ["cupy", "none"])
@pytest.mark.parametrize("target", ["train-h36m", "train-unet", "first-light", "test"])
def test_without_a_gpu_nothing_is_installed_or_drawn(target, missing, tree):
    (tree / ".venv/.installed-run").unlink()
    (tree / ".venv/bin/python").write_text(WITHOUT_GPU)
    (tree.parent / "missing").write_text(missing)
    done = make(tree, target, "DEVICE=cuda")
    words = [" ".join(command) for command in asked(tree)]
    if missing == "cupy":
        assert "DEVICE=cuda: no NVIDIA driver here" in done.stderr
        assert done.returncode == 2 and not any("pip install" in w for w in words)
    elif target.startswith("train"):
        assert "error: no GPU works" in done.stderr and done.returncode == 2
    assert not any("data_tools" in w or "pip install .[gpu]" in w for w in words)
