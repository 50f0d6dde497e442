"""``make torture``: kill every program at random file operations and moments, and let it finish.

Each case is an empty folder in which a program is killed several times in a row, restarted at once
each time, and then left to finish. What it leaves has to be, byte for byte, what a run in one go
leaves; apart from the clock. Cases are numbered, and the number decides where it is killed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.torture import compare
from tests.torture.jobs import JOBS, Job, import_everything
from tests.torture.killing import Ended, orphans, run
from tests.written_page import write_between

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"


@dataclass
class Case:
    """What became of one folder."""

    job: str
    number: int
    kills: int = 0
    restarts_refused: int = 0
    orphans: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="at least this many in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="jobs whose name holds this")
    parser.add_argument("--folder", type=Path, default=Path("build/torture"))
    parser.add_argument("--write", action="store_true", help=f"the table into {PAGE.name}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Torture; what is in the folder's ``cases.jsonl`` already is not done again."""
    args = build_parser().parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    done = _done(args.folder / "cases.jsonl", args.seed)
    import_everything()
    for job in JOBS:
        if args.only and args.only not in job.name:
            continue
        wanted = -(-job.kills * args.kills // sum(j.kills for j in JOBS))
        torturer = Torturer(job, args.folder.resolve() / job.name.replace(" ", "-"), args.seed)
        number = 0
        while sum(c.kills for c in done if c.job == job.name) < wanted:
            if number not in {c.number for c in done if c.job == job.name}:
                case = torturer.case(number)
                done.append(case)
                with open(args.folder / "cases.jsonl", "a") as file:
                    file.write(json.dumps({"seed": args.seed, **asdict(case)}) + "\n")
                print(_line(case), flush=True)
            number += 1
    lines = table(done)
    print("\n".join(lines))
    if args.write:
        write_between(PAGE, "torture", lines)
    return int(any(case.faults or case.orphans for case in done))


class Torturer:
    """One job, its data, and what a run in one go leaves."""

    def __init__(self, job: Job, folder: Path, seed: int) -> None:
        self.job, self.folder, self.seed = job, folder, seed
        self.expected: dict[str, str] | None = None
        self.whole = Ended(0, "", 0.0)

    def case(self, number: int) -> Case:
        """Kill and finish once, in a new folder."""
        if self.expected is None:
            self._run_in_one_go()
        case = Case(self.job.name, number)
        draw = random.Random(f"{self.seed} {self.job.name} {number}")
        start = time.perf_counter()
        place = self._empty("case")
        marks = []
        for attempt in range(self.job.chain):
            marks.append(f"{self.folder.name}-{number}-{attempt}-{time.time_ns()}")
            if self.whole.operations and draw.random() < 0.6:
                ended = self._run(place, marks[-1], at=draw.randint(1, self.whole.operations))
            else:
                ended = self._run(place, marks[-1], after=draw.uniform(0, self.whole.seconds))
            if ended.status == 0:
                break  # it had finished before
            self._judge(ended, case)
            case.kills += ended.status == -9
        for _ in range(3):
            last = self._run(place, f"{self.folder.name}-{number}-last-{time.time_ns()}")
            if last.status == 0:
                break
            case.restarts_refused += 1
            case.faults.append(f"a restart gave {last.status}: {last.printed[-300:]}")
        self._judge(last, case)
        case.faults += compare.differences(compare.content(place), self.expected)
        for mark in marks:
            case.orphans += orphans(mark)
        case.seconds = time.perf_counter() - start
        return case

    def _judge(self, ended: Ended, case: Case) -> None:
        if ended.status == -9:
            return  # workers that were just beginning say that their tool is gone
        if "Traceback" in ended.printed:
            case.faults.append(f"a traceback: {ended.printed[-600:]}")
        if ended.status:
            case.faults.append(f"status {ended.status}: {ended.printed[-300:]}")

    def _run_in_one_go(self) -> None:
        data = self.folder / "data"
        shutil.rmtree(self.folder, ignore_errors=True)
        data.mkdir(parents=True)
        self.job.prepare(data)
        place = self._empty("case")
        self.whole = self._run(place, f"{self.folder.name}-whole")
        if self.whole.status:
            raise SystemExit(f"{self.job.name}: status {self.whole.status}: {self.whole.printed}")
        self.expected = compare.content(place)

    def _empty(self, name: str) -> Path:
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place

    def _run(
        self, place: Path, mark: str, at: int | None = None, after: float | None = None
    ) -> Ended:
        return run(self.job.command, place, mark, at, after)


def table(cases: list[Case]) -> list[str]:
    """Markdown: a row a job."""
    columns = ("program", "kills", "restarts refused", "orphans", "other or missing files",
               "tracebacks")  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    total: Counter = Counter()
    for name in [job.name for job in JOBS]:
        own = [case for case in cases if case.job == name]
        if not own:
            continue
        row = Counter(
            kills=sum(c.kills for c in own),
            refused=sum(c.restarts_refused for c in own),
            orphans=sum(len(c.orphans) for c in own),
            other=sum(f.startswith(("other", "missing", "left")) for c in own for f in c.faults),
            tracebacks=sum(f.startswith("a traceback") for c in own for f in c.faults),
        )
        total.update(row)
        lines.append(_row(name, row))
    return [*lines, _row("**all**", total)]


def _row(name: str, row: Counter) -> str:
    columns = ("kills", "refused", "orphans", "other", "tracebacks")
    return f"| {name} | " + " | ".join(str(row[c]) for c in columns) + " |"


def _line(case: Case) -> str:
    faults = "; ".join([*case.faults, *(f"orphan: {o}" for o in case.orphans)]) or "fine"
    return f"{case.job} {case.number}: {case.kills} kills, {case.seconds:.1f} s: {faults}"


def _done(path: Path, seed: int) -> list[Case]:
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines if line.endswith("}")]
    return [Case(**{k: v for k, v in c.items() if k != "seed"}) for c in found if c["seed"] == seed]


if __name__ == "__main__":
    sys.exit(main())
