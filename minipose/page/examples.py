"""What runs predict for pictures of their store: the content of the page's viewer.

Runs of one job and one store see the same pictures, so that a page can show them side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minipose import experiments
from minipose.errors import UserError
from minipose.experiments.job import Job
from minipose.experiments.trained import read_network
from minipose.page import people_view, pose_view
from minipose.page.runs import RunFolder, store_of

COUNT = 24  # pictures in a viewer
JOBS = {"people": people_view, "h36m": pose_view}  # they have samples, found, SKELETON


@dataclass
class Viewer:
    """Pictures of a part of a store, and what each of the runs finds in them.

    Attributes
    ----------
    about : which pictures these are, in a sentence
    skeleton : names and limbs of the joints
    samples : of each picture what is known of it
    runs : of each run its name and what it finds in each picture
    """

    about: str
    skeleton: dict[str, Any]
    samples: list[dict[str, Any]]
    runs: list[dict[str, Any]] = field(default_factory=list)

    def order(self) -> None:
        """From the best to the worst prediction of the first run."""
        first = self.runs[0]["found"]
        order = sorted(range(len(first)), key=lambda n: first[n]["error"])
        self.samples = [self.samples[n] for n in order]
        for run in self.runs:
            run["found"] = [run["found"][n] for n in order]


def viewers(
    runs: Sequence[RunFolder], data: Path | None = None, count: int = COUNT, device: str = "cpu"
) -> list[Viewer]:
    """The viewers of these runs; a run for which there is none gets a note that says why.

    Parameters
    ----------
    data : the store, where it is not the one that a run's ``config.toml`` names
    count : pictures in a viewer, at most
    """
    groups: dict[tuple[str, Path], list[tuple[RunFolder, Job, Any, Any]]] = {}
    for run in runs:
        try:
            job, net, recipe, store = _open(run, data, device)
        except UserError as error:
            run.notes.append(f"No viewer of predictions: {error}.")
        else:
            groups.setdefault((job.name, store.resolve()), []).append((run, job, net, recipe))
    found = []
    for (name, path), members in groups.items():
        try:
            found.append(_look(name, path, members, count))
        except ValueError as error:
            for run, *_ in members:
                run.notes.append(f"No viewer of predictions: {error}.")
    return found


def _open(run: RunFolder, data: Path | None, device: str) -> tuple[Job, Any, Any, Path]:
    best = run.folder / "best.npz"
    if not best.is_file():
        raise UserError(f"there is no best.npz in {run.folder}")
    store = data or store_of(run)
    if store is None:
        named = run.settings.get("data", "no store")
        raise UserError(f"the store of the run is not here ({named}); --data STORE names another")
    name, net, recipe, _ = read_network(best, device)
    return experiments.load(name).JOB, net, recipe, store


def _look(
    name: str, path: Path, members: list[tuple[RunFolder, Job, Any, Any]], count: int
) -> Viewer:
    kind, job = JOBS[name], experiments.load(name).JOB
    with job.open_store(path) as store:
        part, rows = list(store.split().items())[-1]
        if not len(rows):
            raise UserError(f"{path}: its {part} part is empty")
        chosen = np.unique(rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)])
        about = (
            f"{len(chosen)} of {len(rows)} {part} {job.items} of {path.name}, evenly spread, from "
            "the best prediction to the worst"
        )
        viewer = Viewer(about, kind.SKELETON, kind.samples(store, chosen))
        for run, _, net, recipe in members:
            found = kind.found(net, store, chosen, recipe)
            viewer.runs.append({"name": run.name, "found": found})
    viewer.order()
    return viewer
