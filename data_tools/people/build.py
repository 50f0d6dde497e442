"""From candidates to the store: check, scale, write, and count why each picture was left out."""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data_tools.people.candidate import Candidate, Dropped, People, dropping
from data_tools.people.joints import complete
from data_tools.people.openpose import joints_found
from minipose.datasets.guard import storable
from minipose.datasets.people import SPLIT_SEED, TEXTS, PeopleWriter, Person
from minipose.datasets.picture_files import read_rgb
from minipose.datasets.resize import SIDE, factor_for, resize_bicubic, resize_mask, scale_points
from minipose.datasets.texts import encoded

EXAMPLES = 3  # names shown for each reason
ON_MASK = 0.5  # of a person's joints must lie on the mask; of 1,028 good people 0.91 and more do
REACH = 2  # px of the small picture by which the mask is widened for that


@dataclass(frozen=True)
class Rules:
    """What a picture must have; the defaults are report 2's (section II-A).

    Attributes
    ----------
    min_joints : of 25; None is 22 of 25, and in proportion where the source's skeleton has fewer
    max_people : in the picture
    side : px of the shorter side
    """

    min_joints: int | None = None
    max_people: int = 1
    side: int = SIDE

    def enough(self, possible: int) -> int:
        """How many of the ``possible`` joints a person must have: ⌊22/25 · possible + ½⌋."""
        return int(22 / 25 * possible + 0.5) if self.min_joints is None else self.min_joints


@dataclass
class Tally:
    """What was kept of each source and why the rest was not."""

    kept: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    dropped: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    remarks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unseen: int = 0

    @property
    def written(self) -> int:
        return sum(self.kept.values())

    @property
    def total(self) -> int:
        return self.written + sum(map(len, self.dropped.values()))

    def table(self) -> str:
        """The table that ends a build: counts, reasons, and examples of each."""
        kept = self.written
        lines = [f"{self.total:>9}  pictures looked at", f"{kept:>9}  kept"]
        if len(self.kept) > 1:
            lines += [f"{n:>9}    from {source}" for source, n in sorted(self.kept.items())]
        lines.append(f"{self.total - kept:>9}  left out")
        for reason, names in sorted(self.dropped.items(), key=lambda item: -len(item[1])):
            lines.append(f"{len(names):>9}    {reason}: {examples(names)}")
        for remark, names in sorted(self.remarks.items()):
            lines.append(f"{len(names):>9}  remarked: {remark}: {examples(names)}")
        if self.unseen:
            lines.append(f"{self.unseen:>9}  not looked at: the limit was reached")
        return "\n".join(lines)


def build(
    candidates: list[Candidate],
    out: Path,
    rules: Rules | None = None,
    limit: int | None = None,
    seed: int = SPLIT_SEED,
    workers: int = 2,
) -> Tally:
    """Write the store of all candidates that obey the rules; none is written if none does.

    Parameters
    ----------
    limit : keep at most this many, drawn at random with ``seed``; None keeps all, in order
    """
    rules = rules or Rules()
    if limit is not None:
        order = np.random.default_rng(seed).permutation(len(candidates))
        candidates = [candidates[i] for i in order]
    tally = Tally()
    progress = tqdm(total=len(candidates), unit="picture", disable=not sys.stderr.isatty())
    with progress, PeopleWriter(out) as writer:
        for candidate, (result, off) in _in_order(candidates, rules, workers):
            progress.update()
            if isinstance(result, Dropped):
                detail = f" ({result.detail})" if result.detail else ""
                tally.dropped[result.reason].append(candidate.name + detail)
                continue
            writer.append(result)
            tally.kept[candidate.source] += 1
            if off:
                tally.remarks["mask was one pixel off, now fits"].append(candidate.name)
            if writer.count == limit:
                break
        for name, first in writer.duplicates():
            tally.remarks["near duplicates, kept as one group"].append(f"{name} = {first}")
        tally.unseen = len(candidates) - tally.total
        if not writer.count:
            writer.abandon()
    return tally


