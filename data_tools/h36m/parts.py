"""Parts of an import that wait until all are there: notes on what is done, and the joining."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import h5py

from data_tools.h36m.convert import Outcome
from data_tools.h36m.tree import ACTIONS
from minipose.datasets.h36m import CHUNK, FIELDS, H36MWriter


def prepare(folder: Path, import_key: list) -> None:
    """A folder for the parts of this very import; parts of another one are thrown away.

    Parameters
    ----------
    import_key : everything that the parts depend on: source, subjects, options
    """
    wanted = json.dumps(import_key)
    note = folder / "import.json"
    if not (note.exists() and note.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        note.write_text(wanted)


def read_outcome(path: Path) -> Outcome | None:
    """The outcome that an earlier, interrupted import left beside a part; None if there is none."""
    try:
        return Outcome(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_outcome(path: Path, outcome: Outcome) -> None:
    """Note the outcome beside the part: from now on this view is done."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(vars(outcome)))
    os.replace(partial, path)


def merge(parts: list[Path], out: Path) -> int:
    """Join part files, in order, into the store; returns its frames. Chunk by chunk, atomically."""
    writer = H36MWriter(out, list(ACTIONS))
    try:
        for part in parts:
            with h5py.File(part, "r") as file:
                rows = file["images"].shape[0]
                for start in range(0, rows, 4 * CHUNK):
                    piece = slice(start, min(rows, start + 4 * CHUNK))
                    writer.append(**{name: file[name][piece] for name in FIELDS})
        count = writer.count
        writer.close()
    except BaseException:
        writer.abandon()
        raise
    return count
