"""One loop for every network: steps, validation, checkpoints, a log, and an exact resume."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minipose.errors import Diverged, Interrupted
from minipose.nn import Module
from minipose.optim import Average, Optimizer, clip_gradients
from minipose.optim.schedules import Schedule, cosine
from minipose.tensor import Tensor
from minipose.training import checkpoint
from minipose.training.batches import Batches
from minipose.training.communicator import ALONE, Communicator
from minipose.training.interrupts import deferred_interrupts
from minipose.training.log import Row, write_log
from minipose.training.parts import Parts, in_parts
from minipose.training.prefetch import prefetch
from minipose.training.ranks import Division, Ranks, Share, changes, reconcile

LOOK_EVERY = 20  # steps; reading the loss makes a GPU wait


@dataclass
class Task:
    """What one network is trained on, and where the traces go.

    Attributes
    ----------
    name : of the files: ``<name>last.npz``, ``<name>best.npz``, ``<name>log.csv``
    batches : epoch -> batches; must give the same ones each time it is asked for the same epoch, as
        ``training.batches`` do
    batch_count : batches an epoch, where ``batches`` has no length
    loss : (model, batch) -> scalar Tensor
    parts : of a batch that are computed at the same time, see ``training.parts``
    communicator : the ranks that train together, each its own parts of a batch: ``batches`` may
        give each its ``Share``, see ``training.ranks``. Rank 0 alone writes files and prints.
    max_norm : of the gradient of a step, see ``optim.clip_gradients``; None: any
    average : of the model's weights; what is validated, and kept as the best, is the average
    validate : model -> {column: value}
    watch : the column of ``validate`` whose smallest value makes the best checkpoint
    images : batch -> number of images, for the throughput
    learning_rate : (step, steps of the whole run) -> rate; ``scheduled`` makes one of a schedule
    adapt : log -> factor of the next epoch's rate, or None to end there; see ``Plateau``
    meta : goes into each checkpoint (job, configuration, ...)
    """

    name: str
    batches: Callable[[int], Iterable[Any]] | Batches
    loss: Callable[[Module, Any], Tensor]
    validate: Callable[[Module], Row]
    watch: str
    images: Callable[[Any], int]
    learning_rate: Callable[[int, int], float]
    epochs: int
    seed: int
    folder: Path
    batch_count: int | None = None
    parts: int = 1
    communicator: Communicator = ALONE
    max_norm: float | None = None
    average: Average | None = None
    adapt: Callable[[list[Row]], float | None] = lambda history: 1.0
    loss_column: str = "train_loss"
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.batch_count is None:
            self.batch_count = len(self.batches)

    @property
    def last(self) -> Path:
        return self.folder / f"{self.name}last.npz"

    @property
    def best(self) -> Path:
        return self.folder / f"{self.name}best.npz"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}log.csv"

    @property
    def label(self) -> str:
        """What the lines of progress begin with."""
        return self.name.strip("-") or "train"


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
    """Train for ``task.epochs`` epochs and return the log.

    Afterwards the model is the last one, or the average of the last ones where the task has one.

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
    progress, together = Progress(), task.communicator
    parts = _parts(task, model)
    if resume and together.first(task.last.exists):
        arrays, meta = together.first(checkpoint.read, task.last)
        checkpoint.restore(task.last, arrays, model, optimizer, task.average)
        progress = Progress(**meta["progress"])
        together.first(write_log, task.log, progress.history)
        if together.rank == 0 and (told := changes(model, meta.get("parts", 1), parts.parts)):
            print(f"{task.last}: {told}", flush=True)
    reconcile(model, together)
    with parts, deferred_interrupts() as asked_to_stop:
        while progress.epoch < task.epochs and task.adapt(progress.history) is not None:
            _run_epoch(task, model, optimizer, parts, progress, asked_to_stop)
            _finish_epoch(task, model, optimizer, progress)
    if task.average is not None:
        task.average.apply()
    return progress.history


def _parts(task: Task, model: Module) -> Parts:
    if task.communicator.size == 1:
        return in_parts(model, task.loss, task.parts)
    return Ranks(model, task.loss, task.parts, task.communicator)


def _run_epoch(
    task: Task,
    model: Module,
    optimizer: Optimizer,
    parts: Parts,
    progress: Progress,
    asked_to_stop: Callable[[], bool],
) -> None:
    model.train()
    factor = task.adapt(progress.history)
    meter = _Meter(task, progress)
    for step, batch in enumerate(prefetch(task.batches(progress.epoch))):
        if step < progress.step:
            continue  # done before the interruption
        optimizer.lr = factor * _rate_of(task, progress.epoch, step)
        loss = parts.backward(batch, task.seed, progress.epoch, step)
        if task.max_norm is not None:
            clip_gradients(optimizer.parameters, task.max_norm)
        optimizer.step()
        optimizer.zero_grad()
        if task.average is not None:
            task.average.update()
        progress.step = step + 1
        stopping = task.communicator.any(asked_to_stop())
        images = batch.count if isinstance(batch, Share) else task.images(batch)
        meter.count(loss, images, stopping)
        if stopping:
            meter.close()
            _save(task, model, optimizer, progress, task.last, task.average)
            task.communicator.barrier()  # a rank that ends takes the others along
            raise Interrupted(f"stopped; {task.last} holds all, go on with --resume")
    meter.close()


