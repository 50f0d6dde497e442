"""OpenPose's BODY_25 joints: read from its JSON files, or made of another skeleton's joints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from data_tools.people.candidate import Dropped
from minipose.skeletons import indices_by_name

SUFFIX = "_keypoints.json"
OCCLUDED = 0.5  # confidence of a joint that a person placed without seeing it
NUMBERS = 75  # 25 joints: x, y, confidence


def read_people(path: Path) -> list[np.ndarray]:
    """Everybody in a file: arrays float64 (25, 3) of x, y in px and confidence.

    Versions 1.2 and 1.3 are read, and files that hold nothing but the joints.

    Raises
    ------
    Dropped
        If the file is damaged, older (COCO-18), or its coordinates are not pixels.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Dropped("keypoint file unreadable", str(error)) from None
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise Dropped("keypoint file is not OpenPose's", "it has no list 'people'")
    return [_person(entry) for entry in people]


def _person(entry: object) -> np.ndarray:
    if not isinstance(entry, dict):
        raise Dropped("keypoint file is not OpenPose's", "a person is not a set of named values")
    if "pose_keypoints_2d" not in entry:
        if "pose_keypoints" in entry:
            count = len(entry["pose_keypoints"])
            raise Dropped("keypoints are COCO-18, not BODY_25", f"version 1.0, {count} numbers")
        raise Dropped("keypoint file is not OpenPose's", "a person has no 'pose_keypoints_2d'")
    numbers = entry["pose_keypoints_2d"]
    if isinstance(numbers, list) and len(numbers) == 54:
        raise Dropped("keypoints are COCO-18, not BODY_25", "54 numbers, expected 75")
    try:
        joints = np.array(numbers, dtype=np.float64)
    except (TypeError, ValueError):
        raise Dropped("keypoint file is not OpenPose's", "a joint is not a number") from None
    if joints.shape != (NUMBERS,):
        raise Dropped(
            "keypoint file is not OpenPose's", f"{joints.size} numbers a person, expected 75"
        )
    if not np.isfinite(joints).all():
        raise Dropped("keypoint file is not OpenPose's", "a joint is not a finite number")
    joints = joints.reshape(25, 3)
    found = joints[(joints[:, 2] > 0)]
    # --keypoint_scale 3 and 4 of OpenPose write 0-1 and −1-1; pixels of a person span more.
    if len(found) > 1 and np.abs(found[:, :2]).max() <= 1.0:
        raise Dropped("keypoints are scaled to 0-1, not pixels", "run with --keypoint_scale 0")
    return joints


def joints_found(joints: np.ndarray) -> int:
    """How many joints OpenPose found, as report 2 counted: ⌊numbers that are not 0 / 3⌋.

    A found joint whose x is exactly 0 thus counts by two thirds only.

    Source: report 2's published code; ≥ 22 is section II-A.
    """
    return int(np.count_nonzero(joints)) // 3


def to_body_25(points: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Joints (J, 3) of another skeleton -> (25, 3) by name; what it lacks is 0, 0, 0."""
    found = np.array(indices_by_name(names))
    joints = np.zeros((25, 3))
    joints[found >= 0] = points[found[found >= 0]]
    joints[joints[:, 2] <= 0] = 0
    return joints
