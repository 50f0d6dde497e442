"""Several recipes side by side, each trained with several seeds, row by row."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from minipose.datasets.guard import read_json
from minipose.errors import Diverged, UserError, counted
from minipose.experiments import at_once
from minipose.experiments.job import Job, Run
from minipose.nn import Module
from minipose.storage import remove_abandoned, write_text

NUMBERS = "numbers.json"  # in the folder of a training: what was measured of it
Rows = dict[str, list[dict[str, Any]]]  # label -> the numbers of each seed


def compare(
    job: Job,
    run: Run,
    recipes: Mapping[str, tuple[str, Any]],
    further: Callable[[Run, Module], dict[str, Any]] | None = None,
    prepare: Callable[[Run], Run] = lambda run: run,
    longest: Sequence[str] = (),
) -> Rows:
    """Train every recipe with every seed; the seeds of one row are those of the others.

    What is finished is not done again with ``run.resume``; a training that was stopped goes on. One
    whose loss blows up is counted as ``{"diverged": ...}``. ``run.at_once`` of them train at the
    same time, with the numbers that they have one after another.

    Parameters
    ----------
    recipes : {label: (folder, recipe)}
    further : (run, best network) -> more numbers of a row
    prepare : run -> the run with what it begins with, which may be trained now
    longest : rows that take longest, which begin first: so that none is left to train alone
    """
    runs = [
        (label, replace(run, recipe=recipe, seed=seed, folder=run.folder / folder / f"seed-{seed}"))
        for seed in range(run.seed, run.seed + run.seeds)
        for label, (folder, recipe) in recipes.items()
    ]
    left = [(label, one) for label, one in runs if not _finished(one)]
    early = {label: place for place, label in enumerate(longest)}
    left.sort(key=lambda pair: early.get(pair[0], len(early)))
    tasks = {
        f"{label}, seed {one.seed}": partial(_train, job, one, further, prepare)
        for label, one in left
    }
    at_once.do(tasks, run.at_once)
    rows: Rows = {label: [] for label in recipes}
    for label, one in runs:
        rows[label].append(_numbers(one))
    return rows


def _finished(run: Run) -> bool:
    """Whether an earlier call has trained and measured it."""
    if not (run.resume and (run.folder / NUMBERS).exists()):
        return False
    _numbers(run)  # or say what is wrong with the file, before others are trained
    return True


def _numbers(run: Run) -> dict[str, Any]:
    path = run.folder / NUMBERS
    numbers = read_json(path)
    whole = isinstance(numbers, dict) and (
        "diverged" in numbers or isinstance(numbers.get("splits"), dict)
    )
    if not whole:
        raise UserError(f"{path}: damaged; remove it, and this training is measured again")
    return numbers


def _train(
    job: Job,
    run: Run,
    further: Callable[[Run, Module], dict[str, Any]] | None,
    prepare: Callable[[Run], Run],
) -> None:
    """Train, measure, and write the numbers."""
    run.folder.mkdir(parents=True, exist_ok=True)
    remove_abandoned(run.folder)
    with contextlib.ExitStack() as held:
        if run.at_once > 1:  # the store is another process's
            run = replace(run, store=held.enter_context(_opened_again(job, run)))
        try:
            run = prepare(run)
            numbers, net = job.train_and_measure(run)
            if further is not None:
                numbers |= further(run, net)
        except Diverged as error:
            print(error)
            numbers = {"diverged": str(error)}
    write_text(run.folder / NUMBERS, json.dumps(numbers, indent=1) + "\n")


def _opened_again(job: Job, run: Run) -> Any:
    """The run's store, opened by this process, if the file is still the same."""
    store = job.open_store(run.store.path)
    if store.identity != run.store.identity:
        store.close()
        raise UserError(
            f"{run.store.path}: has other content than when the comparison began; put the old "
            "store back and go on with --resume, or begin anew"
        )
    return store


def diverged(rows: Rows) -> list[str]:
    """A line for each row that lost trainings, which its mean and spread do not count."""
    lost = {label: [r["diverged"] for r in row if "diverged" in r] for label, row in rows.items()}
    return [
        f"- {label}: {len(why)} of {len(rows[label])} trainings diverged, the first so: {why[0]}"
        for label, why in lost.items()
        if why
    ]


def seeds(rows: Rows) -> str:
    """ "3 seeds": how many trainings the rows hold at most."""
    return counted(max(map(len, rows.values())), "seed")


def of_validation(rows: Rows, label: str, number: str) -> list[float]:
    """A number of the validation part, of each training of a row."""
    return [one["splits"]["validation"][number] for one in rows[label]]


def measured(rows: Rows, numbers: Mapping[str, str]) -> dict[str, str]:
    """Those of the numbers {name: title} that these trainings have: some data have no joints."""
    first = next(iter(rows.values()))[0]["splits"]["validation"]
    return {name: title for name, title in numbers.items() if name in first}


def paired(rows: Rows, *labels: str) -> bool:
    """Whether these rows hold trainings of the same seeds, to be compared in pairs."""
    seeds = [[row.get("seed") for row in rows.get(label, [])] for label in labels]
    return bool(seeds[0]) and all(each == seeds[0] for each in seeds)


def finished(rows: Rows) -> Rows:
    """Without the trainings that diverged; a row all of whose seeds did is left out.

    Raises
    ------
    UserError
        If no training is left.
    """
    kept = {label: [r for r in row if "diverged" not in r] for label, row in rows.items()}
    kept = {label: row for label, row in kept.items() if row}
    if not kept:
        first = next(iter(rows.values()))[0]["diverged"]
        raise UserError(f"all trainings of the comparison diverged, the first so: {first}")
    return kept
