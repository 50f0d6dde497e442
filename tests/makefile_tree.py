"""The Makefile beside an environment that is set up already, and what it asked of Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_docs import ROOT

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")

# Stands in for Python: notes its arguments, one a line, and makes the store that it is asked for.
PYTHON = """#!/bin/sh
printf '%s\\n' "$@" -- >> ../asked
while [ $# -gt 1 ]; do
  case "$1 $2" in
    '--out '*.h5) echo made > "$2";;
    '--out '*-mediapipe|'--out '*-openpose|'--out '*-maskrcnn) mkdir "$2"; echo > "$2/labels.json";;
    '--out '*/) mkdir -p "$2";;
  esac
  shift
done
"""


def tree_beside(tmp_path: Path) -> Path:
    """The Makefile beside an environment that is set up already."""
    tree = tmp_path / "tree"
    (tree / ".venv/bin").mkdir(parents=True)
    (tree / "data").mkdir()
    shutil.copy(ROOT / "Makefile", tree)
    (tree / "data_tools").mkdir()
    shutil.copy(ROOT / "data_tools/store_name.py", tree / "data_tools")
    shutil.copytree(ROOT / ".ci", tree / ".ci")
    (tree / "pyproject.toml").touch()
    (tree / ".venv/.installed-run").touch()
    (tree / ".venv/bin/python").write_text(PYTHON)
    (tree / ".venv/bin/python").chmod(0o755)
    return tree


def make(tree: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run make without what a make around the tests has put into the environment."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tree.parent)}
    command = ["make", *arguments]
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def asked(tree: Path) -> list[list[str]]:
    """The arguments of each command so far."""
    log = tree.parent / "asked"
    text = log.read_text() if log.exists() else ""
    return [one.splitlines() for one in text.split("--\n")[:-1]]
