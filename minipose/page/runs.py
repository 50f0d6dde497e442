"""What a run folder holds: settings, logs, report, pictures. What is missing becomes a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minipose.datasets.guard import read_json
from minipose.errors import UserError
from minipose.experiments.settings import read_toml
from minipose.page.markdown import pictures_of
from minipose.training.log import Row, read_log

LEAVES = ("config.toml", "log.csv", "report.json", "report.md")  # any of them makes a run folder
PICTURES = (".png", ".gif", ".jpg", ".jpeg", ".webp")
PICTURE_BYTES = 2**23  # of one picture; a larger one would make the page too heavy to open
REPORT_BYTES = 2**24
NESTED = 24  # trainings below a comparison, at most


@dataclass
class RunFolder:
    """One run, as far as its folder tells.

    Attributes
    ----------
    name : the folder's own, made different from that of every other run of the page
    settings : of ``config.toml``
    logs : {title: rows} of ``log.csv``, ``detection-log.csv`` and, for a comparison, of the
        trainings below it
    report : the numbers of ``report.json``
    text : of ``report.md``
    pictures : files, those that the report names first
    captions : {file name: what the report says of the picture}
    notes : what is missing or cannot be read, a sentence each
    """

    folder: Path
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    logs: dict[str, list[Row]] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    pictures: list[Path] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def is_run(path: Path) -> bool:
    """Whether a folder holds what a run leaves."""
    return path.is_dir() and any((path / name).is_file() for name in LEAVES)


def read_runs(folders: Sequence[Path]) -> list[RunFolder]:
    """All runs, each under a name of its own."""
    names = [path.resolve().name for path in folders]
    if len(set(names)) < len(names):
        names = [str(path) for path in folders]
    if len(set(names)) < len(names):
        names = [f"{name} ({n})" for n, name in enumerate(names, start=1)]
    return [read_run(path, name) for path, name in zip(folders, names, strict=True)]


def read_run(folder: Path, name: str) -> RunFolder:
    """A run folder.

    Raises
    ------
    UserError
        If it is not one.
    """
    if not is_run(folder):
        raise UserError(f"{folder}: not the folder of a run (no {', '.join(LEAVES)} in it)")
    run = RunFolder(folder, name)
    run.settings = _read(run, "config.toml", read_toml) or {}
    run.report = _read(run, "report.json", _read_report) or {}
    run.text = _read(run, "report.md", _read_text) or ""
    for title, path in _logs(folder).items():
        rows = _read(run, path, read_log)
        if rows:
            run.logs[title] = rows
    if not run.settings:
        run.notes.append("No settings: the folder has no readable config.toml.")
    if not run.report and not run.text:
        run.notes.append("No report: the training has not ended yet, or was stopped.")
    if not run.logs:
        run.notes.append("No log.csv with an epoch: there are no learning curves.")
    run.pictures, run.captions = _pictures(run)
    return run


def store_of(run: RunFolder) -> Path | None:
    """The store that the run was trained on, where it can still be found, or None.

    ``config.toml`` says where it was, as seen from where the training was started: from here, or
    from the folder below which ``out`` leads to this run.
    """
    data = run.settings.get("data")
    if not isinstance(data, str):
        return None
    places = [Path(data)]
    out, here = Path(str(run.settings.get("out", ""))), run.folder.resolve()
    if out.parts and not out.is_absolute() and here.parts[-len(out.parts) :] == out.parts:
        places.append(here.parents[len(out.parts) - 1] / data)
    return next((place for place in places if place.is_file()), None)


def _read(run: RunFolder, name: str, reader: Any) -> Any:
    path = run.folder / name
    if not path.is_file():
        return None
    try:
        return reader(path)
    except UserError as error:
        run.notes.append(f"{error}.")
        return None


def _read_report(path: Path) -> dict[str, Any]:
    report = read_json(path, REPORT_BYTES)
    if not isinstance(report, dict):
        raise UserError(f"{path}: expected an object of JSON, got a {type(report).__name__}")
    return report


def _read_text(path: Path) -> str:
    if path.stat().st_size > REPORT_BYTES:
        raise UserError(f"{path}: more than {REPORT_BYTES >> 20} MiB")
    return path.read_text(encoding="utf-8", errors="replace")


def _logs(folder: Path) -> dict[str, str]:
    """{title: path below the folder} of the logs; "" is that of the training itself."""
    found = {}
    if (folder / "detection-log.csv").is_file():
        found["Detection"] = "detection-log.csv"
    if (folder / "log.csv").is_file():
        found["Regression" if found else ""] = "log.csv"
    if not found:
        below = sorted(folder.rglob("log.csv"))[:NESTED]
        found = {p.parent.relative_to(folder).as_posix(): str(p.relative_to(folder)) for p in below}
    return found


def _pictures(run: RunFolder) -> tuple[list[Path], dict[str, str]]:
    captions = pictures_of(run.text)
    there = [p for p in sorted(run.folder.iterdir()) if p.suffix.lower() in PICTURES]
    there = [p for p in there if p.is_file() and not p.name.startswith(".")]
    order = {name: n for n, name in enumerate(captions)}
    there.sort(key=lambda p: (order.get(p.name, len(order)), p.name))
    for path in there:
        if path.stat().st_size > PICTURE_BYTES:
            run.notes.append(f"{path.name}: more than {PICTURE_BYTES >> 20} MiB, left out.")
    return [p for p in there if p.stat().st_size <= PICTURE_BYTES], captions
