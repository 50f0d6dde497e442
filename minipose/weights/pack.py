"""Finished runs -> the weights that come with minipose: half the bits, no optimizer, a card."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minipose import experiments
from minipose.datasets.guard import read_json, reading
from minipose.datasets.texts import text_of
from minipose.errors import UserError
from minipose.experiments.job import Job
from minipose.experiments.pose3d.measure import mean_pose
from minipose.experiments.settings import checked, declared, read_toml
from minipose.storage import atomic, write_text
from minipose.training import checkpoint
from minipose.weights import CARD, PEOPLE, POSE3D

LARGEST = 6_000_000  # bytes of both files
# Of one machine, in a config.
PATHS = ("data", "out", "start", "detector", "reference", "device", "config")
DRAWN = "drawn people"
LICENCES = {
    DRAWN: "made by `data_tools twin`; nobody else has rights in them",
    "ccp": "Clothing Co-Parsing (W. Yang, P. Luo, L. Lin, CVPR 2014): its repository is under "
    "Apache-2.0; who took the photographs is not stated there",
    "coco": "COCO: annotations CC BY 4.0; every photograph has a licence of its own",
    "lsp": "Leeds Sports Pose: asks to be cited; no licence is stated",
    "mpii": "MPII Human Pose: for research",
    "atr": "ATR: no licence is stated",
    "human3.6m": "Human3.6M: for academic use only",
}
LIMITS = {
    "people": "One person a picture: of several the largest is looked at. Joints are places in the "
    "picture, never measured on bodies; left and right are told apart last. Confidence is the "
    "probability that a joint is in the picture, as far as training pictures are like it.",
    "h36m": "The pose is relative to the pelvis, in mm of the bodies that it learnt from: nobody's "
    "own size is measured. It looks at the silhouette alone, so a wrong mask gives a wrong pose.",
}


@dataclass(frozen=True)
class Run:
    """A run folder: its checkpoint's arrays and meta, its choices, its numbers as Markdown.

    ``data`` says how many samples of which kind the network was trained on; ``mean_pose`` is the
    mean of the poses that a regressor was trained on, (17, 3) in mm; ``begun`` is the run with
    whose weights this one began.
    """

    job: Job
    folder: Path
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]
    config: dict[str, Any]
    numbers: str
    data: dict[str, int]
    mean_pose: np.ndarray | None
    begun: Run | None

    @property
    def trained_on(self) -> str:
        """In a few words, for the line that ``predict`` prints."""
        epochs, items = self.meta["progress"]["epoch"], self.job.items
        kinds = " and ".join(f"{count:,} {items} of {kind}" for kind, count in self.data.items())
        before = "trained" if self.begun is None else f"{self.begun.trained_on}, then"
        return f"{before} on {kinds}, {epochs} epochs"


def read_run(folder: Path, name: str, data: str | None = None) -> Run:
    """A finished run of a job.

    Parameters
    ----------
    data : kind of the data (see ``LICENCES``), where its store does not say

    Raises
    ------
    UserError
        If a file is missing, damaged, or of another job; or if nobody says what the data are,
        those of a run that it began with included.
    """
    arrays, meta = checkpoint.read(folder / "best.npz")
    found = experiments.EARLIER.get(meta.get("job"), meta.get("job"))
    if found != name:
        raise UserError(f"{folder}: a run of {found!r}, expected one of {name!r}")
    with reading(folder / "best.npz", "does not say how far its training has come"):
        int(meta["progress"]["epoch"]), float(meta["progress"]["seconds"])
    config, report = read_toml(folder / "config.toml"), read_json(folder / "report.json")
    if data is not None and data not in LICENCES:
        raise UserError(f"--data: expected one of {', '.join(LICENCES)}, got {data!r}")
    job = experiments.load(name).JOB
    with reading(folder / "report.json", "not the report of a finished training"):
        numbers = _summary(job, report)
    known = declared(job.settings)
    given = {n: config[n] for n in ("data", "limit", "start") if n in config and n in known}
    given = checked(given, (job.settings,), f"{folder / 'config.toml'}: ")
    if "data" not in given:
        raise UserError(f"{folder / 'config.toml'}: does not say what the run was trained on")
    with job.open_store(given["data"]) as store:
        rows = store.split(limit=given.get("limit"))["train"]
        kinds = {data: len(rows)} if data else _kinds(job, store, rows)
        pose = mean_pose(store, rows) if name == "h36m" else None
    begun = read_run(given["start"].parent, name, data) if "start" in given else None
    return Run(job, folder, arrays, meta, config, numbers, kinds, pose, begun)


def _kinds(job: Job, store: Any, rows: np.ndarray) -> dict[str, int]:
    """How many samples of which kind these rows are, the most frequent first."""
    kinds = [text_of(store.file, "source") or ""] * len(rows)
    if job.name == "people":
        kinds = [_kind(store.names[row], store.sources[row]) for row in rows]
    unknown = sorted(set(kinds) - LICENCES.keys())
    if unknown:
        flag = "--people-data" if job.name == "people" else "--pose3d-data"
        raise UserError(
            f"{store.path}: its sources are not known here ({', '.join(map(repr, unknown))}); "
            f"{flag} says whose data they are"
        )
    return dict(Counter(kinds).most_common())


def _kind(name: str, source: str) -> str:
    return DRAWN if name.startswith("twin") else source


def pack(people: Run, pose3d: Run, folder: Path = PEOPLE.parent) -> list[Path]:
    """Write both networks as float16 and the card; returns the three files.

    Raises
    ------
    UserError
        If a weight does not fit into 16 bits, or the files would be too large; nothing is written
        then.
    """
    packed = {PEOPLE.name: people, POSE3D.name: pose3d}
    halves = {name: _halved(run) for name, run in packed.items()}
    bound = sum(a.nbytes for arrays in halves.values() for a in arrays.values())
    if bound > LARGEST:
        sizes = ", ".join(
            f"{name} {sum(a.nbytes for a in arrays.values()) / 1e6:.1f} MB"
            for name, arrays in halves.items()
        )
        raise UserError(f"{sizes}: together more than {LARGEST / 1e6:.0f} MB; train smaller ones")
    for name, run in packed.items():
        meta = run.meta | {"trained_on": run.trained_on}
        # History and the moments of the optimizer serve a training that goes on.
        meta["progress"] = {k: run.meta["progress"][k] for k in ("epoch", "seconds")}
        if run.mean_pose is not None:
            meta["mean_pose_mm"] = np.round(run.mean_pose, 2).ravel().tolist()
        text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        with atomic(folder / name) as partial, open(partial, "wb") as file:
            np.savez_compressed(file, meta=text, **halves[name])
    card = folder / CARD.name
    write_text(card, _card(packed, {name: (folder / name).stat().st_size for name in packed}))
    return [folder / PEOPLE.name, folder / POSE3D.name, card]


def _halved(run: Run) -> dict[str, np.ndarray]:
    """Parameters and running statistics, in 16 bits where they are fractions."""
    halves = {}
    for name, array in run.arrays.items():
        if name.startswith("model/"):
            with np.errstate(over="ignore"):
                half = array.astype(np.float16) if array.dtype.kind == "f" else array
            if not np.isfinite(half).all():
                raise UserError(f"{run.folder}: {name} has values that 16 bits cannot hold")
            halves[name] = half
    return halves


def _card(packed: dict[str, Run], sizes: dict[str, int]) -> str:
    """What the files are, in Markdown; every number is one of the runs' reports."""
    total = sum(sizes.values()) / 1e6
    lines = [
        "# The weights that come with minipose",
        "",
        "Written by `python -m minipose.weights`, from the runs' own reports: do not edit. Both "
        f"files hold 16-bit numbers and take {total:.1f} MB.",
    ]
    for name, run in packed.items():
        job = run.job
        count = sum(a.size for n, a in run.arrays.items() if n.startswith("model/"))
        lines += ["", f"## {name}: {job.title}", ""]
        lines += [f"{count:,} numbers, {sizes[name] / 1e6:.1f} MB; {run.trained_on}.", ""]
        lines += ["### Data and licence", ""]
        lines += _licences(run)
        lines += ["", "### Limits", "", LIMITS[job.name], "", "### Numbers", ""]
        lines += [run.numbers, "", "### Recipe", "", "```toml", *_recipe(run), "```"]
    return "\n".join(lines) + "\n"


def _licences(run: Run) -> list[str]:
    """A line for each kind of data, also of the training that this one began with."""
    epochs = run.meta["progress"]["epoch"]
    lines = [
        f"- {epochs} epochs on {n:,} {run.job.items}, {kind}: {LICENCES[kind]}"
        for kind, n in run.data.items()
    ]
    return lines if run.begun is None else [*_licences(run.begun), *lines]


def _recipe(run: Run) -> list[str]:
    """All choices of a training; before it, what was another in the one that it began with."""
    own = {k: v for k, v in run.config.items() if k not in PATHS}
    lines = [f"{key} = {json.dumps(value)}" for key, value in own.items()]
    if run.begun is None:
        return lines
    other = {k: v for k, v in run.begun.config.items() if k in own and v != own[k]}
    before = [f"# {key} = {json.dumps(value)}" for key, value in other.items()]
    return [
        "# The training before this one had",
        *before,
        "# and else the same choices as this one:",
        *lines,
    ]


def _summary(job: Job, report: dict[str, Any]) -> str:
    return job.summary(report).rstrip()
