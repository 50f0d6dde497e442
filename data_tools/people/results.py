"""One JSON file for all pictures, as AlphaPose, MMPose and COCO's tools write their results.

Joints: a list of {image_id, keypoints, score}, one entry a person, or AlphaPose's other form, a
table from the picture's name to {people: [...]} as OpenPose has it. Masks: a list of {image_id,
category_id, segmentation, score}. A picture is told by its name, with ending or without, or by its
number.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from data_tools.people.candidate import Dropped, People, dropping
from data_tools.people.joints import to_numbers
from data_tools.people.names import by_number
from data_tools.people.openpose import everybody, from_numbers, people_in
from data_tools.people.rle import read_segmentation
from minipose.datasets.guard import read_json
from minipose.errors import UserError

PERSON = 1  # the class number in Matterport's and COCO's files
SURE = 0.4  # AlphaPose gives every joint a place, and draws those of more confidence than this


def is_joint_results(content: object) -> bool:
    """Whether a JSON file's content is such a list, or such a table, of people's joints."""
    if isinstance(content, list):
        return any(isinstance(entry, dict) and "keypoints" in entry for entry in content[:1])
    values = list(content.values())[:1] if isinstance(content, dict) else []
    return any(isinstance(v, dict) and ("people" in v or "bodies" in v) for v in values)


class JointResults:
    """Everybody that a tool found in every picture.

    Raises
    ------
    UserError
        If the file is not readable or not such a file.
    """

    def __init__(self, path: Path) -> None:
        content = read_json(path)
        if not is_joint_results(content):
            raise UserError(f"{path}: expected a list of {{image_id, keypoints, score}}")
        self.path = path
        self.by_name: dict[str, list | dict] = {}
        if isinstance(content, dict):
            self.by_name = {by_number(name): value for name, value in content.items()}
            return
        entries = defaultdict(list)
        person = person_number(content)
        for entry in content:
            if not isinstance(entry, dict) or not {"image_id", "keypoints"} <= set(entry):
                raise UserError(f"{path}: expected a list of {{image_id, keypoints, score}}")
            if entry.get("category_id", person) == person:
                entries[by_number(str(entry["image_id"]))].append(entry)
        self.by_name = dict(entries)

    def read(self, name: str) -> People | None:
        """The people in the picture of this name; None if the file does not tell of it."""
        entries = self.by_name.get(by_number(name))
        if entries is None:
            return None
        with dropping("keypoint file unreadable"):
            if isinstance(entries, dict):
                if "bodies" in entries:
                    raise Dropped("keypoints are COCO-18, not BODY_25", "AlphaPose's 'cmu' form")
                return people_in(entries)
            found = [from_numbers(to_numbers(e["keypoints"]), threshold=SURE) for e in entries]
            return everybody(found)


class MaskResults:
    """The person of highest score in each picture.

    Raises
    ------
    UserError
        If the file is not readable or not such a list.
    """

    def __init__(self, path: Path) -> None:
        entries = read_json(path)
        expected = f"{path}: expected a list of {{image_id, category_id, segmentation, score}}"
        if not isinstance(entries, list):
            raise UserError(expected)
        self.best: dict[str, dict] = {}
        person = person_number(entries)
        for entry in entries:
            if not isinstance(entry, dict) or not {"image_id", "segmentation"} <= set(entry):
                raise UserError(expected)
            if entry.get("category_id", person) != person:
                continue
            name = by_number(str(entry["image_id"]))
            if name not in self.best or score_of(entry) > score_of(self.best[name]):
                self.best[name] = entry

    def read(self, name: str) -> np.ndarray | None:
        """The mask of the picture of this name; None if the list has none."""
        entry = self.best.get(by_number(name))
        return None if entry is None else read_segmentation(entry["segmentation"], None)


def person_number(entries: list) -> int:
    """1, COCO's number of a person, or 0 if the entries' categories are counted from 0.

    There 1 is a bicycle, so one entry of category 0 settles it for the whole file.
    """
    found = (entry.get("category_id") for entry in entries if isinstance(entry, dict))
    return 0 if any(isinstance(c, int) and c == 0 for c in found) else PERSON


def score_of(entry: dict, name: str = "score", missing: float = 1.0) -> float:
    """A number of an entry to compare it by; 0 for what is none, which NaN is not either."""
    score = entry.get(name, missing)
    return float(score) if isinstance(score, (int, float)) and score == score else 0.0
