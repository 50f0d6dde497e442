"""``python -m data_tools.label.measure LABELLED REFERENCE``: labels beside labels made by hand.

Masks are compared by their dice, joints by their distance, both for the pictures that have the same
name in both. REFERENCE is any source that ``python -m data_tools people`` reads.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_tools.arguments import Defaults
from data_tools.label.labeller import Found
from data_tools.people.build import examples
from data_tools.people.candidate import Candidate, Dropped
from data_tools.people.sources import Places, open_source
from minipose.datasets.picture_files import read_rgb
from minipose.datasets.resize import factor_for
from minipose.errors import Parser, UserError, line_of

NEAR = 5.0  # px at the store's scale, the distance that report 2's joints are judged by


@dataclass
class Comparison:
    """What was found.

    Attributes
    ----------
    dice : of each picture of the reference; 0 where it has no label
    labelled : whether it has one that can be used
    unusable : names of labels that cannot, and why
    distances : px at the store's scale (shorter side 128), of the joints that both have
    missing : joints of the reference that the label lacks
    """

    dice: list[float] = field(default_factory=list)
    labelled: list[bool] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    people: int = 0
    missing: int = 0

    def table(self) -> str:
        """Lines for people."""
        every, has = np.array(self.dice), np.array(self.labelled)
        lines = [f"{len(every)} pictures with a mask, {has.sum()} of them labelled"]
        if self.unusable:
            lines.append(f"{len(self.unusable)} labels cannot be used: {examples(self.unusable)}")
        for words, values in (("labelled", every[has]), ("all, 0 without a label", every)):
            if not len(values):
                continue
            low, middle, high = np.percentile(values, (25, 50, 75))
            lines.append(f"dice of {words}: median {middle:.3f}, quartiles {low:.3f} {high:.3f}")
        if self.distances:
            far = np.array(self.distances)
            lines.append(
                f"joints of {self.people} people: {len(far)} in both, median {np.median(far):.1f} "
                f"px at 128 px, {np.mean(far <= NEAR):.2f} within {NEAR:g} px; {self.missing} of "
                "the reference's are missing"
            )
        return "\n".join(lines)


def compare(labelled: Path, reference: Path) -> Comparison:
    """Hold a labelled folder against a reference.

    Raises
    ------
    UserError
        If no picture of the reference has a mask.
    """
    labels = {c.name: c for c in open_source(labelled, Places()).candidates}
    result = Comparison()
    for true in open_source(reference, Places()).candidates:
        size = read_rgb(true.image).shape[:2]
        try:
            mask, _ = true.mask(size)
        except Dropped:
            continue
        found = None
        try:
            found = _label(labels[true.name], size) if true.name in labels else None
        except Dropped as reason:
            result.unusable.append(f"{true.name} ({reason})")
        result.labelled.append(found is not None)
        result.dice.append(0.0 if found is None else _dice(found.mask, mask))
        if found is not None:
            _compare_joints(found.joints, true, factor_for(size), result)
    if not result.dice:
        raise UserError(f"{reference}: no picture has a mask")
    return result


def _label(candidate: Candidate, size: tuple[int, int]) -> Found:
    """The main person's joints and mask.

    Raises
    ------
    Dropped
        If one of them is missing or cannot be read.
    """
    people = candidate.people()
    if not people:
        raise Dropped("no person found")
    return Found(people[0], candidate.mask(size)[0])


def _compare_joints(label: np.ndarray, true: Candidate, factor: float, result: Comparison) -> None:
    """The label's joints and those of the person of the reference that is nearest to them."""
    try:
        people = true.people()
    except Dropped:
        return
    pairs = []
    for person in people:
        both = (label[:, 2] > 0) & (person[:, 2] > 0)
        if both.any():
            away = factor * np.linalg.norm(label[both, :2] - person[both, :2], axis=1)
            pairs.append((float(np.median(away)), away, int((person[:, 2] > 0).sum()) - len(away)))
    if pairs:
        _, away, missing = min(pairs, key=lambda pair: pair[0])
        result.distances += away.tolist()
        result.people += 1
        result.missing += missing


def _dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def main(argv: list[str] | None = None) -> int:
    """Print the comparison. Returns the exit status."""
    parser = Parser(
        prog="python -m data_tools.label.measure",
        formatter_class=Defaults,
        description="Compare labels with labels that were made by hand, picture by picture.",
    )
    parser.add_argument("labelled", type=Path, help="what python -m data_tools label wrote")
    parser.add_argument("reference", type=Path, help="a source with masks, and joints if it has")
    args = parser.parse_args(argv)
    try:
        print(compare(args.labelled, args.reference).table())
    except (ValueError, OSError) as error:
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
