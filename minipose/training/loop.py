"""One loop for every network: steps, validation, checkpoints, a log, and an exact resume."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minipose.backend import Array
from minipose.errors import Diverged, Interrupted, UserError
from minipose.nn import Module
from minipose.optim import Average, Optimizer, clip_gradients
from minipose.optim.schedules import Schedule, cosine
from minipose.tensor import Tensor
from minipose.training import checkpoint
from minipose.training.diagnosis import weights_at_fault
from minipose.training.interrupts import deferred_interrupts
from minipose.training.log import Row, write_log
from minipose.training.parts import Parts, in_parts
from minipose.training.prefetch import prefetch
from minipose.training.ranks import Division, Ranks, Share, changes, reconcile
from minipose.training.replay import Snapshot, blown_up, explained
from minipose.training.scaling import ScaledParts
from minipose.training.task import Progress, Task

LOOK_EVERY = 20  # steps; reading the loss makes a GPU wait


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
        If the loss or the weights are no longer numbers: which op, step and sample began it. The
        last checkpoint is from before.
    """
    progress, together = Progress(), task.communicator
    if resume and together.first(task.last.exists):
        progress = _restore(task, model, optimizer)
        together.first(write_log, task.log, progress.history)
    reconcile(model, together)
    first = Snapshot(model, optimizer, task.average)
    if progress.epoch or progress.step:
        first.forget()
    parts = _parts(task, model, [*optimizer.arrays, *first.arrays])
    with parts, deferred_interrupts() as asked_to_stop:
        while progress.epoch < task.epochs and task.adapt(progress.history) is not None:
            try:
                _run_epoch(task, model, optimizer, parts, progress, asked_to_stop)
                _finish_epoch(task, model, optimizer, progress)
            except Diverged as error:
                raise explained(error, task, model, optimizer, parts, first, progress) from None
            first.forget()  # from now on there is a checkpoint
            if together.any(asked_to_stop()):
                raise Interrupted(f"stopped; {task.last} holds all, go on with --resume")
    if task.average is not None:
        task.average.apply()
    return progress.history


def _parts(task: Task, model: Module, elsewhere: list[Array]) -> Parts:
    if task.communicator.size > 1:
        if task.scaling is not None:
            raise UserError("--fp16 is one process's: several share a batch without it")
        return Ranks(model, task.loss, task.parts, task.communicator)
    if task.scaling is not None:
        return ScaledParts(model, task.loss, task.parts, task.scaling)
    return in_parts(model, task.loss, task.parts, elsewhere)


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
        optimizer.lr = factor * task.rate_of(progress.epoch, step)
        loss = parts.backward(batch, task.seed, progress.epoch, step)
        if isinstance(loss.data, np.ndarray) and not math.isfinite(loss.item()):
            raise blown_up(loss.item(), progress.epoch, step, batch)  # the weights do not follow
        finite = None if task.scaling is None else task.scaling.unscale(optimizer.parameters)
        if task.max_norm is not None:
            clip_gradients(optimizer.parameters, task.max_norm)
        optimizer.step() if finite is None else task.scaling.step(optimizer, finite)
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
        if not math.isfinite(sum(values)):
            raise blown_up(values[-1], self.progress.epoch, self.progress.step - 1)
        for value in values:  # one by one: the sum is the same wherever a run was stopped
            self.progress.loss_sum += value
        self.pending.clear()
        return values[-1]


def _restore(task: Task, model: Module, optimizer: Optimizer) -> Progress:
    """How far the run has come, and its numbers, from its last checkpoint."""
    arrays, meta = task.communicator.first(checkpoint.read, task.last)
    checkpoint.restore(task.last, arrays, model, optimizer, task.average)
    told = changes(model, meta.get("parts"), _division(task).parts)
    if told and task.communicator.rank == 0:
        print(f"{task.last}: {told}", flush=True)
    try:
        progress = Progress(**meta["progress"])
    except (KeyError, TypeError):
        raise UserError(f"{task.last}: does not say how far its training has come") from None
    if task.scaling is not None and progress.scaling:
        task.scaling.restore(progress.scaling)
    return progress


def _division(task: Task) -> Division:
    return Division.among(task.communicator, task.parts)


def _finish_epoch(task: Task, model: Module, optimizer: Optimizer, progress: Progress) -> None:
    bad = weights_at_fault(model)
    if bad is not None:
        raise Diverged(f"{bad} is not finite any more at the end of epoch {progress.epoch + 1}")
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
        * task.rate_of(progress.epoch, progress.step - 1),
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
    progress.scaling = {} if task.scaling is None else task.scaling.state()
    known = {k: v for k, v in vars(progress).items() if v != math.inf}  # JSON knows no infinity
    meta = {**task.meta, "parts": _division(task).parts, "progress": known}
    checkpoint.save(path, model, optimizer, meta, average)


def scheduled(
    rate: float, schedule: Callable[..., Schedule], **options: float
) -> Callable[[int, int], float]:
    """``rate`` times the factor of ``schedule(steps, **options)``, for any number of steps."""
    return lambda step, steps: rate * schedule(steps, **options)(step)


def cosine_rate(rate: float, final_fraction: float) -> Callable[[int, int], float]:
    """From ``rate`` down to ``rate · final_fraction`` along half a cosine; 1 keeps it constant."""
    return scheduled(rate, cosine, final=final_fraction)
