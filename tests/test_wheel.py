"""The wheel: what is in it, and that it works without the tree. ``make wheel`` does more."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests import wheel


def setuptools() -> int:
    """The main version of what builds wheels, or 0."""
    try:
        return int(version("setuptools").partition(".")[0])
    except PackageNotFoundError:
        return 0


pytestmark = pytest.mark.skipif(setuptools() < 77, reason="setuptools 77 or newer is not here")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build(tmp_path_factory.mktemp("wheel"))


def test_it_holds_minipose_its_weights_and_its_licence_alone(built):
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
        times = {entry.date_time for entry in archive.infolist()}
        (starts,) = (archive.read(n).decode() for n in names if n.endswith("entry_points.txt"))
        (licence,) = (archive.read(n) for n in names if n.endswith("licenses/LICENSE"))
    assert {"minipose/weights/people.npz", "minipose/page/page.html"} <= set(names)
    assert wheel.misplaced(names) == []
    assert len(times) == 1, "the time of the commit, not of the build"
    assert starts.split() == ["[console_scripts]", "minipose", "=", "minipose.cli:main"]
    assert licence == (wheel.ROOT / "LICENSE").read_bytes()


def test_what_does_not_belong_there_is_named():
    names = {name for name in wheel.files() if name.startswith("minipose/")} | {
        f"minipose-1.dist-info/{name}"
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt")
    }
    found = wheel.misplaced(names - {"minipose/cli.py"} | {"tests/wheel.py"})
    assert found == [
        "missing: minipose-1.dist-info/licenses/LICENSE",
        "missing: minipose/cli.py",
        "not of minipose: tests/wheel.py",
    ]


def test_its_command_finds_a_drawn_person_where_nothing_else_of_the_tree_is(built, tmp_path):
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", str(site), str(built)], check=True, capture_output=True)
    tops = {path.name for path in site.iterdir()} - {"bin"}
    assert {name.partition("-")[0] for name in tops} == {"minipose"}
    truth = wheel.draw(tmp_path / "drawn.png")
    environment = os.environ | {"PYTHONPATH": str(site)}
    where = [sys.executable, "-c", "import minipose; print(*minipose.__path__)"]
    predict = [str(site / "bin/minipose"), "predict", "drawn.png", "--out", "found"]
    for command, printed in ((where, str(site / "minipose")), (predict, "drawn.png: ")):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and printed in done.stdout, done.stderr
    dice, distance = wheel.agreement(tmp_path / "found", *truth)
    assert dice > 0.8 and distance < 5