class _Meter:
    """Loss, time and images of one epoch, counted into ``progress`` and shown on a terminal."""

    def __init__(self, task: Task, progress: Progress) -> None:
        from tqdm import tqdm

        self.task, self.progress = task, progress
        self.pending: list[Tensor] = []  # losses of steps since the last look
        self.images, self.start = 0, time.perf_counter()
        self.bar = tqdm(
            total=task.batch_count,
            initial=progress.step,
            desc=f"{task.label} {progress.epoch + 1}/{task.epochs}",
            unit="step",
            disable=not sys.stderr.isatty(),
            leave=False,
        )

    def count(self, loss: Tensor, images: int, look: bool) -> None:
        """Add a step; look at the losses if asked to, every few steps and at the epoch's end."""
        self.images += images
        self.pending.append(loss)
        if look or len(self.pending) >= LOOK_EVERY or self.progress.step == self.task.batch_count:
            value = self._read()
            rate = self.images / (time.perf_counter() - self.start)
            self.bar.set_postfix_str(f"loss {value:.4g}, {rate:.0f} images/s")
        self.bar.update()

    def close(self) -> None:
        """Add the time that has passed."""
        spent = time.perf_counter() - self.start
        self.progress.seconds += spent
        if self.images:  # none are left where the interruption came after the last step
            self.progress.rate = self.images / max(spent, 1e-9)
        self.bar.close()

    def _read(self) -> float:
        """Add up the losses since the last look; returns the newest. Stops a run that diverged."""
        values = [loss.item() for loss in self.pending]
        progress = self.progress
        if not math.isfinite(sum(values)):
            raise Diverged(
                f"the loss became {values[-1]} in epoch {progress.epoch + 1}, at or shortly before "
                f"step {progress.step}; try a smaller learning rate (checkpoints are from before)"
            )
        progress.loss_sum += sum(values)
        self.pending.clear()
        return values[-1]


def _finish_epoch(task: Task, model: Module, optimizer: Optimizer, progress: Progress) -> None:
    model.eval()
    start = time.perf_counter()
    with _averaged(task):
        measured = task.validate(model)
    progress.seconds += time.perf_counter() - start
    row: Row = {"epoch": progress.epoch + 1}
    row[task.loss_column] = progress.loss_sum / max(progress.step, 1)
    row |= measured
    row |= {
        "learning_rate": task.adapt(progress.history)
        * _rate_of(task, progress.epoch, progress.step - 1),
        "images_per_s": progress.rate,
        "elapsed_s": progress.seconds,
    }
    progress.history.append(row)
    progress.epoch, progress.step, progress.loss_sum = progress.epoch + 1, 0, 0.0
    if measured[task.watch] < progress.best:
        progress.best = measured[task.watch]
        with _averaged(task):
            _save(task, model, optimizer, progress, task.best)
    _save(task, model, optimizer, progress, task.last, task.average)
    reconcile(model, task.communicator)
    if task.communicator.rank:
        return
    write_log(task.log, progress.history)
    shown = ", ".join(f"{k} {v:.4g}" for k, v in row.items() if k not in ("epoch", "learning_rate"))
    print(f"{task.label} {progress.epoch}/{task.epochs}: {shown}", flush=True)


def _rate_of(task: Task, epoch: int, step: int) -> float:
    total = task.epochs * task.batch_count
    return task.learning_rate(epoch * task.batch_count + step, total)


def _averaged(task: Task) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if task.average is None else task.average.applied()


def _save(
    task: Task,
    model: Module,
    optimizer: Optimizer,
    progress: Progress,
    path: Path,
    average: Average | None = None,
) -> None:
    if task.communicator.rank:
        return
    known = {k: v for k, v in vars(progress).items() if v != math.inf}  # JSON knows no infinity
    parts = Division.among(task.communicator, task.parts).parts
    meta = {**task.meta, "parts": parts, "progress": known}
    checkpoint.save(path, model, optimizer, meta, average)


def scheduled(
    rate: float, schedule: Callable[..., Schedule], **options: float
) -> Callable[[int, int], float]:
    """``rate`` times the factor of ``schedule(steps, **options)``, for any number of steps."""
    return lambda step, steps: rate * schedule(steps, **options)(step)


def cosine_rate(rate: float, final_fraction: float) -> Callable[[int, int], float]:
    """From ``rate`` down to ``rate · final_fraction`` along half a cosine; 1 keeps it constant."""
    return scheduled(rate, cosine, final=final_fraction)
