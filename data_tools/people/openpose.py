"""OpenPose's JSON files, one a picture: everybody's joints in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data_tools.people.candidate import Dropped, People, dropping
from data_tools.people.joints import check_order, skeleton_of, to_body_25, to_numbers
from minipose.datasets.guard import SAMPLE_BYTES, read_json
from minipose.skeletons import BODY_25

SUFFIX = "_keypoints.json"
FOREIGN = "keypoint file is not OpenPose's"


def read_people(path: Path) -> People:
    """Everybody in a file: arrays float64 (25, 3) of x, y in px and confidence.

    Versions 1.2 and 1.3 are read, and files that hold nothing but the joints; other tools write the
    same form with COCO's, Halpe's or COCO-WholeBody's joints.

    Raises
    ------
    Dropped
        If the file is damaged, older (COCO-18), or its coordinates are not pixels.
    """
    with dropping("keypoint file unreadable"):
        return people_in(read_json(path, SAMPLE_BYTES))


def people_in(content: object) -> People:
    """The same from what stands in the file."""
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise Dropped(FOREIGN, "it has no list 'people'")
    absent = _absent(content)
    found = [_person(entry) for entry in people]
    return everybody([(j, [name for name in s if name not in absent]) for j, s in found])


def _absent(content: dict) -> list[object]:
    """Joints that the labeller never gives, as ``data_tools label`` notes them; mostly none."""
    labeller = content.get("labeller")
    absent = labeller.get("absent") if isinstance(labeller, dict) else None
    return absent if isinstance(absent, list) else []


def everybody(found: list[tuple[np.ndarray, Sequence[str]]]) -> People:
    """People from the joints and the skeleton of each; the largest skeleton counts."""
    skeletons = [skeleton for _, skeleton in found] or [BODY_25]
    return People([joints for joints, _ in found], max(skeletons, key=len))


def _person(entry: object) -> tuple[np.ndarray, Sequence[str]]:
    """BODY_25 joints, and the skeleton that they come from."""
    if not isinstance(entry, dict):
        raise Dropped(FOREIGN, "a person is not a set of named values")
    if "pose_keypoints_2d" not in entry:
        if "pose_keypoints" in entry:
            raise Dropped("keypoints are COCO-18, not BODY_25", "version 1.0")
        raise Dropped(FOREIGN, "a person has no 'pose_keypoints_2d'")
    return from_numbers(to_numbers(entry["pose_keypoints_2d"]))


def from_numbers(
    numbers: np.ndarray, names: list[str] | None = None, threshold: float = 0.0
) -> tuple[np.ndarray, Sequence[str]]:
    """x, y, confidence of each joint in a row -> BODY_25 (25, 3), and the skeleton it was.

    Parameters
    ----------
    names : what the file calls the joints; without, their number tells the skeleton
    threshold : joints whose confidence is not above it are not found
    """
    skeleton = skeleton_of(len(numbers), names)
    joints = numbers.reshape(-1, 3)
    joints = np.where(joints[:, 2:] <= threshold, 0.0, joints)
    joints = to_body_25(joints, skeleton)
    found = joints[joints[:, 2] > 0]
    # --keypoint_scale 3 and 4 of OpenPose write 0-1 and −1-1; pixels of a person span more.
    if len(found) > 1 and np.abs(found[:, :2]).max() <= 1.0:
        raise Dropped("keypoints are scaled to 0-1, not pixels", "run with --keypoint_scale 0")
    if skeleton == BODY_25:
        check_order(joints)
    return joints, skeleton


def joints_found(joints: np.ndarray) -> int:
    """How many joints OpenPose found, as report 2 counted: ⌊numbers that are not 0 / 3⌋.

    A found joint whose x is exactly 0 thus counts by two thirds only.

    Source: report 2's published code; ≥ 22 is section II-A.
    """
    return int(np.count_nonzero(joints)) // 3
