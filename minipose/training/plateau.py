"""A training that ends by itself: smaller rates where nothing gets better, then the end.

>>> plateau = Plateau("loss", patience=2, shrink=0.2, times=1)
>>> history = [{"loss": 3.0}, {"loss": 2.0}, {"loss": 2.5}]
>>> plateau(history)
1.0
>>> plateau([*history, {"loss": 2.2}])  # two epochs without a smaller loss than 2
0.2
>>> plateau([*history, {"loss": 2.2}, {"loss": 2.1}, {"loss": 2.0}]) is None  # and two more
True
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from minipose.training.log import Row


class Plateau:
    """From the log of the epochs so far, the factor of the next one's rate; None ends it.

    It depends on the log alone, so a training that is resumed goes on as it would have gone on.

    Parameters
    ----------
    watch : the column whose smallest value counts
    patience : epochs without a smaller one, after which the rate shrinks
    shrink : to this fraction of what it was
    times : how often, before the next plateau is the end
    """

    def __init__(self, watch: str, patience: int, shrink: float = 0.2, times: int = 2) -> None:
        if patience < 1:
            raise ValueError(f"Plateau: expected a patience of 1 epoch or more, got {patience}")
        self.watch, self.patience = watch, patience
        self.shrink, self.times = shrink, times

    def __call__(self, history: Sequence[Row]) -> float | None:
        smallest, waited, shrunk = math.inf, 0, 0
        for row in history:
            if row[self.watch] < smallest:
                smallest, waited = row[self.watch], 0
                continue
            waited += 1
            if waited == self.patience:
                if shrunk == self.times:
                    return None
                shrunk, waited = shrunk + 1, 0
        return self.shrink**shrunk
