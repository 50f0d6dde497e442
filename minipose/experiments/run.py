"""What ``python -m minipose train``, ``evaluate`` and ``show`` do, for every job."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from minipose import experiments
from minipose.devices import use_device
from minipose.errors import UserError
from minipose.experiments import at_once
from minipose.experiments.job import WHOLE, Job, Run
from minipose.experiments.report import publish
from minipose.experiments.run_folder import owned
from minipose.experiments.settings import RunSettings, checked, declared, resolve
from minipose.experiments.trained import read_network
from minipose.nn import Module
from minipose.storage import atomic, expect_folder, own_folder
from minipose.training import checkpoint
from minipose.training.world import expect_the_same, expect_work_for_all, world

BESIDE = ("reference", "start", "detector")  # files that some jobs' runs take


def train(args: argparse.Namespace) -> None:
    """Training, evaluation and pictures in one run folder; or a comparison of several trainings."""
    job: Job = experiments.load(args.job).JOB
    flags = _given(args, job.settings, job.recipe)
    settings, recipe = resolve(job.settings, job.recipes, flags, args.config)
    settings.expect_use(recipe)
    if settings.data is None:
        raise UserError(f"--data: expected a store (.h5); {job.maker} makes one")
    folder = expect_folder(settings.out or job.default_out(settings, recipe))
    device = use_device(settings.device, settings.tf32)
    together = world(device)
    expect_work_for_all(together, settings.compare, recipe.batch)
    with job.open_store(settings.data) as store:
        content = {"a store of": store.identity[:12], "seed": settings.seed, "resume": args.resume}
        expect_the_same(together, **content, limit=settings.limit, **vars(recipe))
        split = store.split(limit=settings.limit)
        print(", ".join(f"{name} {len(rows)} {job.items}" for name, rows in split.items()))
        own = {name: getattr(settings, name, None) for name in BESIDE}
        own["seeds"] = getattr(settings, "seeds", 1)
        own["at_once"] = at_once.possible(getattr(settings, "at_once", 1), device, together.size)
        own |= {"fp16": settings.fp16, "recompute": settings.recompute}
        # What is wrong with a file is said before a folder is made, which would be resumed.
        if own["detector"] is not None:
            checkpoint.read(own["detector"])
        if own["start"] is not None:
            job.expect_start(own["start"], recipe)
        run = Run(
            store, split, recipe, settings.seed, folder, device, args.resume, **own,
            communicator=together,
        )  # fmt: skip
        ours = owned(folder, settings, recipe, args.resume, store.identity)
        with contextlib.nullcontext() if together.rank else ours:
            if settings.compare:
                job.comparisons[settings.compare](job, run)
                return
            result, net = job.train_and_measure(run)
            if together.rank:
                return
            result |= job.about(run)
            drawn = job.draw_run(run, net) | job.draw_data(folder, store, split["train"])
            publish(folder, job.title, job.summary(result), drawn, result)
    print(f"{folder}: report.md, report.json, log.csv, best.npz and {len(drawn)} pictures")


def evaluate(args: argparse.Namespace) -> None:
    """Measure a checkpoint on a store."""
    settings = _settings(args)
    for folder in filter(None, (settings.out, args.videos)):
        expect_folder(folder)
    device = use_device(settings.device, settings.tf32)
    name, net, recipe, meta = read_network(args.checkpoint, device)
    job: Job = experiments.load(name).JOB
    filters = _filters(job, args)
    if args.save is not None:
        if args.save.suffix != ".npz" or args.save.is_dir():
            raise UserError(f"--save: expected a file .npz, got {args.save}")
        expect_folder(args.save.parent)
    with job.open_store(settings.data) as store:
        if args.all:
            split = {WHOLE: np.arange(len(store))[: settings.limit]}
        else:
            split = store.split(limit=settings.limit)
        measured = job.measure(net, store, split, recipe)
        if filters or args.hold > 1:
            measured["smoothing"] = job.effect(net, store, split, filters, args.hold)
        if args.save is not None:
            unseen = np.concatenate([rows for name, rows in split.items() if name != "train"])
            found = job.predictions(net, store, unseen, recipe)
            if len(filters) == 1:
                found = job.smooth(filters[0], found, store, unseen)
            args.save.parent.mkdir(parents=True, exist_ok=True)
            with atomic(args.save) as partial, open(partial, "wb") as file:
                np.savez(file, **found)
            print(f"{args.save}: {len(unseen)} {job.items}")
        if args.videos is not None:
            for path in job.film(net, store, split, args.videos, filters):
                print(path)
    seconds = meta["progress"]["seconds"]
    about = {"epoch": meta["progress"]["epoch"], "seed": meta["seed"]}
    result = {**about, "training_seconds": seconds, **measured}
    if settings.out is None:
        print(job.summary(result))
        return
    with own_folder(settings.out):
        publish(settings.out, job.title, job.summary(result), {}, result)
    print(f"{settings.out}: report.md and report.json")


def show(args: argparse.Namespace) -> None:
    """Draw what a store holds."""
    settings = _settings(args)
    use_device(settings.device, settings.tf32)
    out = expect_folder(settings.out or "runs/show")
    job: Job = experiments.load(job_of_store(args.source)).JOB
    with job.open_store(args.source) as store:
        split = store.split(limit=settings.limit)
        for name, rows in split.items():
            print(f"{name}: {len(rows)} {job.items}")
        out.mkdir(parents=True, exist_ok=True)
        for name in job.draw_data(out, store, split["train"]):
            print(out / name)


def load_network(path: Path, device: str = "cpu") -> tuple[Job, Module, dict[str, Any]]:
    """The job and the network of a checkpoint, ready to predict, and what the file says beside it.

    Raises
    ------
    UserError
        If it is not a checkpoint, or one that predicts nothing by itself.
    """
    name, net, _, meta = read_network(path, device)
    return experiments.load(name).JOB, net, meta


def job_of_store(path: Path) -> str:
    """The job whose name stands in the store's format.

    Raises
    ------
    ValueError
        If it is not a store of any job.
    """
    from minipose.datasets.store import open_to_read
    from minipose.datasets.texts import text_of

    makers = " or ".join(f"data_tools {job}" for job in experiments.JOBS)
    with open_to_read(path, makers) as file:
        words = (text_of(file, "format") or "").split()
    for word in words:
        job = experiments.EARLIER.get(word, word)
        if job in experiments.JOBS:
            return job
    raise UserError(f"{path}: not a store of minipose (expected one made by {makers})")


def _filters(job: Job, args: argparse.Namespace) -> tuple[str, ...]:
    """The temporal filters that are asked for; refused where a job has no sequences of frames."""
    asked = {"--smooth": args.smooth, "--hold": args.hold > 1, "--videos": args.videos}
    for flag, given in asked.items():
        if given and job.effect is None:
            raise UserError(f"{flag}: expected a checkpoint of h36m, got one of {job.name}")
    if args.hold < 1:
        raise UserError(f"--hold: expected a whole number of 1 or more, got {args.hold}")
    if args.smooth is None:
        return ()
    from minipose.experiments.pose3d.filters import FILTERS

    return tuple(FILTERS) if args.smooth == "all" else (args.smooth,)


def _settings(args: argparse.Namespace) -> RunSettings:
    return RunSettings(**checked(_given(args, RunSettings), (RunSettings,)))


def _given(args: argparse.Namespace, *kinds: type) -> dict[str, Any]:
    return {name: value for name, value in vars(args).items() if name in declared(*kinds)}
