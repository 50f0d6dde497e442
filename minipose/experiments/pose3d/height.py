"""How tall somebody is, from the joints that were found: the second report's wish."""

from __future__ import annotations

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.skeletons import H36M_17

FOOT = 85.0  # mm from the ankle to the floor
AT = {name: i for i, name in enumerate(H36M_17)}
TRUNK = ("pelvis", "spine", "neck", "head", "head top")
LEGS = tuple(tuple(f"{side} {j}" for j in ("hip", "knee", "ankle")) for side in ("left", "right"))


def height(joints: np.ndarray) -> np.ndarray:
    """Σ |bone| from an ankle to the head's top + 85 mm: (N, 17, 3) mm -> (N,) mm.

    The mean of both legs counts. Bones are added up wherever they point, so that who sits or bows
    is as tall as who stands; a neck that leans makes that a few cm more than a measuring rod shows.
    """
    joints = np.asarray(joints, dtype=np.float64)
    return _length(joints, TRUNK) + sum(_length(joints, leg) for leg in LEGS) / 2 + FOOT


def mean_height(store: H36MStore, frames: np.ndarray) -> float:
    """The mean height of who is in these frames, mm: the constant baseline."""
    pieces = [frames[start : start + 8192] for start in range(0, len(frames), 8192)]
    return sum(height(store.read("joints_3d", p)).sum() for p in pieces) / len(frames)


def height_errors(
    found: np.ndarray, true: np.ndarray, person: np.ndarray, constant: float
) -> dict[str, float]:
    """Mean absolute errors in cm, of heights (N,) in mm.

    Parameters
    ----------
    person : (N,), equal for all frames of one take of somebody, whichever camera saw it
    constant : mm, the height that is predicted for everybody

    Returns
    -------
    ``frame_cm`` of single frames, ``take_cm`` of the mean over each take, ``constant_cm`` of the
    constant for each take; and ``people``, how many takes that are.
    """
    takes = [person == one for one in np.unique(person)]
    means = np.array([(found[take].mean(), true[take].mean()) for take in takes])
    return {
        "people": len(takes),
        "frame_cm": float(np.abs(found - true).mean()) / 10,
        "take_cm": float(np.abs(means[:, 0] - means[:, 1]).mean()) / 10,
        "constant_cm": float(np.abs(constant - means[:, 1]).mean()) / 10,
    }


def people(store: H36MStore, frames: np.ndarray) -> np.ndarray:
    """For each frame a number of its subject, action and take, (N,)."""
    keys = np.stack([store.labels[k][frames] for k in ("subject", "action", "subaction")])
    return np.unique(keys, axis=1, return_inverse=True)[1].reshape(-1)


def height_table(splits: dict[str, dict]) -> list[str]:
    """The errors as lines of Markdown."""
    lines = [
        "| error in cm | takes | of a frame | of the mean of a take | of the mean height |",
        "|---|---|---|---|---|",
    ]
    for name, r in splits.items():
        h = r["height"]
        lines.append(
            f"| height, {name} | {h['people']} | {h['frame_cm']:.1f} | {h['take_cm']:.1f} | "
            f"{h['constant_cm']:.1f} |"
        )
    return lines


def _length(joints: np.ndarray, chain: tuple[str, ...]) -> np.ndarray:
    places = joints[:, [AT[name] for name in chain]]
    return np.linalg.norm(np.diff(places, axis=1), axis=2).sum(axis=1)
