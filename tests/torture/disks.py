"""A small disk of its own that is full, read-only, unplugged: ``python -m tests.torture.disks``.

Needs Linux and root; ``unshare --mount`` keeps the disks from everybody else. Each program is run
while the disk refuses, which has to be one line and cost nothing that was there, and once more when
there is room, which has to end in what a run in one go leaves.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.torture import compare
from tests.torture.jobs import H36M, JOBS, PEOPLE, STORES, Job, prepare_stores, train
from tests.torture.killing import Ended, run
from tests.written_page import write_between

ROOM = 256 * 2**20  # bytes, of a disk that is large enough
FILLER = "filler"
TRAIN = Job("train mask and joints", 0, prepare_stores,
            train("people", "--data", STORES["people"], *PEOPLE))  # fmt: skip
POSE = Job("train 3D pose", 0, prepare_stores,
           train("h36m", "--data", STORES["h36m"], *H36M))  # fmt: skip
PROGRAMS = {job.name: job for job in (*JOBS, TRAIN, POSE)}
UNPLUGGED = "unplugged@"
CASES = (
    ("draw pictures, one process", "40000"),
    ("draw pictures, one process", "unplugged@20"),
    ("import Human3.6M", "200000"),
    ("import Human3.6M", "unplugged@12"),
    ("import report 1's files", "200000"),
    ("build a store of people", "60000"),
    ("train mask and joints", "40000"),
    ("train mask and joints", "unplugged@20"),
    ("train 3D pose", "300000"),
)
PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"


def shell(*command: object) -> None:
    """Run a command of the system."""
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def seen(ended: Ended) -> dict[str, object]:
    """A run's status, and the lines in which it says what is wrong."""
    lines = ended.printed.splitlines()
    errors = [line for line in lines if re.match(r"\w*[Ee]rror|Traceback", line)]
    return {"status": ended.status, "errors": errors}


@contextmanager
def in_memory(place: Path) -> Iterator[None]:
    """A small disk at ``place``."""
    shell("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place)
    try:
        yield
    finally:
        shell("umount", "-l", place)


def fill(place: Path, free: int) -> None:
    """Leave that many bytes."""
    with open(place / FILLER, "wb") as file:
        file.write(bytes(max(shutil.disk_usage(place).free - free, 0)))


def full(job: Job, place: Path, free: int, expected: dict[str, str]) -> dict[str, object]:
    """Full, then read-only, then with more room."""
    report = {}
    with in_memory(place):
        fill(place, free)
        report["full"] = seen(run(job.command, place, "full"))
        shell("mount", "-o", "remount,ro", place)
        report["read-only"] = seen(run(job.command, place, "read-only"))
        shell("mount", "-o", f"remount,rw,size={ROOM}", place)
        (place / FILLER).unlink()
        return report | finish(job, place, expected)


def unplugged(job: Job, place: Path, at: int, expected: dict[str, str]) -> dict[str, object]:
    """Killed at an operation on files; unplugged; plugged in again."""
    image = place.with_name("image")
    with open(image, "wb") as file:
        file.truncate(ROOM)
    shell("mkfs.ext4", "-q", "-E", "root_owner=0:0", image)
    shell("mount", "-o", "loop", image, place)
    try:
        (place / "lost+found").rmdir()
        run(job.command, place, "begun", at_operation=at)
        shell("sync", "-f", place)
        kept = shutil.copy(image, place.with_name("kept"))
        with open(image, "r+b") as file:
            file.truncate(0)
        shell("sh", "-c", "echo 3 > /proc/sys/vm/drop_caches")
        report = {"unplugged": seen(run(job.command, place, "unplugged"))}
    finally:
        shell("umount", "-l", place)
    shell("mount", "-o", "loop", kept, place)
    try:
        return report | finish(job, place, expected)
    finally:
        shell("umount", "-l", place)


def finish(job: Job, place: Path, expected: dict[str, str]) -> dict[str, object]:
    """Run it to its end: what differs from a run in one go."""
    last = seen(run(job.command, place, "last"))
    return {"last": last, "other": compare.differences(compare.content(place), expected)}


def one(folder: Path, job: Job, how: str) -> dict[str, object]:
    """What became of one program, on a disk with so many bytes, or ``unplugged@OPERATION``."""
    place = folder / "case"
    (folder / "data").mkdir(parents=True)
    job.prepare(folder / "data")
    place.mkdir()
    whole = run(job.command, place, "whole")
    assert whole.status == 0, whole.printed
    expected = compare.content(place)
    shutil.rmtree(place)
    place.mkdir()
    way = unplugged if how.startswith(UNPLUGGED) else full
    return way(job, place, int(how.removeprefix(UNPLUGGED)), expected)


def possible() -> bool:
    """Whether disks can be mounted here that nobody else sees."""
    command = ["unshare", "--mount", "true"]
    return (
        sys.platform == "linux"
        and shutil.which("unshare") is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def apart(name: str, how: str) -> dict[str, dict]:
    """``one`` in a process whose disks are its own."""
    command = ["unshare", "--mount", sys.executable, "-m", __spec__.name, "--one", name, how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}, {how}: {done.stderr[-600:]}")
    return json.loads(done.stdout.splitlines()[-1])


def row(name: str, report: dict) -> str:
    """Markdown: the line that each refusal was, and what the run with room left."""
    *refused, last = (report[key] for key in report if key != "other")
    fine = last == {"status": 0, "errors": []} and not report["other"]
    said = [one["errors"] for one in refused]
    whole = all(one["status"] == 1 and len(one["errors"]) == 1 for one in refused) and fine
    lines = "<br>".join(f"`{line.removeprefix('error: ')}`" for each in said for line in each)
    return f"| {name} | {lines} | {'the same' if whole else f'**other**: {report}'} |"


def main(argv: list[str]) -> int:
    """All programs and a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture.disks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="puts the table into its page")
    parser.add_argument("--one", nargs=2, metavar=("PROGRAM", "HOW"), help="one case, as JSON")
    args = parser.parse_args(argv)
    if args.one:
        program, how = args.one
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(one(Path(folder), PROGRAMS[program], how)))
        return 0
    if not possible():
        print("disks of our own need Linux and root: not run")
        return 0
    lines = ["| program | what it said | in the end, beside a run in one go |", "|---|---|---|"]
    for name, how in CASES:
        lines.append(row(name, apart(name, how)))
        print(lines[-1], flush=True)
    if args.write:
        write_between(PAGE, "disks", lines)
    return int(any("**other**" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
