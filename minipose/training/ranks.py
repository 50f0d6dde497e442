"""A batch in parts that several processes compute, each its own, and add up.

    dL/dw = Σ_r Σ_{k of rank r} (N_k / N) dL_k/dw

Every rank has the whole network and prepares only its own rows of a batch; all end with the same
gradients, the same loss and the same running statistics, so all take the same step. With one part a
rank and two ranks the numbers are, bit by bit, those of one process with two parts.
"""

from __future__ import annotations

import contextlib
import zlib
from typing import Any, NamedTuple

import numpy as np

from minipose.backend import array_module, to_host
from minipose.graph import telling
from minipose.nn import BatchNorm2d, ComplexBatchNorm, Dropout, MapDropout, Module
from minipose.tensor import Tensor
from minipose.training.buckets import Buckets
from minipose.training.communicator import ALONE, Communicator
from minipose.training.parts import (
    Loss,
    Part,
    Parts,
    RunningStatistics,
    add_gradients,
    cuts,
    rows_of,
)


class Share(NamedTuple):
    """A rank's rows of a batch, and how many samples the whole batch has."""

    rows: Any
    count: int


class Division(NamedTuple):
    """Into how many parts a batch is cut, and which of them this rank computes.

    Each rank has the same number of them, one after another; a small batch may leave some empty.
    """

    parts: int = 1
    rank: int = 0
    size: int = 1

    @classmethod
    def among(cls, communicator: Communicator, parts: int = 1) -> Division:
        """At least ``parts``, so that every rank has the same number."""
        each = -(-parts // communicator.size)
        return cls(each * communicator.size, communicator.rank, communicator.size)

    def own(self, count: int) -> list[tuple[int, slice]]:
        """The numbers of this rank's parts of ``count`` samples, and their rows."""
        each = self.parts // self.size
        numbered = list(enumerate(cuts(count, self.parts)))
        return numbered[self.rank * each : (self.rank + 1) * each]

    def rows(self, count: int) -> slice:
        """All rows of this rank, of ``count``; they lie together."""
        own = self.own(count)
        return slice(own[0][1].start, own[-1][1].stop) if own else slice(count, count)

    def share(self, batch: Any) -> Share:
        """This rank's rows of a tuple of arrays (or None); a ``Share`` as it is."""
        if isinstance(batch, Share):
            return batch
        count = len(batch[0])
        return Share(rows_of(batch, self.rows(count)), count)

    def pieces(self, batch: Any) -> list[tuple[int, Any, float]]:
        """This rank's parts of a batch, or of its ``Share``: number, rows, fraction N_k / N."""
        own, count = self.share(batch)
        start = self.rows(count).start
        return [
            (k, rows_of(own, slice(rows.start - start, rows.stop - start)),
             (rows.stop - rows.start) / count)
            for k, rows in self.own(count)
        ]  # fmt: skip

    def labelled(self, rows: Any, count: int) -> Any:
        """Rows that were made for this rank alone, as a ``Share``; without company the batch."""
        return rows if self.size == 1 else Share(rows, count)


WHOLE = Division()  # everything is one process's


class Ranks(Parts):
    """``Parts`` that the ranks of a communicator compute; an error of one is raised on all."""

    def __init__(
        self, model: Module, loss: Loss, parts: int = 1, communicator: Communicator = ALONE
    ) -> None:
        self.division = Division.among(communicator, parts)
        super().__init__(model, loss, self.division.parts)
        self.communicator = communicator
        learned = [p for p in model.parameters() if p.requires_grad]
        self.buckets = Buckets(learned, communicator)

    def backward(self, batch: Any, *entropy: int) -> Tensor:
        """The loss of the whole batch, from this rank's ``Share`` of it (or from all of it)."""
        share = self.division.share(batch)
        if self.communicator.rank:  # what is there from before counts once
            self.model.zero_grad()
        statistics, total, error = RunningStatistics(self.model), 0.0, None
        parts = [
            Part(rows, fraction, (*entropy, k)) for k, rows, fraction in self.division.pieces(share)
        ]
        try:
            for part in parts:
                last = part is parts[-1]
                with telling(self.buckets.take) if last else contextlib.nullcontext():
                    total += add_gradients(self.model, self.loss, part)
                statistics.take(part.fraction)
        except Exception as raised:  # the others wait for this rank's numbers
            error = raised
        total = self._sum(total, statistics, error)
        return Tensor(np.float32(total))

    def _sum(self, total: float, statistics: RunningStatistics, error: Exception | None) -> float:
        """Complete the gradients; all small numbers go in one message."""
        had = self.buckets.finish()
        moved = [to_host(mean).reshape(-1) for mean in statistics.mean]
        message = np.concatenate([[total, error is not None], had, *moved]).astype(np.float64)
        self.communicator.all_reduce(message)
        if message[1]:
            self.communicator.agree(error)
        end = 2 + len(had)
        for parameter, ranks in zip(self.buckets.parameters, message[2:end], strict=True):
            if not ranks:  # no part of the loss needs it
                parameter.grad = None
        for mean in statistics.mean:
            values = message[end : end + mean.size].reshape(mean.shape).astype(mean.dtype)
            mean[...] = array_module(mean).asarray(values)
            end += mean.size
        statistics.write()
        return float(message[0])


def reconcile(model: Module, communicator: Communicator) -> None:
    """Rank 0's weights for all. They are the same already, unless processors round differently."""
    if communicator.size > 1:
        state = model.state_dict()
        marks = communicator.gather([zlib.crc32(np.ascontiguousarray(a)) for a in state.values()])
        if any(mark != marks[0] for mark in marks):
            model.load_state_dict(communicator.broadcast(state))


def changes(model: Module, before: int | None, now: int) -> str:
    """What a training that goes on with another number of parts computes differently."""
    if before in (None, now):  # None: a checkpoint that does not say
        return ""
    differs = ["sums are rounded differently"]
    if any(isinstance(m, (BatchNorm2d, ComplexBatchNorm)) for m in model.modules()):
        differs.append("batch normalisation takes the statistics of parts of another size")
    if any(isinstance(m, (Dropout, MapDropout)) and m.rate for m in model.modules()):
        differs.append("dropout draws other units")
    return f"batches were cut into {before}, now into {now}: " + ", ".join(differs)
