"""``log.csv``: a row per epoch, units in the column names."""

from __future__ import annotations

import csv
import math
import os

from minipose.datasets.guard import in_a_line
from minipose.errors import UserError
from minipose.storage import atomic

Row = dict[str, float]


def write_log(path: str | os.PathLike, rows: list[Row]) -> None:
    """Write all rows anew, atomically: after a resume the log agrees with the checkpoint."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with atomic(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows
        )


def read_log(path: str | os.PathLike) -> list[Row]:
    """The rows of a log, as numbers; cells without a finite one are left out.

    Raises
    ------
    UserError
        If the file is missing or holds something else than numbers.
    """
    try:
        with open(path, newline="") as file:
            rows = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise UserError(f"{path}: not a readable log ({in_a_line(error)})") from None
    return [{k: v for k, v in row.items() if math.isfinite(v)} for row in rows]
