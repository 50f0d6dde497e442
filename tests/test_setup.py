"""The set-up of the environment: killed anywhere it begins anew, and every obstacle is one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.test_docs import ROOT
from tests.torture.jobs import STAND_IN

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
WHOLE = 18  # files of an environment of the stand-in


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "a tree"
    tree.mkdir()
    shutil.copytree(ROOT / ".ci", tree / ".ci")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    write_base(tree, STAND_IN)
    return tree


def write_base(tree: Path, program: str) -> None:
    (tree / "a base").write_text(program)
    (tree / "a base").chmod(0o755)


def begin(tree: Path, *arguments: str) -> subprocess.Popen:
    command = ["make", "-s", "setup", "PYTHON=./a base", *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=tree, **options)


def set_up(tree: Path, *arguments: str) -> tuple[int, str]:
    """The exit status, and what was said about it; without make's own lines."""
    with begin(tree, *arguments) as process:
        _, error = process.communicate(timeout=60)
    lines = [line for line in error.splitlines() if not line.startswith("make")]
    return process.returncode, "\n".join(lines)


def is_whole(tree: Path) -> bool:
    venv = tree / ".venv"
    files = len(list((venv / "lib").glob("*"))) == WHOLE
    return files and (venv / ".installed-run").exists() and not (venv / ".unfinished").exists()


def test_what_was_left_half_made_is_made_anew(tree):
    """T8: with Python and pip in it, it passed for whole."""
    assert set_up(tree) == (0, "") and is_whole(tree)
    (tree / ".venv/lib/venv-3").unlink()  # a kill in the middle of what "venv" does
    (tree / ".venv/.installed-run").unlink()
    (tree / ".venv/.unfinished").touch()
    assert set_up(tree) == (0, "") and is_whole(tree)
    (tree / ".venv/.installed-run").unlink()
    kept = (tree / ".venv/lib/venv-3").stat().st_mtime_ns
    assert set_up(tree) == (0, "") and is_whole(tree)  # a whole one gets packages only
    assert (tree / ".venv/lib/venv-3").stat().st_mtime_ns == kept


def test_two_at_once_wait_for_each_other(tree):
    """T16: the second finds what the first has made."""
    until = '"-m pip")\n    while [ ! -e go ]; do sleep 0.05; done'
    write_base(tree, STAND_IN.replace('"-m pip")', until))
    with begin(tree) as first:
        while not (tree / ".venv/.unfinished").exists():
            time.sleep(0.01)
        with begin(tree) as second:
            assert second.stderr.readline().startswith("waiting for process ")
            (tree / "go").touch()
            assert (second.wait(), first.wait()) == (0, 0) and second.stderr.read() == ""
    assert is_whole(tree)


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (('"-m venv")', '"-m venv") exit 1;; "never")'), "install python3-venv (or pip, or uv)"),
        (('"-m pip")', '"-m pip") echo "ERROR: no such package" >&2; exit 1;; "never")'),
         "set-up failed: ERROR: no such package (all of it: .venv/pip.log); then run make again"),
        (('"-m pip")', '"-m pip") echo "Retrying after connection broken" >&2;'
          ' echo "ERROR: No matching distribution" >&2; exit 1;; "never")'),
         "set-up failed: no network? ERROR: No matching distribution (all of it: .venv/pip.log)"),
        (('"-c "*) ;;', '"-c "*) exit 1;;'), "PYTHON=./a base: not a Python 3.11 or newer"),
    ],
)  # fmt: skip
def test_an_obstacle_is_one_true_line(tree, broken, line, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # without uv
    write_base(tree, STAND_IN.replace(*broken))
    status, said = set_up(tree)
    assert status == 2 and line in said and "\n" not in said
    write_base(tree, STAND_IN)
    if (tree / ".venv/bin").exists():
        shutil.copy(tree / "a base", tree / ".venv/bin/python")
    assert set_up(tree) == (0, "") and is_whole(tree)


def test_a_place_that_cannot_be_written_is_named(tree):
    """It said "install python3-venv". A file in the way stands in for another user's folder."""
    (tree / ".venv").write_text("in the way")
    begun = ["sh", ".ci/setup", "run", ".venv/below/.installed-run"]
    done = subprocess.run(begun, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: .venv/below.lock: File exists\n"
    locked = {**os.environ, "MINIPOSE_SETTING_UP": "1"}
    done = subprocess.run(begun, cwd=tree, capture_output=True, text=True, check=False, env=locked)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"{tree}/.venv/below: cannot be written by " in done.stderr
