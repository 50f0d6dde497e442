"""Report 2's own learning curves, drawn beside ours: a CSV with a row for each model and epoch."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import NamedTuple

from minipose.datasets.guard import expect_bytes, reading

LARGEST = 2**24  # bytes of such a file; the report's has 23 KB
NAMES = {  # ours -> the report's logs
    "mask+regression": "mask+regression",
    "mask+regression-softmax": "mask+softmax regression",
    "triple": "triple",
    "hnet": "h-net mask only",
}


class Epoch(NamedTuple):
    """A row: the model, and its numbers by column, those that the log has."""

    model: str
    numbers: dict[str, float]


def read_curves(path: Path) -> list[Epoch]:
    """All rows of the file.

    Parameters
    ----------
    path : CSV: model, epoch, val_dice, val_mse, val_ce, ...

    Raises
    ------
    UserError
        If it is missing, or holds something else.
    """
    with reading(path, "no learning curves (expected model, epoch, val_dice, ...)"):
        with open(path, newline="", encoding="utf-8-sig") as file:
            expect_bytes(path, (os.fstat(file.fileno()).st_size,), limit=LARGEST)
            rows = [_epoch(row) for row in csv.DictReader(file)]
        if not rows:
            raise ValueError("no rows")
    return rows


def _epoch(row: dict[str, str]) -> Epoch:
    model = row.pop("model")
    numbers = {column: float(value) for column, value in row.items() if value}
    if "epoch" not in numbers or not all(map(math.isfinite, numbers.values())):
        raise ValueError(f"a row of {model} without a number")
    return Epoch(model, numbers)


def report_curve(
    reference: Path | None, model: str, column: str
) -> tuple[list[float], list[float]] | None:
    """The report's own epochs and values, where its logs are at hand and have this model.

    Parameters
    ----------
    reference : the file, if any
    model : one of ours, or "hnet"
    """
    rows = [] if reference is None else read_curves(reference)
    known = [e.numbers for e in rows if e.model == NAMES.get(model) and column in e.numbers]
    return ([n["epoch"] for n in known], [n[column] for n in known]) if known else None
