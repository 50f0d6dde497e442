"""What two folders differ in, apart from the clock."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

CLOCK = ("images_per_s", "elapsed_s", "seconds", "training_seconds", "rate")
SIGNED = (".venv.lock",)  # by whoever had it last
SECONDS = re.compile(r"\d+(\.\d+)? (s\b|h\b|min\b|images/s)")


def content(folder: Path) -> dict[str, str]:
    """A checksum of every file below ``folder``, without the numbers that depend on the clock."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(_timeless(path)).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in SIGNED
    }


def differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """What is missing, left over, or other, one line each."""
    lines = [f"missing: {name}" for name in expected.keys() - found.keys()]
    lines += [f"left behind: {name}" for name in found.keys() - expected.keys()]
    lines += [f"other: {n}" for n in found.keys() & expected.keys() if found[n] != expected[n]]
    return sorted(lines)


def _timeless(path: Path) -> bytes:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in sorted(file.files)}
        parts = [f"{n} {a.dtype} {a.shape}".encode() + a.tobytes() for n, a in arrays.items()
                 if n != "meta"]  # fmt: skip
        if "meta" in arrays:
            parts.append(_json(json.loads(arrays["meta"].tobytes())))
        return b"\n".join(parts)
    if path.name.endswith("log.csv"):
        with open(path, newline="") as file:
            rows = [
                {k: v for k, v in row.items() if k not in CLOCK} for row in csv.DictReader(file)
            ]
        return json.dumps(rows).encode()
    if path.suffix == ".json":
        return _json(json.loads(path.read_text()))
    if path.suffix == ".md":
        return SECONDS.sub("TIME", _without_speed(path.read_text())).encode()
    return path.read_bytes()


def _without_speed(text: str) -> str:
    """Tables in Markdown without what stands below "images/s"."""
    lines, column = [], None
    for line in text.splitlines():
        cells = line.split("|")
        if len(cells) < 3:
            column = None
        elif " images/s " in cells:
            column = cells.index(" images/s ")
        elif column is not None and "---" not in line:
            cells[column] = " "
        lines.append("|".join(cells))
    return "\n".join(lines)


def _json(value: Any) -> bytes:
    return json.dumps(_without_clock(value), sort_keys=True).encode()


def _without_clock(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_clock(v) for k, v in value.items() if k not in CLOCK}
    return [_without_clock(v) for v in value] if isinstance(value, list) else value
