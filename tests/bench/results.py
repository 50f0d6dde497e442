"""Results of earlier runs on this machine, so that a table can be filled case by case."""

from __future__ import annotations

import json
import os
from pathlib import Path

PATH = Path("runs/bench")


class Results:
    """The runs of each row, by kind and name, in one JSON file for each kind of run.

    Rows that were made on another machine or with other versions are dropped: numbers of one table
    can be compared with each other.
    """

    def __init__(self, label: str, machine: str, fresh: bool) -> None:
        self.path = PATH / f"{label}.json"
        self.label, self.machine = label, machine
        self.runs: dict[str, dict[str, list[dict]]] = {}
        if fresh:
            self.path.unlink(missing_ok=True)
        self._read()

    def add(self, kind: str, name: str, row: dict, again: bool = False) -> None:
        """Keep a row at once: a run that is stopped loses nothing that it has measured.

        It takes the place of earlier ones, or stands beside them where it is measured ``again``.
        """
        self._read()  # another run may have added some
        rows = self.runs.setdefault(kind, {})
        rows[name] = [*(rows.get(name, []) if again else []), row]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        text = json.dumps({"machine": self.machine, "runs": self.runs}, indent=1)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, self.path)

    def rows(self, kind: str) -> dict[str, dict]:
        """By name, the run in the middle of each row, see ``middle``."""
        return {name: middle(runs) for name, runs in self.runs.get(kind, {}).items()}

    def _read(self) -> None:
        if self.path.exists():
            before = json.loads(self.path.read_text(encoding="utf-8"))
            if _undated(before["machine"]) == _undated(self.machine):
                self.runs = before.get("runs", {})


def middle(runs: list[dict]) -> dict:
    """The run whose ratio is the median (of two, the lower), with the ratios of all, in order."""
    ordered = sorted(runs, key=_ratio)
    return {**ordered[(len(runs) - 1) // 2], "ratios": [_ratio(run) for run in ordered]}


def _ratio(run: dict) -> float:
    return run.get("ratio") or run.get("plain", {}).get("ratio", 0.0)


def _undated(machine: str) -> str:
    """The machine without the day, which is the part that looks like one."""
    return ";".join(part for part in machine.split(";") if not part.strip()[:4].isdigit())
