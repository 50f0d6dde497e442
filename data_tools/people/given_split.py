"""The split that comes with a source: which pictures are for training, validation, or test.

Either a table ``split.csv`` or ``labels.csv`` with the columns ``name`` and ``split``, or lists of
names, one a line, in ``train.txt``, ``val.txt`` and ``test.txt``.
"""

from __future__ import annotations

import csv
from pathlib import Path

from data_tools.people.names import plain, stem_of
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
    """Name -> "train", "validation" or "test"; empty where the source gives no split.

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
            split.update({_name(line): part for line in lines if line.strip()})
    return split


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
    return {_name(name): MEANING[part] for name, part in rows if MEANING[part]}


def _name(text: str) -> str:
    return stem_of(plain(text.strip()))
