"""``make fuzz``: damaged files for every reader; each has to be one line, or content that is sound.

The number of a file decides how it is damaged, so a fault can be seen again with ``--only KIND
--number N``. What is in the folder's ``files.jsonl`` already is not read again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from tests.fuzz.kinds import KINDS, possible
from tests.fuzz.reading import READ, REFUSED, read_damaged
from tests.written_page import write_between

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
AT_ONCE = 100  # files between two lines of the notes
FAULTS = {
    "tracebacks": ("a traceback", "lines"),
    "crashes": ("ended its",),
    "hangs": ("hung", "took"),
    "memory": ("GB",),
    "wrong content": ("accepted",),
}


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=20_000, help="at least this many in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="the kind of this name")
    parser.add_argument("--number", type=int, help="one file of it")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--write", action="store_true", help=f"the table into {PAGE.name}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Read; what is done is not done again. Returns 1 if anything was found."""
    args = build_parser().parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    kinds = {n: k for n, k in KINDS.items() if args.only in (None, n) and possible(k) is None}
    if args.number is not None:
        return _show(args)
    notes = args.folder / "files.jsonl"
    done = _done(notes, args.seed)
    shares = sum(kind.share for kind in KINDS.values() if possible(kind) is None)
    for name, kind in kinds.items():
        wanted = -(-int(kind.share * args.files) // int(shares)) + 1
        for first in range(len_of(done[name]), wanted, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, wanted))
            found = Counter(REFUSED=0)
            faults = []
            for outcome in read_damaged(name, numbers, args.seed, args.folder.resolve()):
                found[outcome.what if outcome.what in (READ, REFUSED) else "fault"] += 1
                if outcome.what not in (READ, REFUSED):
                    faults.append([outcome.number, outcome.what])
                    print(f"{name} {outcome.number}: {outcome.what}", flush=True)
            note = {"seed": args.seed, "kind": name, "files": len(numbers), "faults": faults,
                    READ: found[READ], REFUSED: found[REFUSED]}  # fmt: skip
            done[name].append(note)
            with open(notes, "a") as file:
                file.write(json.dumps(note) + "\n")
    lines = table(done)
    print("\n".join(lines))
    if args.write:
        write_between(PAGE, "fuzz", lines)
    return int(any(note["faults"] for notes in done.values() for note in notes))


def len_of(notes: list[dict]) -> int:
    """How many files they tell of."""
    return sum(note["files"] for note in notes)


def table(done: dict[str, list[dict]]) -> list[str]:
    """Markdown: a row for each kind of file."""
    columns = ("file", "damaged", "refused in a line", "read", *FAULTS)
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    total: Counter = Counter()
    for name in KINDS:
        row = Counter(files=len_of(done[name]))
        for note in done[name]:
            row.update({READ: note[READ], REFUSED: note[REFUSED]})
            for _, what in note["faults"]:
                row[next((f for f, words in FAULTS.items() if any(w in what for w in words)))] += 1
        total.update(row)
        if row["files"]:
            lines.append(_row(f"`{name}`", row))
    return [*lines, _row("**all**", total)]


def _row(name: str, row: Counter) -> str:
    return (
        f"| {name} | " + " | ".join(str(row[c]) for c in ("files", REFUSED, READ, *FAULTS)) + " |"
    )


def _show(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        numbers = range(args.number, args.number + 1)
        (outcome,) = read_damaged(args.only, numbers, args.seed, Path(folder))
    print(outcome.what)
    return int(outcome.what not in (READ, REFUSED))


def _done(path: Path, seed: int) -> dict[str, list[dict]]:
    done = defaultdict(list)
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.endswith("}"):
            note = json.loads(line)
            if note["seed"] == seed:
                done[note["kind"]].append(note)
    return done


if __name__ == "__main__":
    sys.exit(main())
