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

    Samples without a given part are divided by one random permutation, a group at a time: groups in
    the order of their first members are trained on until the fraction is reached. A group with a
    member that the data give a part to follows it.

    Parameters
    ----------
    groups : (N,) number of each sample's group; near duplicates share one
    given : (N,) the part that the data give to each sample; "" is none
    validation : fraction of the others that is held out
    limit : at most this many samples in all
    """
    order = np.random.default_rng(seed).permutation(len(groups))[:limit]
    part = np.array(given, dtype=object)[order]
    groups = groups[order]
    for k in np.flatnonzero(part != ""):
        follow = (groups == groups[k]) & (part == "")
        part[follow] = part[k]
    free = np.flatnonzero(part == "")
    _, firsts, member, sizes = np.unique(
        groups[free], return_index=True, return_inverse=True, return_counts=True
    )
    by_first = np.argsort(firsts)
    before = np.zeros(len(sizes), dtype=np.int64)  # samples of the groups that come earlier
    before[by_first] = np.cumsum(sizes[by_first]) - sizes[by_first]
    first = int((1 - validation) * len(free) + 1e-9)
    part[free] = np.where(before[member] < first, "train", "validation")
    parts = {name: order[part == name] for name in PARTS}
    return parts if len(parts["test"]) else {name: parts[name] for name in PARTS[:2]}
