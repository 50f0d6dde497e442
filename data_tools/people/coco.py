"""COCO persons: ``annotations.json`` with boxes, outlines and 17 joints of every person."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from data_tools.people.candidate import Dropped
from data_tools.people.masks import PERSON, read_segmentation
from data_tools.people.openpose import OCCLUDED, to_body_25
from minipose.skeletons import COCO_17

NAMES = ("annotations.json", "annotations/person_keypoints_*.json", "person_keypoints_*.json")


def annotation_in(folder: Path) -> Path | None:
    """COCO's annotation file in a folder; None if there is none."""
    return next((p for name in NAMES for p in sorted(folder.glob(name))), None)


class CocoPersons:
    """Everybody annotated in every picture.

    Raises
    ------
    ValueError
        If the file is not readable or not COCO's.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            names = {entry["id"]: entry["file_name"] for entry in content["images"]}
            annotations = [a for a in content["annotations"] if a["category_id"] == PERSON]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a COCO annotation file ({error!r})") from None
        # person_keypoints_val2017.json describes the pictures in val2017/.
        split = path.stem.rpartition("_")[2]
        self.image_folder = split if path.stem.startswith("person_keypoints_") else None
        self.names = {Path(name).stem for name in names.values()}
        self.by_name: dict[str, list[dict]] = defaultdict(list)
        for annotation in annotations:
            if annotation.get("image_id") in names:
                self.by_name[Path(names[annotation["image_id"]]).stem].append(annotation)

    def people(self, image: Path) -> list[np.ndarray]:
        """Everybody in a picture as BODY_25 (25, 3): v = 2 is confidence 1, hidden v = 1 is ½."""
        if image.stem not in self.names:
            raise Dropped("no joints for this picture", "the annotation does not name it")
        people = self.by_name[image.stem]
        if len(people) == 1 and "keypoints" not in people[0]:
            raise Dropped("no joints for this picture", "its person has no 'keypoints'")
        if any(a.get("iscrowd") for a in people):
            raise Dropped("a crowd", "annotated as one region")
        return [self._joints(a) for a in people]

    @staticmethod
    def _joints(annotation: dict) -> np.ndarray:
        numbers = np.array(annotation.get("keypoints", [0] * 51), dtype=np.float64)
        if numbers.shape != (51,):
            raise Dropped("no joints for this picture", f"{numbers.size} numbers, expected 51")
        joints = numbers.reshape(17, 3)
        joints[:, 2] = np.choose(np.clip(joints[:, 2], 0, 2).astype(int), [0.0, OCCLUDED, 1.0])
        return to_body_25(joints, COCO_17)

    def mask(self, image: Path, size: tuple[int, int]) -> np.ndarray | None:
        """The outline of the largest person; None if nobody is annotated."""
        people = [a for a in self.by_name.get(image.stem, []) if a.get("segmentation")]
        if not people:
            return None
        largest = max(people, key=lambda a: a.get("area", 0))
        return read_segmentation(largest["segmentation"], size)
