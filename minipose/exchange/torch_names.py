"""What parameters and buffers are called in PyTorch: as here, but for one of batch normalisation.

PyTorch also counts the batches that a batch normalisation has seen, which minipose does without.
"""

from __future__ import annotations

from collections.abc import Mapping

THEIRS = {"running_variance": "running_var"}  # the last part of a name, where it differs
OURS = {theirs: ours for ours, theirs in THEIRS.items()}
WITHOUT = "num_batches_tracked"


def renamed(name: str, last: Mapping[str, str]) -> str:
    """A dotted name with another last part.

    >>> renamed("down.0.first.layers.1.running_variance", THEIRS)
    'down.0.first.layers.1.running_var'
    """
    place, dot, end = name.rpartition(".")
    return place + dot + last.get(end, end)
