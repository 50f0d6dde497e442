"""``python -m tests.first_light --device cuda``: a GPU's first hour, in under 25 minutes.

What has only been counted on a stand-in is run here for the first time: doctor, the whole suite,
all derivatives, the comparison with PyTorch, both quick jobs, what a step costs, a profile. Each is
a process of its own with a limit of its own; what it said is kept in build/first-light, and
docs/gpu.md is written anew after each. Stopped, or run again after something was mended, it goes on
with what is missing or has failed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from minipose.devices import resolve_device
from minipose.errors import Parser
from minipose.storage import write_text
from tests.bench import machine

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/gpu.md"
START, END = "<!-- first-light:start -->", "<!-- first-light:end -->"
MINUTES = 25


class Task(NamedTuple):
    """One command.

    Attributes
    ----------
    name : also of the file with what it said
    title : of its section
    command : after ``python -m``; ``{device}`` and ``{out}`` (a folder) are filled in
    minutes : after which it is stopped
    shown : of what it said -> Markdown
    """

    name: str
    title: str
    command: str
    minutes: float
    shown: Callable[[str], str]


def tables_of(text: str) -> str:
    """The lines of tables; all of it where there is none."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return "\n".join(rows) or block(text)


def block(text: str, lines: int = 40) -> str:
    """The last lines as they are, but for where this machine has the project."""
    text = text.replace(f"{ROOT}/", "")
    return "\n".join(["```text", *text.strip().splitlines()[-lines:], "```"])


def last(text: str) -> str:
    """The last three lines."""
    return block(text, 3)


JOB = "minipose train {job} --data {{out}}/{job}.h5 --out {{out}}/{job} --device {{device}}"
TASKS = (
    Task("doctor", "Doctor", "minipose doctor", 0.5, block),
    Task(
        "kernels", "Kernels", "pytest -q -p no:cacheprovider tests/fast/test_device_kernels.py "
        "tests/training/test_scaling.py tests/training/test_recompute.py --device {device}", 1.5,
        last,
    ),
    Task("suite", "The whole suite", "pytest -q -n 4 --device {device}", 6, last),
    Task(
        "gradcheck", "Derivatives", "tests.gradcheck_table --device {device} --examples 2", 2,
        lambda text: block(text, 6),
    ),
    Task("step", "What a step costs", "tests.first_light.measure --device {device}", 2, tables_of),
    Task(
        "tf32", "The same with TF32", "tests.first_light.measure --device {device} --tf32", 2,
        tables_of,
    ),
    Task(
        "bench", "Beside PyTorch",
        "tests.bench --device {device} --tf32 --quick --seconds 5 --fresh", 2.5, tables_of,
    ),
    Task(
        "h36m-data", "", "data_tools twin h36m --out {out}/h36m-raw --frames 220 --step 7", 1, last,
    ),
    Task("h36m-store", "", "data_tools h36m {out}/h36m-raw --out {out}/h36m.h5", 0.5, last),
    Task(
        "h36m", "The quick job of report 1", JOB.format(job="h36m") + " --recipe quick", 2, last
    ),
    Task("people-data", "", "data_tools twin people --out {out}/people-raw --count 1200", 1, last),
    Task("people-store", "", "data_tools people {out}/people-raw --out {out}/people.h5", 0.5, last),
    Task(
        "people", "The quick job of report 2",
        JOB.format(job="people") + " --recipe quick --epochs 2", 2.5, last,
    ),
    Task(
        "profile", "Where Python spends its time",
        "tests.first_light.measure --device {device} --profile", 1, lambda text: block(text, 60),
    ),
)  # fmt: skip


