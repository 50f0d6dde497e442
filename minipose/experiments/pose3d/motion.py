"""How smoothly predictions move: their acceleration beside the true one, and their standstills."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.metrics import acceleration_error, identical_fraction, run_lengths


class Steps(NamedTuple):
    """How frames follow each other.

    Attributes
    ----------
    starts : indices at which a new sequence begins: another take, or frames are left out
    step : frames of the video from one to the next within a sequence
    seconds : the same as time
    """

    starts: np.ndarray
    step: int
    seconds: float


def steps_of(store: H36MStore, frames: np.ndarray) -> Steps:
    """Where the sequences of these frames begin, and the time between two frames of them."""
    takes, numbers = store.takes()[frames], store.labels["frame"][frames]
    same, gaps = takes[1:] == takes[:-1], np.diff(numbers)
    step = int(np.median(gaps[same])) if same.any() else 1
    starts = np.flatnonzero(~same | (gaps != step)) + 1
    step = max(1, step)
    return Steps(np.concatenate([[0], starts]).astype(int), step, step / store.rate)


def motion(predicted: np.ndarray, target: np.ndarray, steps: Steps) -> dict[str, Any]:
    """Numbers of how poses (N, 17, 3), mm, follow each other.

    Returns
    -------
    ``step_frames`` and ``step_seconds``; ``acceleration_error_mm`` in mm/frame² and what it is for
    a pose that stands still, ``acceleration_of_constant_mm``, both None where no three frames
    follow each other; ``equal_poses``, the fraction of poses that equal the one before; and of the
    runs of two or more equal ones their number, ``equal_runs``, and frames, ``equal_run_mean`` and
    ``equal_run_longest``.
    """
    runs = run_lengths(predicted, steps.starts)
    runs = runs[runs > 1]
    return {
        "step_frames": steps.step,
        "step_seconds": steps.seconds,
        "acceleration_error_mm": _known(acceleration_error(predicted, target, steps.starts)),
        "acceleration_of_constant_mm": _known(
            acceleration_error(np.zeros_like(target), target, steps.starts)
        ),
        "equal_poses": identical_fraction(predicted, steps.starts),
        "equal_runs": len(runs),
        "equal_run_mean": float(runs.mean()) if len(runs) else 1.0,
        "equal_run_longest": int(runs.max()) if len(runs) else 1,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def motion_table(splits: dict[str, dict[str, Any]]) -> list[str]:
    """The numbers of each part as lines of Markdown."""
    lines = [
        "| motion | s from frame to frame | acceleration error, mm/frame² | of a pose that stands "
        "still | runs of equal predictions | frames a run, mean | longest |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, r in splits.items():
        lines.append(
            f"| {name} | {r['step_seconds']:.2f} | {_shown(r['acceleration_error_mm'])} | "
            f"{_shown(r['acceleration_of_constant_mm'])} | {r['equal_runs']} | "
            f"{r['equal_run_mean']:.1f} | {r['equal_run_longest']} |"
        )
    return lines


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
