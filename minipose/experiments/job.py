"""What a job is: a kind of network with its data, that the runner (``run``) trains and measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minipose.experiments.settings import Choices, RunSettings
from minipose.nn import Module
from minipose.training import checkpoint
from minipose.training.communicator import ALONE, Communicator
from minipose.training.log import Row, read_log
from minipose.training.parts import Loss
from minipose.training.recompute import sparing
from minipose.training.scaling import LossScale

Split = dict[str, np.ndarray]  # "train", "validation", ... -> rows of the store
WHOLE = "all"  # the only part of a split, where a store that was not trained on is measured
Drawn = dict[str, str]  # picture in the run folder -> caption


@dataclass(frozen=True)
class Run:
    """One training: on which data, with which choices, where.

    Attributes
    ----------
    store : the open data set
    split : its rows by part
    recipe : the job's choices
    device : "cpu" or "cuda"
    resume : whether to continue what an earlier run has left in the folder
    reference : file with the report's own learning curves, if any
    start : checkpoint whose weights the network begins with, if any
    detector : checkpoint of the network whose layers are transferred, if not of one trained here
    seeds : the number of trainings of each row of a comparison, from ``seed`` on
    at_once : how many of them train at the same time, each in a process of its own
    communicator : the processes that train together
    fp16, recompute : how a step is computed, see ``training.scaling`` and ``training.recompute``
    """

    store: Any
    split: Split
    recipe: Any
    seed: int
    folder: Path
    device: str = "cpu"
    resume: bool = False
    reference: Path | None = None
    start: Path | None = None
    detector: Path | None = None
    seeds: int = 1
    at_once: int = 1
    communicator: Communicator = ALONE
    fp16: bool = False
    recompute: bool = False

    def spared(self, loss: Loss) -> Loss:
        """The loss of (network, batch), with parts of the network recomputed if that is wanted."""
        return sparing(loss) if self.recompute else loss

    def scaling(self, net: Module) -> LossScale | None:
        """Of a training with products in half precision."""
        return LossScale(net.parameters()[0].data) if self.fp16 else None


@dataclass(frozen=True)
class Job:
    """Everything that the runner has to know about a job.

    Attributes
    ----------
    name : on the command line and in checkpoints
    title : of its report
    items : what its store holds, in one word
    maker : the tool that makes its stores
    settings : the dataclass of the run's settings, with the names of recipes and comparisons
    recipes : {name: recipe}
    default_out : (settings, recipe) -> run folder, where none is given
    open_store : path -> store, which has ``split(limit=...)`` and is closed by ``with``
    train : run -> the last network; leaves ``best.npz`` in the run's folder
    measure : (network, store, split, recipe[, communicator]) -> numbers
    predictions : (network, store, rows, recipe) -> arrays by name, an entry for each of the rows
    summary : numbers -> Markdown
    build : (recipe, what a checkpoint says beside it) -> network to load the checkpoint into
    draw_data : (folder, store, rows) -> pictures of what the store holds
    draw_run : (run, network) -> pictures of a training
    comparisons : {name: (job, run) -> report of several trainings in the run's folder}
    about : run -> what its report says beside what ``measure`` finds
    expect_start : (checkpoint, recipe) -> nothing, or a UserError if no training begins with it
    effect : (network, store, split, filters, hold) -> what temporal filters do to the errors
    smooth : (filter, what ``predictions`` found, store, rows) -> the same, filtered
    film : (network, store, split, folder) -> the videos that were written there
    """

    name: str
    title: str
    items: str
    maker: str
    settings: type[RunSettings]
    recipes: Mapping[str, Any]
    default_out: Callable[[Any, Any], str]
    open_store: Callable[[Path], Any]
    train: Callable[[Run], Module]
    measure: Callable[..., dict[str, Any]]
    predictions: Callable[[Module, Any, np.ndarray, Any], dict[str, np.ndarray]]
    summary: Callable[[dict[str, Any]], str]
    build: Callable[[Any, dict[str, Any]], Module]
    draw_data: Callable[[Path, Any, np.ndarray], Drawn]
    draw_run: Callable[[Run, Module], Drawn]
    comparisons: Mapping[str, Callable[[Job, Run], Any]] = field(default_factory=dict)
    about: Callable[[Run], dict[str, Any]] = lambda run: {}
    expect_start: Callable[[Path, Any], None] = lambda start, recipe: None
    effect: Callable[..., dict[str, Any]] | None = None
    smooth: Callable[..., dict[str, np.ndarray]] | None = None
    film: Callable[..., list[Path]] | None = None

    @property
    def recipe(self) -> type[Choices]:
        """The class of the recipes."""
        return type(next(iter(self.recipes.values())))

    def train_and_measure(self, run: Run) -> tuple[dict[str, Any], Module]:
        """Train, take the best checkpoint, measure it: the numbers and the network.

        ``epoch`` of ``epochs`` is the one after which the best checkpoint was written; ``seconds``
        are those of this training, ``training_seconds`` those of all sessions of one that was
        interrupted.
        """
        start = time.perf_counter()
        net, best = self.train(run), run.folder / "best.npz"
        arrays, meta = run.communicator.first(checkpoint.read, best)
        checkpoint.restore(best, arrays, net)
        last = run.communicator.first(_last_rows, run.folder)
        about = {
            "epoch": meta["progress"]["epoch"],
            "epochs": int(last["log.csv"]["epoch"]),
            "seed": run.seed,
            "seconds": time.perf_counter() - start,
        }
        about["training_seconds"] = sum(row["elapsed_s"] for row in last.values())
        measured = self.measure(net, run.store, run.split, run.recipe, run.communicator)
        return about | measured, net


def _last_rows(folder: Path) -> dict[str, Row]:
    """The last row of each log in the folder."""
    logs = {path.name: read_log(path) for path in sorted(folder.glob("*log.csv"))}
    return {name: rows[-1] for name, rows in logs.items() if rows}
