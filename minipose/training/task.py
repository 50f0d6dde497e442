"""What a training is, and how far it has come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minipose.nn import Module
from minipose.optim import Average
from minipose.tensor import Tensor
from minipose.training.batches import Batches
from minipose.training.communicator import ALONE, Communicator
from minipose.training.log import Row
from minipose.training.scaling import LossScale


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
    scaling : of the loss, where products are made in half precision
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
    scaling: LossScale | None = None
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

    def rate_of(self, epoch: int, step: int) -> float:
        """The learning rate of a step, without what ``adapt`` makes of it."""
        total = self.epochs * self.batch_count
        return self.learning_rate(epoch * self.batch_count + step, total)


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
    scaling: dict[str, float] = field(default_factory=dict)  # of the loss
