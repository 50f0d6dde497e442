"""One way to compare trainings: several seeds each, their spread, the constant baseline, a verdict.

Two trainings that differ in nothing but their random numbers differ in their results, too. So one
run of each says nothing about which of two choices is better; several of each may.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import t as student

from minipose.plots import canvas

UNDECIDED = "undecided"
SHOWN = 8  # so many single results are printed, not more
SURE = 0.95  # how often a verdict is right where there is no difference


@dataclass
class Comparison:
    """Results of several choices, one number for each seed.

    Parameters
    ----------
    what : what the numbers are, with their unit, for instance "error, mm"
    baseline : what saying the same of everything reaches, and
    baseline_name : how that is done, for instance "mean pose"
    lower_is_better : True for errors, False for dice
    paired : whether a seed means the same task for all choices (the same people, the same pictures,
        the same start): then the differences are judged, seed by seed
    """

    what: str
    baseline: float
    baseline_name: str = "constant baseline"
    lower_is_better: bool = True
    paired: bool = False
    results: dict[str, np.ndarray] = field(default_factory=dict)

    def add(
        self, name: str, train: Callable[[int], float], seeds: Iterable[int] = (0, 1, 2)
    ) -> None:
        """Note ``train(seed)`` for each seed under ``name``."""
        self.note(name, [train(seed) for seed in seeds])

    def note(self, name: str, values: Iterable[float]) -> None:
        """Note numbers that are there already, one for each seed."""
        numbers = np.array(list(values), dtype=float)
        if len(numbers) < 2:
            raise ValueError(f"{name}: expected results of two seeds or more, got {len(numbers)}")
        self.results[name] = numbers

    def mean(self, name: str) -> float:
        return float(self.results[name].mean())

    def spread(self, name: str) -> float:
        """The standard deviation of single runs, estimated from these."""
        return float(self.results[name].std(ddof=1))

    def uncertainty(self, one: str, other: str) -> float:
        """How far the difference of both means may come from luck alone.

        Student's t with a common spread s of single runs: t · s · √(1/n + 1/m). For many seeds t is
        about 2; for three of each it is 2.8, since three runs do not tell s well. Paired: t · s/√n
        with the spread s of the n differences.
        """
        a, b = self.results[one], self.results[other]
        if self.paired:
            gaps, free = a - b, len(a) - 1
            error = gaps.std(ddof=1) / math.sqrt(len(gaps))
        else:
            free = len(a) + len(b) - 2
            squares = ((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()
            error = math.sqrt(squares / free * (1 / len(a) + 1 / len(b)))
        return float(student.ppf((1 + SURE) / 2, free) * error)

    def verdict(self, one: str, other: str) -> str:
        """``one`` against ``other``: "better", "worse", or "undecided" within the spread."""
        difference = self.mean(one) - self.mean(other)
        if abs(difference) <= self.uncertainty(one, other):
            return UNDECIDED
        return "better" if (difference < 0) == self.lower_is_better else "worse"

    def show(self, against: str | None = None) -> None:
        """Print a line for each choice, the baseline, and the verdict against one choice."""
        width = max(len(name) for name in [*self.results, self.baseline_name]) + 1
        digits = 1 if max(abs(v).max() for v in self.results.values()) > 10 else 3
        print(f"{self.what}: mean ± spread of single results")
        for name, values in self.results.items():
            line = f"  {name:{width}} {values.mean():8.{digits}f} ± {values.std(ddof=1):.{digits}f}"
            if len(values) <= SHOWN:
                line += f"  ({', '.join(f'{v:.{digits}f}' for v in values)})"
            if against not in (None, name):
                gap, luck = self.mean(name) - self.mean(against), self.uncertainty(name, against)
                line += (
                    f"  {gap:+.{digits}f}, luck {luck:.{digits}f}: {self.verdict(name, against)}"
                )
            print(line)
        print(f"  {self.baseline_name:{width}} {self.baseline:8.{digits}f}")

    def draw(self, axes: Axes) -> None:
        """Each run as a point, the mean as a bar, the baseline as a dashed line."""
        names = list(self.results)[::-1]
        axes.set_axisbelow(True)
        axes.barh(names, [self.mean(n) for n in names], color="#cfe0e8", height=0.6)
        for row, name in enumerate(names):
            values = self.results[name]
            axes.plot(values, [row] * len(values), "o", color=canvas.PREDICTION, markersize=4)
        label = f"{self.baseline_name}, {self.baseline:.3g}"
        axes.axvline(self.baseline, color=canvas.GREY, linestyle="--", label=label)
        axes.set(xlabel=f"{self.what} (a point: one seed)", xlim=(0, None))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=7)