class Record:
    """What is known: for each task its exit status, its seconds, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "state.json"
        self.state: dict[str, dict] = {}
        if self.path.exists():
            self.state = json.loads(self.path.read_text(encoding="utf-8"))

    def is_done(self, task: Task, command: list[str]) -> bool:
        """Whether this very command has ended well."""
        known = self.state.get(task.name, {})
        return known.get("status") == 0 and known.get("command") == command

    def keep(self, task: Task, command: list[str], status: int, seconds: float, text: str) -> None:
        write_text(self.folder / f"{task.name}.txt", text)
        self.state[task.name] = {"command": command, "status": status, "seconds": seconds}
        write_text(self.path, json.dumps(self.state, indent=1))

    def text(self, task: Task) -> str:
        path = self.folder / f"{task.name}.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def run(task: Task, device: str, record: Record) -> bool:
    """Run a task unless it is done; whether it ended well."""
    command = [part.format(device=device, out=record.folder) for part in task.command.split(" ")]
    if record.is_done(task, command):
        print(f"{task.name}: done before")
        return True
    print(f"{task.name}: python -m {' '.join(command)}", flush=True)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, timeout=60 * task.minutes, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        status, text = done.returncode, done.stdout
    except subprocess.TimeoutExpired as stopped:
        said = stopped.stdout or b""
        text = said if isinstance(said, str) else said.decode(errors="replace")
        status, text = 124, f"{text}\nstopped after {task.minutes} minutes"
    seconds = time.perf_counter() - start
    record.keep(task, command, status, seconds, text)
    print(f"{task.name}: exit status {status} after {seconds:.0f} s", flush=True)
    return status == 0


def page(record: Record, tasks: Sequence[Task], about: str) -> str:
    """What stands between the markers: a table of what was run, and a section for each result."""
    lines = [f"Measured on: {about}.", "", "| | exit status | seconds |", "|---|---:|---:|"]
    for task in tasks:
        known = record.state.get(task.name)
        result = f"{known['status']} | {known['seconds']:.0f}" if known else "not run |"
        lines.append(f"| `{task.command.format(device='cuda', out='OUT')}` | {result} |")
    for task in tasks:
        if task.title and task.name in record.state:
            lines += ["", f"### {task.title}", "", task.shown(record.text(task))]
    return "\n".join(lines)


def put_into(text: str, between: str) -> str:
    """The page with something else between its markers."""
    if START not in text or END not in text:
        raise ValueError(f"docs/gpu.md: expected the lines {START} and {END}")
    found = re.compile(f"{re.escape(START)}.*{re.escape(END)}", re.S)
    return found.sub(lambda _: f"{START}\n\n{between}\n\n{END}", text)


def first_light(
    device: str, folder: Path, target: Path, tasks: Sequence[Task] = TASKS, about: str = ""
) -> int:
    """Run what is missing; 0 if all ended well, 1 if not."""
    folder.mkdir(parents=True, exist_ok=True)
    record, wrong = Record(folder), []
    for task in tasks:
        if not run(task, device, record):
            wrong.append(task.name)
        between = page(record, tasks, about)
        write_text(target, put_into(target.read_text(encoding="utf-8"), between))
    minutes = sum(known["seconds"] for known in record.state.values()) / 60
    said = f"failed: {', '.join(wrong)}" if wrong else "all ended well"
    print(f"{said}; {minutes:.1f} minutes of at most {MINUTES}; {target} says what was measured")
    return 1 if wrong else 0


def main() -> int:
    parser = Parser(prog="python -m tests.first_light", description=__doc__)
    parser.add_argument("--device", default="cuda", choices=("cuda",), help="what is tried")
    parser.add_argument("--out", type=Path, default=ROOT / "build/first-light", help="a folder")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    options = parser.parse_args()
    try:
        device, _ = resolve_device(options.device)
    except ValueError as error:
        print(f"first light: {error}", file=sys.stderr)
        return 1
    if options.fresh:
        (options.out / "state.json").unlink(missing_ok=True)
    try:
        return first_light(device, options.out, PAGE, about=machine.describe(device))
    except KeyboardInterrupt:
        print(f"interrupted: {options.out} holds what is done; run it again", file=sys.stderr)
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
