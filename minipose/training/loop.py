"""One loop for every network: steps, validation, checkpoints, a log, and an exact resume."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minipose.errors import Diverged, Interrupted
from minipose.nn import Module
from minipose.optim import Optimizer
from minipose.tensor import Tensor
from minipose.training import checkpoint
from minipose.training.interrupts import deferred_interrupts
from minipose.training.log import Row, write_log
from minipose.training.parts import Parts, in_parts
from minipose.training.prefetch import prefetch

LOOK_EVERY = 20  # steps; reading the loss makes a GPU wait


@dataclass
class Task:
    """What one network is trained on, and where the traces go.

    Attributes
    ----------
    name : of the files: ``<name>last.npz``, ``<name>best.npz``, ``<name>log.csv``
    batches : epoch -> batches; must give the same ones each time it is asked for the same epoch
    batch_count : batches an epoch
    loss : (model, batch) -> scalar Tensor
    parts : of a batch that are computed at the same time, see ``replicas``
    validate : model -> {column: value}
    watch : the column of ``validate`` whose smallest value makes the best checkpoint
    images : batch -> number of images, for the throughput
    learning_rate : (step, steps of the whole run) -> rate
    meta : goes into each checkpoint (job, configuration, ...)
    """

    name: str
    batches: Callable[[int], Iterable[Any]]
    batch_count: int
    loss: Callable[[Module, Any], Tensor]
    validate: Callable[[Module], Row]
    watch: str
    images: Callable[[Any], int]
    learning_rate: Callable[[int, int], float]
    epochs: int
    seed: int
    folder: Path
    parts: int = 1
    loss_column: str = "train_loss"
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def last(self) -> Path:
        return self.folder / f"{self.name}last.npz"

    @property
    def best(self) -> Path:
        return self.folder / f"{self.name}best.npz"


@dataclass
class Progress:
    """How far a run has come; saved with every checkpoint."""

    epoch: int = 0
    step: int = 0  # within the epoch
    loss_sum: float = 0.0
    best: float = math.inf
    seconds: float = 0.0
    rate: float = 0.0  # images per second in this epoch
    history: list[Row] = field(default_factory=list)


def fit(task: Task, model: Module, optimizer: Optimizer, resume: bool = False) -> list[Row]:
    """Train for ``task.epochs`` epochs and return the log. Afterwards the model is the last one.

    With ``resume``, an existing ``last.npz`` is continued: since batches depend on the epoch, and
    dropout on (seed, epoch, step), and nothing else is random, the weights become bit for bit those
    of a run that was never stopped (on a CPU).

    Raises
    ------
    Interrupted
        After Ctrl-C or SIGTERM, with a checkpoint written.
    Diverged
        If the loss is no longer a number: the last checkpoint is from before.
    """
    progress = Progress()
    if resume and task.last.exists():
        meta = checkpoint.load(task.last, model, optimizer)
        progress = Progress(**meta["progress"])
        write_log(task.folder / f"{task.name}log.csv", progress.history)
    replicas = in_parts(model, task.loss, task.parts)
    with replicas, deferred_interrupts() as asked_to_stop:
        while progress.epoch < task.epochs:
            _run_epoch(task, model, optimizer, replicas, progress, asked_to_stop)
            _finish_epoch(task, model, optimizer, progress)
    return progress.history


def _run_epoch(
    task: Task,
    model: Module,
    optimizer: Optimizer,
    replicas: Parts,
    progress: Progress,
    asked_to_stop: Callable[[], bool],
) -> None:
    from tqdm import tqdm

    model.train()
    total_steps = task.epochs * task.batch_count
    bar = tqdm(
        total=task.batch_count,
        initial=progress.step,
        desc=f"{task.name.strip('-') or 'train'} {progress.epoch + 1}/{task.epochs}",
        unit="step",
        disable=not sys.stderr.isatty(),
        leave=False,
    )
    start, images = time.perf_counter(), 0
    pending: list[Tensor] = []
    for step, batch in enumerate(prefetch(task.batches(progress.epoch))):
        if step < progress.step:
            continue  # done before the interruption
        done = progress.epoch * task.batch_count + step
        optimizer.lr = task.learning_rate(done, total_steps)
        loss = replicas.backward(batch, task.seed, progress.epoch, step)
        optimizer.step()
        optimizer.zero_grad()
        images += task.images(batch)
        pending.append(loss)
        progress.step = step + 1
        stopping = asked_to_stop()
        if len(pending) >= LOOK_EVERY or stopping or progress.step == task.batch_count:
            value = _read(task, pending, progress)
            rate = images / (time.perf_counter() - start)
            bar.set_postfix_str(f"loss {value:.4g}, {rate:.0f} images/s")
        bar.update()
        if stopping:
            progress.seconds += time.perf_counter() - start
            _save(task, model, optimizer, progress, task.last)
            bar.close()
            raise Interrupted(f"stopped; {task.last} holds all, go on with --resume")
    bar.close()
    spent = time.perf_counter() - start
    progress.seconds += spent
    progress.rate = images / max(spent, 1e-9)


def _read(task: Task, pending: list[Tensor], progress: Progress) -> float:
    """Add up the losses since the last look; returns the newest. Stops a run that has blown up."""
    values = [loss.item() for loss in pending]
    if not math.isfinite(sum(values)):
        raise Diverged(
            f"the loss became {values[-1]} in epoch {progress.epoch + 1}, at or shortly before "
            f"step {progress.step}; try a smaller learning rate (checkpoints are from before)"
        )
    progress.loss_sum += sum(values)
    pending.clear()
    return values[-1]


def _finish_epoch(task: Task, model: Module, optimizer: Optimizer, progress: Progress) -> None:
    model.eval()
    start = time.perf_counter()
    measured = task.validate(model)
    progress.seconds += time.perf_counter() - start
    progress.epoch += 1
    row: Row = {"epoch": progress.epoch}
    row[task.loss_column] = progress.loss_sum / max(progress.step, 1)
    row |= measured
    row |= {
        "learning_rate": optimizer.lr,
        "images_per_s": progress.rate,
        "elapsed_s": progress.seconds,
    }
    progress.history.append(row)
    progress.step, progress.loss_sum = 0, 0.0
    if measured[task.watch] < progress.best:
        progress.best = measured[task.watch]
        _save(task, model, optimizer, progress, task.best)
    _save(task, model, optimizer, progress, task.last)
    write_log(task.folder / f"{task.name}log.csv", progress.history)
    shown = ", ".join(f"{k} {v:.4g}" for k, v in row.items() if k not in ("epoch", "learning_rate"))
    print(f"{task.name.strip('-') or 'train'} {progress.epoch}/{task.epochs}: {shown}", flush=True)


def _save(task: Task, model: Module, optimizer: Optimizer, progress: Progress, path: Path) -> None:
    known = {k: v for k, v in vars(progress).items() if v != math.inf}  # JSON knows no infinity
    checkpoint.save(path, model, optimizer, {**task.meta, "progress": known})


def constant_rate(rate: float) -> Callable[[int, int], float]:
    """The same learning rate throughout (both reports)."""
    return lambda step, steps: rate


def cosine_rate(rate: float, final_share: float) -> Callable[[int, int], float]:
    """From ``rate`` down to ``rate · final_share`` along half a cosine."""

    def at(step: int, steps: int) -> float:
        fallen = 0.5 - 0.5 * math.cos(math.pi * step / max(steps, 1))
        return rate * (1 - (1 - final_share) * fallen)

    return at
