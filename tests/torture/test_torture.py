"""The short form of ``make torture``, and that it would notice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture import disks
from tests.torture.__main__ import Torturer, table
from tests.torture.compare import content, differences
from tests.torture.jobs import JOBS
from tests.torture.killing import MARK, environment, orphans, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for orphans in /proc")
BY_NAME = {job.name: job for job in JOBS}


@pytest.mark.parametrize("name", ["build a store of people", "set up (make setup)"])
def test_killed_and_finished_is_as_in_one_go(tmp_path, name):
    case = Torturer(BY_NAME[name], tmp_path / "job", seed=7).case(0)
    assert not case.faults and not case.orphans and not case.restarts_refused
    assert case.kills >= 1 and f"| {name} | {case.kills} | 0 | 0 | 0 | 0 |" in table([case])


@pytest.mark.skipif(not disks.possible(), reason="disks of our own need Linux and root")
@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        (
            "build a store of people",
            "60000",
            ["people.h5: no space left on device; it needs ", "people.h5: read-only file system; "],
        ),
        ("draw pictures, one process", "unplugged@20", ["drawn"]),
    ],
)
def test_a_disk_that_refuses_is_one_line_and_costs_nothing(name, how, said):
    report = disks.apart(name, how)
    assert report.pop("other") == [] and report.pop("last") == {"status": 0, "errors": []}
    for found, start in zip(report.values(), said, strict=True):
        assert found["status"] == 1 and len(found["errors"]) == 1
        assert found["errors"][0].startswith(f"error: {start}")
    assert how == "60000" or "input/output error" in report["unplugged"]["errors"][0]
    assert disks.row(name, {**report, "last": {"status": 1, "errors": []}, "other": []}).count("**")


def careless() -> int:
    """Writes in place, and counts what is there as done."""
    for number in range(20):
        place = Path(f"{number}.txt")
        if not place.exists():
            place.write_text("half of it, ")
            with open(place, "a") as file:
                file.write("and the rest")
    return 0


def test_a_careless_program_is_found_out(tmp_path):
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    assert run(careless, tmp_path / "whole", "careless").operations == 40
    assert run(careless, tmp_path / "killed", "careless", at_operation=4).status == -9
    assert run(careless, tmp_path / "killed", "careless").status == 0
    found = differences(content(tmp_path / "killed"), content(tmp_path / "whole"))
    assert found == ["other: 1.txt"]


def leaving() -> int:
    """Leaves a process behind, which runs."""
    program = "import time; print(flush=True); time.sleep(60)"
    left = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    left.stdout.readline()
    Path("a.txt").write_text(str(left.pid))
    return 0


def test_what_a_process_leaves_behind_is_found(tmp_path):
    mark = f"left-behind-{os.getpid()}"
    ended = run(leaving, tmp_path, mark)
    assert ended.status == 0 and ended.operations >= 1
    try:
        (left,) = orphans(mark, grace=0)
        assert left.rstrip().endswith("time.sleep(60)")
    finally:
        os.kill(int((tmp_path / "a.txt").read_text()), signal.SIGKILL)
    assert orphans(mark) == []


def test_a_process_is_known_by_its_mark_even_while_its_program_is_loaded():
    """For that moment the system shows no environment of it."""
    for _ in range(20):
        process = subprocess.Popen(["sleep", "60"], env={MARK: "loading"})
        try:
            assert environment(Path(f"/proc/{process.pid}")) == f"{MARK}=loading\0".encode()
        finally:
            process.kill()
            process.wait()


def test_folders_are_compared_without_the_clock(tmp_path):
    for name, seconds in (("a", 1.5), ("b", 2.5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(f'{{"seconds": {seconds}, "dice": 0.5}}')
        (tmp_path / name / "report.md").write_text(f"measured in {seconds} s")
        (tmp_path / name / "log.csv").write_text(f"epoch,loss,elapsed_s\n1,0.5,{seconds}\n")
    first, second = (content(tmp_path / name) for name in "ab")
    assert differences(first, second) == []
    (tmp_path / "b" / "log.csv").write_text("epoch,loss,elapsed_s\n1,0.25,1\n")
    (tmp_path / "b" / ".a.partial").touch()
    (tmp_path / "b" / "report.md").unlink()
    expected = ["left behind: .a.partial", "missing: report.md", "other: log.csv"]
    assert differences(content(tmp_path / "b"), first) == expected
