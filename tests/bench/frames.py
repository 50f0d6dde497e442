"""An epoch's reading: every batch of a store of random frames, as training asks for them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minipose.datasets.h36m import FIELDS, H36MStore, H36MWriter
from minipose.experiments.pose3d.data import training_batches
from minipose.experiments.pose3d.recipe import Recipe
from minipose.training.prefetch import prefetch
from tests.bench.cases import Case

PIECE = 256  # frames written at a time


class Side:
    """A store of ``case.frames`` frames in a temporary folder."""

    def __init__(self, case: Case, variant: str, device: str, state: dict) -> None:
        self.case, self.device = case, device
        self.folder = Path(tempfile.mkdtemp())
        writer = H36MWriter(self.folder / "frames.h5", ["Walking"])
        rng = np.random.default_rng(0)
        for start in range(0, case.frames, PIECE):
            count = min(PIECE, case.frames - start)
            fields = {
                name: rng.integers(0, 120, (count, *shape)).astype(dtype)
                for name, (shape, dtype) in FIELDS.items()
            }
            writer.append(**fields)
        writer.close()
        self.store = H36MStore(self.folder / "frames.h5")

    def step(self) -> Callable[[], None]:
        """What is timed."""
        return self._epoch

    def wait(self) -> None:
        """Reading is done when it returns."""

    def device_memory(self) -> int:
        """Batches are made on the host here."""
        return 0

    def close(self) -> None:
        """Remove the store."""
        shutil.rmtree(self.folder)

    def _epoch(self) -> None:
        frames = np.arange(self.case.frames)
        recipe = Recipe(batch=self.case.batch)
        batches = training_batches(self.store, frames, "regression", recipe, 0, "cpu")
        for _ in prefetch(batches(0)):
            pass
