"""Which samples are trained on: the split that the data give, else a random one.

Near duplicates of a picture stay on its side: a network that was trained on one of them would be
measured on what it knows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PARTS = ("train", "validation", "test")


def split_samples(
    groups: np.ndarray,
    given: Sequence[str],
    validation: float,
    seed: int,
    limit: int | None = None,
) -> dict[str, np.ndarray]:
    """Sample numbers of ``train`` and ``validation``, and of ``test`` where the data give one.

    Samples without a given part are divided by one random permutation. Of a group that comes to
    lie on both sides, all go where its first member in that order is, unless the data say other.

    Parameters
    ----------
    groups : (N,) number of each sample's group; near duplicates share one
    given : (N,) the part that the data give to each sample; "" is none
    validation : fraction of the others that is held out
    limit : at most this many samples in all
    """
    order = np.random.default_rng(seed).permutation(len(groups))[:limit]
    part = np.array(given, dtype=object)[order]
    free = np.flatnonzero(part == "")
    first = int((1 - validation) * len(free) + 1e-9)
    part[free[:first]], part[free[first:]] = "train", "validation"
    part[free] = _together(groups[order], part, free)
    parts = {name: order[part == name] for name in PARTS}
    return parts if len(parts["test"]) else {name: parts[name] for name in PARTS[:2]}


def _together(groups: np.ndarray, part: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Parts of the samples ``free``: that of the group's first fixed, else first, member."""
    fixed = np.ones(len(groups), dtype=bool)
    fixed[free] = False
    leader: dict[int, str] = {}
    for k in (*np.flatnonzero(fixed), *free):
        leader.setdefault(int(groups[k]), part[k])
    return np.array([leader[int(groups[k])] for k in free], dtype=object)
