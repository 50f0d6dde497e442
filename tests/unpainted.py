"""Plots that are put together but not painted, which takes longer than a tiny training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from minipose.plots import canvas
from minipose.storage import atomic

SIZE = (8, 8)  # px


@contextmanager
def unpainted() -> Iterator[None]:
    """For a test that asks for numbers: pictures are written as ever, but black and tiny."""
    with (
        mock.patch.object(canvas, "save", _save),
        mock.patch.object(canvas, "to_pixels", lambda plot: np.zeros((*SIZE, 3), np.uint8)),
    ):
        yield


def _save(plot: Figure, path: str | Path) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as partial:
        Image.new("RGB", SIZE).save(partial, format="png")
    return path
