"""What an all-reduce costs, α + β·bytes, and what that makes of many machines.

    T(p, n) = 2 ⌈log₂ p⌉ α + 2 (p − 1)/p · n β

is the time of a sum of n bytes over p ranks (reduce-scatter, then all-gather). While backward, two
thirds of a step's compute, still runs, sums cost nothing; the rest of them is waited for:

    step(p, b) = c(b) + exposed,   exposed = max(T − ⅔ c(b), T of the last bucket)

Source: R. Thakur, R. Rabenseifner, W. Gropp 2005, "Optimization of collective communication
operations in MPICH", section 4.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from minipose.training.buckets import BUCKET

BACKWARD = 2 / 3  # of a step's compute: dL/dx and dL/dw beside the forward pass
ENOUGH = 0.9  # of the speed that as many machines would have alone


@dataclass(frozen=True)
class Link:
    """A way between ranks: seconds a message (α), seconds a byte (β)."""

    name: str
    alpha: float
    beta: float

    def seconds(self, ranks: int, size: float, messages: int = 1) -> float:
        """All-reduces of ``size`` bytes in all."""
        if ranks == 1:
            return 0.0
        rounds = 2 * math.ceil(math.log2(ranks))
        return messages * rounds * self.alpha + 2 * (ranks - 1) / ranks * size * self.beta


# Not measured: the rate is the link's own, the latency what is usual for it.
ETHERNET = Link("10 Gbit/s Ethernet", 30e-6, 1 / 1.25e9)
NVLINK = Link("NVLink", 10e-6, 1 / 450e9)


@dataclass(frozen=True)
class Work:
    """A step of one rank: fixed seconds, seconds an image, and what it sends."""

    fixed: float
    image: float
    size: float
    messages: int

    def compute(self, batch: float) -> float:
        """Seconds for a rank's part of a batch."""
        return self.fixed + self.image * batch

    def exposed(self, ranks: int, batch: float, link: Link) -> float:
        """Seconds that a rank waits for sums."""
        if ranks == 1:
            return 0.0
        last = link.seconds(ranks, min(self.size, BUCKET))
        whole = link.seconds(ranks, self.size, self.messages)
        return max(whole - BACKWARD * self.compute(batch), last)

    def step(self, ranks: int, batch: float, link: Link) -> float:
        """Seconds of a step in which each rank has ``batch`` images."""
        return self.compute(batch) + self.exposed(ranks, batch, link)

    def speedup(self, ranks: int, batch: float, link: Link) -> float:
        """Images a second over those of one rank with the same part of a batch."""
        return ranks * self.compute(batch) / self.step(ranks, batch, link)

    def needed(self, ranks: int, link: Link) -> int:
        """The smallest power of two of images a rank with which ``ENOUGH`` is reached."""
        batch = 1
        while self.speedup(ranks, batch, link) < ENOUGH * ranks and batch < 1 << 16:
            batch *= 2
        return batch


def fit(sizes: list[int], seconds: list[float], ranks: int = 2) -> Link:
    """α and β from the times of all-reduces, by least squares of the relative errors."""
    rounds = 2 * math.ceil(math.log2(ranks))
    rows = np.array([[rounds, 2 * (ranks - 1) / ranks * size] for size in sizes])
    weight = 1 / np.array(seconds)
    scale = np.array([1.0, 1e6])  # so that both columns are of one order
    found = np.linalg.lstsq(rows / scale * weight[:, None], np.ones(len(sizes)), rcond=None)[0]
    alpha, beta = np.maximum(found / scale, 0)
    return Link("measured", float(alpha), float(beta))
