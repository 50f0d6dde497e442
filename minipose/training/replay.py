"""A training that blew up, run again from its last checkpoint to the step where that began."""

from __future__ import annotations

import itertools
import math
from typing import Any

from minipose.backend import Array, array_module
from minipose.errors import Diverged
from minipose.nn import Module
from minipose.optim import Average, Optimizer, clip_gradients
from minipose.training import checkpoint
from minipose.training.diagnosis import first_fault, weights_at_fault
from minipose.training.parts import Parts
from minipose.training.ranks import Division
from minipose.training.task import Progress, Task

LONGEST = 2000  # steps that are run again
ADVICE = "try a smaller learning rate, or look at that sample (checkpoints are from before)"


class Snapshot:
    """Where a training began, kept until its first checkpoint is written."""

    def __init__(self, model: Module, optimizer: Optimizer, average: Average | None) -> None:
        holders = (model, optimizer, *([] if average is None else [average]))
        self.states = [(holder, holder.state_dict()) for holder in holders]

    @property
    def arrays(self) -> list[Array]:
        """All that is kept."""
        return [array for _, state in self.states for array in state.values()]

    def forget(self) -> None:
        """Give the memory back."""
        self.states = []

    def restore(self) -> None:
        """Set everything back."""
        for holder, state in self.states:
            holder.load_state_dict(state)


def blown_up(loss: float, epoch: int, step: int, batch: Any = None) -> Diverged:
    """The error of a loss that is no number.

    Parameters
    ----------
    batch : of that step, if the weights are still those before it
    """
    near = "" if batch is not None else " or shortly before it"
    error = Diverged(f"the loss became {loss} in {_place(epoch, step)}{near}")
    error.batch = batch
    return error


def explained(
    error: Diverged,
    task: Task,
    model: Module,
    optimizer: Optimizer,
    parts: Parts,
    first: Snapshot,
    until: Progress,
) -> Diverged:
    """The error with what began it, and with what to do.

    Parameters
    ----------
    until : how far the training came
    """
    batch = getattr(error, "batch", None)
    try:
        if task.scaling is not None:
            began = ""  # half precision leaves out steps, which are not made again here
        elif batch is not None and weights_at_fault(model) is None:
            began = _in_words(task, model, until.epoch, until.step, batch)
        else:
            began = _replayed(task, model, optimizer, parts, first, until)
    except Exception as other:  # what fails here must not hide what happened
        began = f" (what began it could not be found: {type(other).__name__}: {other})"
    return Diverged(f"{error}{began}; {ADVICE}")


def _replayed(
    task: Task,
    model: Module,
    optimizer: Optimizer,
    parts: Parts,
    first: Snapshot,
    until: Progress,
) -> str:
    epoch = step = 0
    if first.states:
        first.restore()
    else:
        arrays, meta = task.communicator.first(checkpoint.read, task.last)
        checkpoint.restore(task.last, arrays, model, optimizer, task.average)
        epoch, step = meta["progress"]["epoch"], meta["progress"]["step"]
    model.train()
    here = (epoch, step)
    # An epoch that was finished meanwhile without a checkpoint does not occur: one epoch at most.
    batches = itertools.islice(enumerate(task.batches(epoch)), step, step + LONGEST)
    for step, batch in batches:
        here = (epoch, step)
        optimizer.lr = (task.adapt(until.history) or 1.0) * task.rate_of(epoch, step)
        value = parts.backward(batch, task.seed, epoch, step).item()
        if not math.isfinite(value) or not _finite_gradients(model):
            return _in_words(task, model, *here, batch)
        if task.max_norm is not None:
            clip_gradients(optimizer.parameters, task.max_norm)
        optimizer.step()
        optimizer.zero_grad()
        bad = weights_at_fault(model)
        if bad is not None:
            return f": {bad} left the range of its numbers in {_place(*here)}, by the step itself"
    return ""


def _finite_gradients(model: Module) -> bool:
    gradients = (p.grad for p in model.parameters() if p.grad is not None)
    return all(bool(array_module(g).isfinite(g).all()) for g in gradients)


def _in_words(task: Task, model: Module, epoch: int, step: int, batch: Any) -> str:
    entropy, ranks = (task.seed, epoch, step), task.communicator
    if ranks.size == 1 and task.parts == 1:
        found = first_fault(model, task.loss, batch, entropy)
        return f": in {_place(epoch, step)}, {found}" if found else ""
    faults = []
    for k, piece, _ in Division.among(ranks, task.parts).pieces(batch):
        found = first_fault(model, task.loss, piece, (*entropy, k))
        if found:
            faults.append(f": in {_place(epoch, step)}, part {k + 1} of the batch, {found}")
            break
    return next((fault for each in ranks.gather(faults) for fault in each), "")


def _place(epoch: int, step: int) -> str:
    return f"epoch {epoch + 1}, step {step + 1}"
