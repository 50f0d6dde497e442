"""Report 1's sentences about its choices, answered from the ablation's trainings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minipose.experiments.pose3d import variants
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.pose3d.train import COLUMNS
from minipose.experiments.side_by_side import Rows, paired
from minipose.experiments.verdict import Verdict, above, alike

PARTS = tuple(COLUMNS)
SATURATED = 1.0  # mm: errors that differ by less are no progress
Seeds = Sequence[dict[str, Any]]  # the numbers of each seed of a row


def best_of(numbers: dict[str, Any], epochs: int) -> dict[str, float]:
    """Of the first epochs of a training the one with the smallest validation error."""
    return min(numbers["curve"][:epochs], key=lambda row: row["validation_mpjpe_mm"])


def errors(seeds: Seeds, part: str, epochs: int) -> list[float]:
    """MPJPE, mm, of each seed after the best of its first epochs."""
    return [best_of(numbers, epochs)[COLUMNS[part]] for numbers in seeds]


@dataclass(frozen=True)
class Claim:
    """A sentence of the report, the rows that it speaks of, and how they answer it."""

    sentence: str
    needs: tuple[str, ...]
    decide: Callable[[Rows, Recipe], Verdict | None]


def findings(rows: Rows, base: Recipe) -> list[str]:
    """A line for each sentence: yes, no or undecided, by what difference of the errors in mm."""
    lines = []
    for claim in CLAIMS:
        if not set(claim.needs) <= variants.VARIANTS.keys():
            continue  # the row is not among those that are compared
        if not paired(rows, *claim.needs):
            answer = "undecided, a training of it diverged"
        else:
            answer = str(claim.decide(rows, base) or "undecided, too few epochs for it")
        lines.append(f'- "{claim.sentence}": {answer}.')
    return lines


def _budget(name: str, base: Recipe) -> int:
    return variants.VARIANTS[name].epochs(base)


def _worse(worse: str, better: str) -> Callable[[Rows, Recipe], Verdict]:
    """Is the test error of one row above the other's, each after its own budget?"""

    def decide(rows: Rows, base: Recipe) -> Verdict:
        a, b = (errors(rows[n], "test", _budget(n, base)) for n in (worse, better))
        return above(a, b)

    return decide


def _worse_beside(worse: str, better: str, smaller: str) -> Callable[[Rows, Recipe], Verdict]:
    """The same after as many epochs as the row ``smaller`` has."""

    def decide(rows: Rows, base: Recipe) -> Verdict:
        epochs = _budget(smaller, base)
        return above(*(errors(rows[n], "test", epochs) for n in (worse, better)))

    return decide


def _regularised(rows: Rows, base: Recipe) -> Verdict:
    """Is the gap between test and training error larger without the detector?"""

    def gaps(name: str) -> list[float]:
        epochs = _budget(name, base)
        test, train = (errors(rows[name], part, epochs) for part in ("test", "train"))
        return [a - b for a, b in zip(test, train, strict=True)]

    return above(gaps(variants.ALONE), gaps(variants.REPORT))


def _saturated(rows: Rows, base: Recipe) -> Verdict | None:
    """Are the validation errors after 5 epochs and after all of them the same?"""
    seeds = rows[variants.NEITHER]
    last = min(len(one["curve"]) for one in seeds)
    if last <= 5:
        return None
    return alike(
        errors(seeds, "validation", 5), errors(seeds, "validation", last), within=SATURATED
    )


def _goes_on(rows: Rows, base: Recipe) -> Verdict | None:
    """Is the validation error after the budget above the one after the epochs beyond it?"""
    seeds, epochs = rows[variants.REPORT], _budget(variants.REPORT, base)
    last = min(len(one["curve"]) for one in seeds)
    if last <= epochs:
        return None
    # The smallest of more errors is smaller by chance alone.
    both = (errors(seeds, "validation", n) for n in (epochs, last))
    return above(*both, by=SATURATED)


V = variants
CLAIMS = (
    Claim(
        "Pre-training with the detection network gives better results (4.4), at one budget",
        (V.ALONE, V.REPORT), _worse(V.ALONE, V.REPORT),
    ),
    Claim(
        "... and where the detector's epochs are not counted, as in the report",
        (V.ALONE, V.REPORT), _worse_beside(V.ALONE, V.REPORT, V.REPORT),
    ),
    Claim(
        "Pre-training helps in regularization (6): test and training error are closer",
        (V.ALONE, V.REPORT), _regularised,
    ),
    Claim(
        "The transferred layers have to be trained on (4.3), not frozen",
        (V.FROZEN, V.REPORT), _worse(V.FROZEN, V.REPORT),
    ),
    Claim(
        "Momentum improves the results (abstract)",
        (V.NO_MOMENTUM, V.REPORT), _worse(V.NO_MOMENTUM, V.REPORT),
    ),
    Claim(
        "Weight decay improves the results (abstract)",
        (V.NO_DECAY, V.REPORT), _worse(V.NO_DECAY, V.REPORT),
    ),
    Claim(
        "Dropout improves the results (abstract)",
        (V.DROPOUT, V.REPORT), _worse(V.REPORT, V.DROPOUT),
    ),
    Claim(
        "A non-linear activation at the last layer improves the results (abstract)",
        (V.TANH, V.REPORT), _worse(V.REPORT, V.TANH),
    ),
    Claim(
        "... with the loss in units of the activation's range",
        (V.TANH_SCALED, V.REPORT), _worse(V.REPORT, V.TANH_SCALED),
    ),
    Claim(
        f"Normal gradient descent saturates within 4 to 5 epochs (4.1), to {SATURATED:g} mm",
        (V.NEITHER,), _saturated,
    ),
    Claim(
        f"With momentum and decay the network goes on learning (5), by {SATURATED:g} mm or more",
        (V.REPORT,), _goes_on,
    ),
    Claim(
        "Regression alone by normal gradient descent is worse (4.4)",
        (V.SECOND, V.REPORT), _worse(V.SECOND, V.REPORT),
    ),
    Claim(
        "Batch 128 is better than batch 1 (4.4), after as many images",
        (V.FIRST, V.SECOND), _worse_beside(V.FIRST, V.SECOND, V.FIRST),
    ),
    Claim(
        "Kernels [32 64 64] are better than the base's, after as many images",
        (V.ALONE, V.WIDE), _worse_beside(V.ALONE, V.WIDE, V.WIDE),
    ),
    Claim(
        "The squared distance (eq. 2) is the better loss",
        (V.DISTANCE, V.REPORT), _worse(V.DISTANCE, V.REPORT),
    ),
    Claim(
        "Eq. 7-8 is better than the published code's rule",
        (V.CODE, V.REPORT), _worse(V.CODE, V.REPORT),
    ),
    Claim(
        "Eq. 2, 7 and 8 are better than the published code's loss and rule",
        (V.DISTANCE_CODE, V.REPORT), _worse(V.DISTANCE_CODE, V.REPORT),
    ),
    Claim(
        "Adam at the same rate is better than eq. 7-8",
        (V.ADAM, V.REPORT), _worse(V.REPORT, V.ADAM),
    ),
)  # fmt: skip
