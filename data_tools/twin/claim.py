"""A folder that one run of this tool has to itself, marked with the settings of what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from minipose.datasets.guard import CannotRead, read_json
from minipose.errors import UserError
from minipose.locks import FOLDER, claimed
from minipose.refusals import in_words
from minipose.storage import expect_folder, remove_abandoned, write_text

MARK = "twin.json"


@contextmanager
def claim(root: Path, settings: Mapping[str, int | str], adopted: bool = False) -> Iterator[None]:
    """Inside, nobody else draws into the folder; it holds pictures with these settings only.

    Parameters
    ----------
    adopted : take what is in a folder without a mark for such pictures

    Raises
    ------
    UserError
        If the folder holds something else: real data, or pictures with other settings.
    Taken
        If another process is drawing into it.
    """
    with in_words(root), claimed(expect_folder(root), folder=True):
        remove_abandoned(root)
        mark = root / MARK
        if not mark.exists() or mark.stat().st_size == 0:  # a loss of power may leave it empty
            rest = [path for path in root.iterdir() if path.name not in (FOLDER, MARK)]
            if rest and not adopted:
                raise UserError(
                    f"{root}: not empty and not made by this tool; expected a new folder"
                )
            write_text(mark, json.dumps(dict(settings)) + "\n")
        _expect(root, mark, settings)
        yield


def _expect(root: Path, mark: Path, settings: Mapping[str, int | str]) -> None:
    try:
        found = dict(read_json(mark))
    except CannotRead:
        raise
    except (OSError, ValueError, TypeError):
        raise UserError(f"{mark}: damaged; remove the folder {root}, or name another") from None
    other = [f"--{k} {v}" for k, v in found.items() if settings.get(k) != v]
    if not other and found.keys() != settings.keys():
        raise UserError(f"{root}: holds synthetic data of another kind; expected a new folder")
    if other:
        raise UserError(
            f"{root}: holds synthetic data made with {' '.join(other)}; use the same settings, "
            "or another folder"
        )
