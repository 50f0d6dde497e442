"""A small regression with dropout, run in a process of its own by the tests that kill it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import minipose as mp
from minipose.errors import Interrupted
from minipose.nn import Dropout, Linear, Module
from minipose.optim import Adam
from minipose.tensor import Tensor
from minipose.training.loop import cosine_rate, fit
from minipose.training.task import Task
from minipose.training.world import everywhere, world


class Toy(Module):
    """y = W₂ dropout(tanh(W₁ x))."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.first, self.dropout = Linear(4, 16, rng), Dropout(0.3)
        self.second = Linear(16, 1, rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.dropout(mp.ops.tanh(self.first(x))))


def make_task(folder: Path, epochs: int = 4, pause: float = 0.0, blow_up: bool = False) -> Task:
    """Eight batches an epoch; ``pause`` seconds a batch, so that there is time to be killed."""

    def batches(epoch: int):
        rng = np.random.default_rng([7, epoch])
        for step in range(8):
            time.sleep(pause)
            print(f"step {epoch} {step}", flush=True)
            x = rng.standard_normal((16, 4)).astype(np.float32)
            if blow_up and (epoch, step) == (1, 3):
                x[0, 0] = np.inf
            yield x, (x[:, :1] * x[:, 1:2]).astype(np.float32)

    def loss(model, batch):
        return mp.losses.mse(model(Tensor(batch[0])), batch[1])

    def validate(model):
        x = np.linspace(-1, 1, 40, dtype=np.float32).reshape(10, 4)
        error = model(Tensor(x)).data - x[:, :1] * x[:, 1:2]
        return {"validation_mse": float((error**2).mean())}

    return Task(
        name="",
        batches=batches,
        batch_count=8,
        loss=loss,
        validate=validate,
        watch="validation_mse",
        images=lambda batch: len(batch[0]),
        learning_rate=cosine_rate(0.01, 0.1),
        epochs=epochs,
        seed=3,
        folder=folder,
        meta={"job": "toy"},
    )


def main() -> int:
    """``toy.py FOLDER PAUSE [resume] [parts]``: by all ranks that there are."""
    net = Toy()
    task = make_task(Path(sys.argv[1]), pause=float(sys.argv[2]))
    task.communicator, task.parts = world(), 2 if "parts" in sys.argv else 1
    try:
        fit(task, net, Adam(net.parameters(), 0.01), resume="resume" in sys.argv)
    except Interrupted:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(everywhere(main))
