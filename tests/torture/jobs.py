"""What is killed: every program that writes, at a size at which a run takes seconds."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.unpainted import unpainted

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ["--width", "1", "--batch", "4", "--epochs", "3", "--quarter-epochs", "0"]
H36M = ["--kernels", "1", "1", "1", "--batch", "8", "--detection-epochs", "1", "--epochs", "2"]


@dataclass(frozen=True)
class Job:
    """A program, in an empty folder of its own.

    Attributes
    ----------
    name : of its row in the table
    kills : of 100 in all, how many are its share
    prepare : makes what it reads, in the folder beside (``../data``)
    command : runs it, or runs it again after a kill; the exit status
    chain : how often it is killed before it is left to finish
    """

    name: str
    kills: int
    prepare: Callable[[Path], None]
    command: Callable[[], int]
    chain: int = 3


def _nothing(data: Path) -> None:
    """It reads nothing."""


def _tool(name: str, line: str) -> Callable[[], int]:
    """A tool of ``data_tools`` with these arguments."""

    def command() -> int:
        return importlib.import_module(f"data_tools.{name}.__main__").main(line.split())

    return command


def _prepare_views(data: Path) -> None:
    from tests.data_tools import raw_tree

    for subject in (1, 5):
        for camera in ("54138969", "55011271"):
            raw_tree.write_view(data / "raw", subject=subject, camera=camera, frames=3)


def _prepare_report1(data: Path) -> None:
    from tests.data_tools.h36m.test_report1 import matrices, save

    for subject in (1, 5):
        save(data / "Walking", subject, **matrices(48, subject))


def _prepare_pictures(data: Path) -> None:
    from tests.data_tools.people_trees import person, save_sample

    for number in range(24):
        save_sample(data / "pictures", f"picture{number}", [person(seed=number)])


def prepare_stores(data: Path) -> None:
    from tests.datasets.test_h36m import rows, write
    from tests.experiments.people import write_store

    data.mkdir(parents=True, exist_ok=True)
    write_store(data / "people.h5")
    takes = [(1, 1), (1, 2), (5, 1), (5, 2), (11, 1)]
    labels = [{"subject": s, "subaction": t, "action": 0, "camera": 1} for s, t in takes]
    pieces = (rows(12, seed, **one) for seed, one in enumerate(labels))
    write(data / "walk.h5", *pieces)


def train(*arguments: str, painted: bool = False) -> Callable[[], int]:
    """A training; where one was begun, it goes on, as ``make`` has it.

    One of them paints its plots; the others would spend most of their time with that.
    """

    def command() -> int:
        from minipose.cli import main

        _shorten_comparisons()
        begun = os.path.exists("run/config.toml")  # or the disk has gone
        with nullcontext() if painted else unpainted():
            return main(["train", *arguments, "--out", "run", *(["--resume"] if begun else [])])

    return command


def _shorten_comparisons() -> None:
    """Two rows instead of all."""
    from minipose.experiments.people import sweep_weights
    from minipose.experiments.pose3d import variants

    sweep_weights.WEIGHTS = (0.1, 1.0)
    kept = (variants.REPORT, variants.ALONE)
    variants.VARIANTS = {name: variants.VARIANTS[name] for name in kept}


# Stands in for Python: an environment of some files, packages of some files, each a moment apart.
# Like the real one, it passes for whole when it is half made.
STAND_IN = r"""#!/bin/sh
here=${0%/bin/python}
case "$1 $2" in
  "-m venv")
    mkdir -p "$3/bin" "$3/lib" && cp "$0" "$3/bin/python"
    for i in 1 2 3 4 5 6 7 8 9; do echo venv > "$3/lib/venv-$i"; sleep 0.02; done;;
  "-m pip")
    for i in 1 2 3 4 5 6 7 8 9; do echo pip > "$here/lib/package-$i"; sleep 0.02; done;;
  "-c "*) ;;
  .ci/one_at_a_time.py*) exec python3 "$@";;
  *) exit 1;;
esac
"""


def _prepare_set_up(data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True)
    for name in ("Makefile", ".ci", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, data / name)
    (data / "a base python").write_text(STAND_IN)
    (data / "a base python").chmod(0o755)


def _set_up() -> int:
    shutil.copytree("../data", ".", dirs_exist_ok=True)
    os.execvp("make", ["make", "-s", "setup", "PYTHON=./a base python"])


STORES = {"people": "../data/people.h5", "h36m": "../data/walk.h5"}

JOBS = (
    Job("draw pictures of people", 20, _nothing,
        _tool("twin", "people --out drawn --count 16 --workers 2"), 4),
    Job("draw pictures, one process", 10, _nothing,
        _tool("twin", "people --out drawn --count 5 --workers 1"), 4),
    Job("draw walking people", 14, _nothing,
        _tool("twin", "h36m --out drawn --subjects 1 --frames 2 --step 20 --workers 2"), 4),
    Job("draw walks, one process", 8, _nothing,
        _tool("twin", "h36m --out drawn --subjects 1 --frames 1 --step 20 --workers 1"), 4),
    Job("draw a store of poses", 5, _nothing,
        _tool("twin", "poses --out poses.h5 --count 14 --workers 2"), 3),
    Job("import Human3.6M", 14, _prepare_views,
        _tool("h36m", "../data/raw --out store.h5 --workers 2 --subjects 1 5"), 4),
    Job("import report 1's files", 5, _prepare_report1,
        _tool("h36m", "../data --layout report1 --out store.h5 --subjects 1 5"), 4),
    Job("build a store of people", 10, _prepare_pictures,
        _tool("people", "../data/pictures --out people.h5"), 4),
    Job("train mask and joints", 14, prepare_stores,
        train("people", "--data", STORES["people"], *PEOPLE, painted=True), 5),
    Job("train 3D pose", 4, prepare_stores,
        train("h36m", "--data", STORES["h36m"], *H36M, "--no-pretrain"), 5),
    Job("compare weights of joints", 3, prepare_stores,
        train("people", "--data", STORES["people"], *PEOPLE, "--compare", "weights"), 5),
    Job("compare recipes (ablation)", 2, prepare_stores,
        train("h36m", "--data", STORES["h36m"], *H36M, "--ablate", "--seeds", "1"), 5),
    Job("set up (make setup)", 10, _prepare_set_up, _set_up, 3),
)  # fmt: skip


def import_everything() -> None:
    """What the commands import, once, before they are forked."""
    import matplotlib.pyplot  # noqa: F401

    from minipose import experiments

    for job in experiments.JOBS:
        experiments.load(job)
    np.random.default_rng(0)
