"""Joints of any skeleton as BODY_25: told by names or by their number, checked, completed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data_tools.people.candidate import Dropped
from minipose.datasets.guard import storable
from minipose.skeletons import BODY_25, COCO_17, COCO_23, HALPE_26, indices_by_name

OCCLUDED = 0.5  # confidence of a joint that a person placed without seeing it
# Skeletons by their number of joints. COCO-WholeBody's 133 begin with COCO's 17 and 6 of the feet,
# Halpe's 136 with its own 26; faces and hands follow.
BY_NUMBER = {17: COCO_17, 23: COCO_23, 25: BODY_25, 26: HALPE_26, 133: COCO_23, 136: HALPE_26}
# What annotation files call joints that have another name here.
ALIASES = {
    "pelvis": "mid hip", "hip": "mid hip", "hips": "mid hip", "middle hip": "mid hip",
    "thorax": "neck", "head": "head top",
}  # fmt: skip
MIDDLES = (("neck", "left shoulder", "right shoulder"), ("mid hip", "left hip", "right hip"))
ASTRAY = 0.3  # of torso or width; 1,099 real people: at most 0.07, of BODY_25B: 0.22, median 0.62


def skeleton_of(numbers: int, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """The joints that a list of ``numbers`` values (x, y and confidence of each) tells of.

    Parameters
    ----------
    names : what the file itself calls them, if it does

    Raises
    ------
    Dropped
        If there is no such skeleton.
    """
    joints, rest = divmod(numbers, 3)
    if names and not rest and len(names) == joints:
        plain = [name.lower().replace("_", " ").strip() for name in names]
        found = tuple(ALIASES.get(name, name) for name in plain)
        if len(set(found) & set(BODY_25)) > 1:
            return found
    if joints == 18 and not rest:
        raise Dropped("keypoints are COCO-18, not BODY_25", f"{numbers} numbers, expected 75")
    if rest or joints not in BY_NUMBER:
        expected = ", ".join(str(3 * n) for n in BY_NUMBER)
        raise Dropped(
            "keypoints of an unknown skeleton", f"{numbers} numbers a person, expected {expected}"
        )
    return BY_NUMBER[joints]


def to_numbers(values: object) -> np.ndarray:
    """A flat list from a file as float64 (n,); null, an unlabelled joint's place, becomes NaN.

    Raises
    ------
    Dropped
        If it is no such list.
    """
    if not isinstance(values, list):
        raise Dropped("keypoints are no numbers", f"expected a list, got {type(values).__name__}")
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise Dropped("keypoints are no numbers", "a joint is not a number") from None
    if numbers.ndim != 1:
        raise Dropped("keypoints are no numbers", f"expected a flat list, got {numbers.shape}")
    return numbers


def to_body_25(points: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Joints (J, 3) of another skeleton -> (25, 3) by name; what it lacks is 0, 0, 0.

    A joint without confidence has no place, so what stands there in its stead is of no interest.

    Raises
    ------
    Dropped
        If a confidence, or the place of a joint with confidence, is not finite.
    """
    found = np.array(indices_by_name(tuple(names)))
    joints = np.zeros((25, 3))
    joints[found >= 0] = points[found[found >= 0]]
    joints[joints[:, 2] <= 0] = 0
    if not storable(joints).all():
        missing = BODY_25[int(np.flatnonzero(~storable(joints).all(axis=1))[0])]
        raise Dropped("a joint is not a finite number", missing)
    return joints


def complete(joints: np.ndarray, skeleton: Sequence[str]) -> np.ndarray:
    """Neck and mid hip, where the skeleton has none, as middles of the shoulders and of the hips.

    Their confidence is the smaller of the two. OpenPose's own were defined in this way; the data
    sets that annotate people by hand have no mid hip, and mostly no neck. What a skeleton has and
    a detector did not find stays missing.

    Parameters
    ----------
    joints : BODY_25 (25, 3)
    skeleton : names of the joints that the annotation has
    """
    joints = joints.copy()
    for name, *sides in MIDDLES:
        if name in skeleton:
            continue
        middle, left, right = (BODY_25.index(n) for n in (name, *sides))
        if joints[middle, 2] <= 0 < min(joints[left, 2], joints[right, 2]):
            joints[middle, :2] = (joints[left, :2] + joints[right, :2]) / 2
            joints[middle, 2] = min(joints[left, 2], joints[right, 2])
    return joints


def check_order(joints: np.ndarray) -> None:
    """Refuse 25 joints whose neck or mid hip is far from the middle of its neighbours.

    Other skeletons have 25 joints too (BODY_25B, for one), in another order.

    Raises
    ------
    Dropped
        If both middles can be held against their neighbours and either is astray.
    """
    where = {name: joints[BODY_25.index(name)] for names in MIDDLES for name in names}
    if min(joint[2] for joint in where.values()) <= 0:
        return
    torso = np.linalg.norm(where["neck"][:2] - where["mid hip"][:2])
    for name, left, right in MIDDLES:
        away = np.linalg.norm((where[left][:2] + where[right][:2]) / 2 - where[name][:2])
        width = np.linalg.norm(where[left][:2] - where[right][:2])
        if away > ASTRAY * max(torso, width):
            raise Dropped(
                "keypoints are not in BODY_25's order", f"{name} is {away:.0f} px from the middle"
            )