def make_person(candidate: Candidate, rules: Rules) -> tuple[Person, bool]:
    """One candidate as it goes into the store, and whether its mask was one pixel off.

    The checks go from cheap to dear, so a picture that fails several is counted under the first.

    Raises
    ------
    Dropped
        With the first rule that it breaks.
    """
    with dropping("name is too long"):
        encoded([candidate.name], TEXTS["name"])
    with dropping("keypoints unreadable"):
        people = candidate.people()
        person = _choose(people, rules)
    with dropping("picture unreadable"):
        image = read_rgb(candidate.image)
    _check_places(person, image.shape[:2])
    with dropping("picture is a strip"):
        factor = factor_for(image.shape[:2], rules.side)
    with dropping("mask unreadable"):
        mask, off = candidate.mask(image.shape[:2])
    small_mask = resize_mask(mask, factor)
    if not small_mask.any():
        raise Dropped("mask is empty", f"at {rules.side} px; {int(mask.sum())} px before")
    person = complete(person, people.skeleton)
    found = person[:, 2:] > 0
    keypoints = np.where(
        found, np.concatenate([scale_points(person[:, :2], factor), person[:, 2:]], axis=1), 0.0
    )
    _check_on_mask(keypoints, small_mask)
    sample = Person(
        resize_bicubic(image, factor),
        small_mask,
        keypoints.astype(np.float32),
        candidate.name,
        candidate.source,
        candidate.split,
    )
    return sample, off


def _choose(people: People, rules: Rules) -> np.ndarray:
    """The person to keep: of several, if they are allowed, the one with most joints found."""
    if not people:
        raise Dropped("no person found")
    if len(people) > rules.max_people:
        expected = "one person" if rules.max_people == 1 else f"{rules.max_people} people"
        raise Dropped(f"more than {expected}", f"{len(people)}")
    person = max(people, key=joints_found)
    if not storable(person).all():
        raise Dropped("a joint is not a finite number")
    enough = rules.enough(people.possible)
    if joints_found(person) < enough:
        raise Dropped(f"fewer than {enough} joints", f"{joints_found(person)}")
    return person


def _check_places(person: np.ndarray, size: tuple[int, int]) -> None:
    """Joints may leave the picture; if most do, they belong to a picture of another size."""
    found = person[person[:, 2] > 0, :2]
    inside = ((found > -1) & (found < size[::-1])).all(axis=1)
    if 2 * inside.sum() < len(found):
        raise Dropped(
            "joints lie outside the picture",
            f"{len(found) - inside.sum()} of {len(found)}: were they found at another size?",
        )


def _check_on_mask(keypoints: np.ndarray, mask: np.ndarray) -> None:
    """Joints and mask must tell of the same person; both are those of the small picture.

    What this finds: joints of another person or at another size, or of a picture that was rotated
    upright later, and masks of the background.
    """
    found = keypoints[keypoints[:, 2] > 0, :2]
    on, beside = _joints_on(found, mask != 0), _joints_on(found, mask == 0)
    if on < ON_MASK * len(found) or on < beside:
        raise Dropped("joints do not lie on the mask", f"{on} of {len(found)}")


def _joints_on(found: np.ndarray, mask: np.ndarray) -> int:
    """How many of the places (J, 2) lie on a mask (H, W) that is widened by ``REACH``."""
    height, width = mask.shape
    x, y = np.rint(np.clip(found, -1e6, 1e6)).astype(int).T + REACH
    padded = np.pad(mask, 2 * REACH)
    near = np.zeros((height + 2 * REACH, width + 2 * REACH), dtype=bool)
    for row in range(2 * REACH + 1):
        for column in range(2 * REACH + 1):
            near |= padded[row : row + near.shape[0], column : column + near.shape[1]]
    here = (x >= 0) & (y >= 0) & (x < near.shape[1]) & (y < near.shape[0])
    return int(near[y[here], x[here]].sum())


def _attempt(candidate: Candidate, rules: Rules) -> tuple[Person | Dropped, bool]:
    try:
        with dropping("cannot be used"):
            return make_person(candidate, rules)
    except Dropped as reason:
        return reason, False


def _in_order(
    candidates: Iterable[Candidate], rules: Rules, workers: int
) -> Iterator[tuple[Candidate, tuple[Person | Dropped, bool]]]:
    """Results in the candidates' order, a few made ahead on threads."""
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque = deque()
        try:
            for candidate in candidates:
                ahead.append((candidate, pool.submit(_attempt, candidate, rules)))
                if len(ahead) > 4 * workers:
                    first, result = ahead.popleft()
                    yield first, result.result()
            while ahead:
                first, result = ahead.popleft()
                yield first, result.result()
        finally:
            for _, result in ahead:
                result.cancel()


def examples(names: list[str]) -> str:
    """The first of them."""
    more = ", ..." if len(names) > EXAMPLES else ""
    return ", ".join(names[:EXAMPLES]) + more
