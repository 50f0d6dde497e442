"""Results of earlier runs on this machine, so that a table can be filled case by case."""

from __future__ import annotations

import json
import os
from pathlib import Path

PATH = Path("runs/bench")


class Results:
    """Rows by kind and name, in one JSON file for each kind of run.

    Rows that were made on another machine or with other versions are dropped: numbers of one table
    can be compared with each other.
    """

    def __init__(self, label: str, machine: str, fresh: bool) -> None:
        self.path = PATH / f"{label}.json"
        self.label, self.machine = label, machine
        self.rows: dict[str, dict[str, dict]] = {
            "networks": {},
            "ops": {},
            "small": {},
            "growth": {},
        }
        if fresh:
            self.path.unlink(missing_ok=True)
        self._read()

    def add(self, kind: str, name: str, row: dict) -> None:
        """Keep a row at once: a run that is stopped loses nothing that it has measured."""
        self._read()  # another run may have added some
        self.rows.setdefault(kind, {})[name] = row
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        text = json.dumps({"machine": self.machine, "rows": self.rows}, indent=1)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, self.path)

    def _read(self) -> None:
        if self.path.exists():
            before = json.loads(self.path.read_text(encoding="utf-8"))
            if _undated(before["machine"]) == _undated(self.machine):
                self.rows = before["rows"]


def _undated(machine: str) -> str:
    """The machine without the day, which is the part that looks like one."""
    return ";".join(part for part in machine.split(";") if not part.strip()[:4].isdigit())
