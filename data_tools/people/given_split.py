"""The split that comes with a source: which pictures are for training, validation, or test.

Either a table ``split.csv`` or ``labels.csv`` with the columns ``name`` and ``split``, or lists of
names, one a line, in ``train.txt``, ``val.txt`` and ``test.txt``.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from data_tools.people.names import PICTURES, plain
from minipose.datasets.guard import reading
from minipose.datasets.splits import PARTS
from minipose.errors import UserError

TABLES = ("split.csv", "labels.csv")
MEANING = {
    "train": "train", "training": "train", "trn": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test", "": "",
}  # fmt: skip


def read_split(root: Path, given: Path | None = None) -> dict[str, str]:
    """Name as written -> "train", "validation" or "test"; empty where the source gives no split.

    Parameters
    ----------
    given : the table or list to read instead of looking for one in ``root``

    Raises
    ------
    UserError
        If a table is damaged, or has another word for a part.
    """
    if given is not None and not given.is_file():
        raise UserError(f"{given}: expected a table with the columns name and split")
    tables = [given] if given is not None else [root / name for name in TABLES]
    for path in (p for p in tables if p.is_file()):
        split = _read_table(path, required=given is not None)
        if split:
            return split
    split = {}
    for path in sorted(root.glob("*.txt")) if given is None else ():
        part = MEANING.get(path.stem.lower())
        if part:
            with reading(path, "not a readable list of names"):
                lines = path.read_text(encoding="utf-8-sig").split("\n")
            split.update({plain(line.strip()): part for line in lines if line.strip()})
    return split


def parts_of(split: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """The part of each picture that the split names.

    A picture is named by its path, with its ending or without, or by as much of the path's end as
    both have. Where only the last piece agrees, no other picture may have that.

    Parameters
    ----------
    split : of ``read_split``
    names : the pictures' paths within their source, without ending
    """
    rows = {_without_ending(row): part for row, part in split.items()} | split
    ends: dict[str, set[str]] = defaultdict(set)  # end of a row's path -> parts of those rows
    for row, part in rows.items():
        for end in _ends(row):
            ends[end].add(part)
    once = Counter(name.rpartition("/")[2] for name in names)
    found = {}
    for name in names:
        last = name.rpartition("/")[2]
        parts = [{rows[name]}] if name in rows else [ends.get(name, set())]
        parts += [{rows[end]} for end in _ends(name) if end in rows]
        parts += [ends.get(last, set())] if once[last] == 1 else []
        part = next((each for each in parts if len(each) == 1), None)
        if part:
            found[name] = min(part)
    return found


def _read_table(path: Path, required: bool) -> dict[str, str]:
    with reading(path, "not a readable table"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            if not {"name", "split"} <= set(table.fieldnames or ()):
                if required:
                    raise UserError(f"{path}: expected the columns name and split")
                return {}
            rows = [(row["name"] or "", (row["split"] or "").strip().lower()) for row in table]
    for name, part in rows:
        if part not in MEANING:
            raise UserError(f"{path}: {name}: split {part!r}, expected one of {', '.join(PARTS)}")
    return {plain(name.strip()): MEANING[part] for name, part in rows if MEANING[part]}


def _without_ending(name: str) -> str:
    stem, _, ending = name.rpartition(".")
    return stem if stem and f".{ending.lower()}" in PICTURES else name


def _ends(path: str) -> list[str]:
    """``a/b/c`` -> ``a/b/c``, ``b/c``, ``c``."""
    pieces = path.split("/")
    return ["/".join(pieces[n:]) for n in range(len(pieces))]
