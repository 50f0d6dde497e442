"""COCO persons: boxes, outlines and joints of everybody in a data set, in one JSON file.

COCO itself annotates 17 joints; COCO-WholeBody adds ``foot_kpts`` (6), the foot data set has 23 in
one list, Halpe 26 or 136. Where ``categories`` names the joints, the names tell them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from data_tools.people.candidate import Dropped, People, dropping
from data_tools.people.joints import OCCLUDED, skeleton_of, to_body_25, to_numbers
from data_tools.people.names import plain, stem_of
from data_tools.people.openpose import everybody
from data_tools.people.results import PERSON, score_of
from data_tools.people.rle import read_segmentation
from minipose.datasets.guard import read_json, reading
from minipose.skeletons import COCO_17, COCO_23

NAMES = (
    "annotations.json", "annotations/person_keypoints_*.json", "person_keypoints_*.json",
    "annotations/coco_wholebody_*.json", "coco_wholebody_*.json", "annotations/halpe_*.json",
    "halpe_*.json",
)  # fmt: skip
NO_JOINTS = "no joints for this picture"


def annotation_in(folder: Path) -> Path | None:
    """COCO's annotation file in a folder; None if there is none."""
    return next((p for name in NAMES for p in sorted(folder.glob(name))), None)


class CocoPersons:
    """Everybody annotated in every picture.

    Raises
    ------
    UserError
        If the file is not readable or not COCO's.
    """

    def __init__(self, path: Path) -> None:
        content = read_json(path)
        with reading(path, "not a COCO annotation file"):
            names = {entry["id"]: str(entry["file_name"]) for entry in content["images"]}
            category = _person_category(content.get("categories"))
            person = PERSON if category is None else category["id"]
            annotations = [a for a in content["annotations"] if a["category_id"] == person]
            annotations = [a for a in annotations if a.get("image_id") in names]
        self.joint_names = category.get("keypoints") if category else None
        # person_keypoints_val2017.json describes the pictures in val2017/.
        split = path.stem.rpartition("_")[2]
        self.image_folder = split if path.stem.startswith("person_keypoints_") else None
        self.by_path: dict[str, list[dict]] = defaultdict(list)
        self.paths: dict[str, list[str]] = defaultdict(list)  # by their last pieces
        for name in names.values():
            self.paths[stem_of(name)].append(_path(name))
        for annotation in annotations:
            self.by_path[_path(names[annotation["image_id"]])].append(annotation)

    def people(self, image: Path) -> People:
        """Everybody in a picture as BODY_25 (25, 3): v = 2 is confidence 1, hidden v = 1 is ½."""
        people = self._annotations(image)
        if len(people) == 1 and "keypoints" not in people[0]:
            raise Dropped(NO_JOINTS, "its person has no 'keypoints'")
        if any(a.get("iscrowd") for a in people):
            raise Dropped("a crowd", "annotated as one region")
        found = [self._joints(a) for a in people]
        return everybody(found) if found else People([], COCO_17)

    def names(self, image: Path, at_the_top: bool) -> bool:
        """Whether the annotation's path is the picture's, and not its name alone.

        Parameters
        ----------
        at_the_top : the picture lies in no folder within the pictures' own
        """
        found = self._named(image)
        return bool(found) and (at_the_top or "/" in found[0])

    def _named(self, image: Path) -> list[str]:
        """The annotation's paths that the picture's own ends with, the longest first."""
        own = f"/{_path(image)}"
        named = [path for path in self.paths.get(stem_of(image), ()) if own.endswith(f"/{path}")]
        return sorted(named, key=len, reverse=True)

    def _annotations(self, image: Path) -> list[dict]:
        """Everybody in a picture, which may lie in another folder than the annotation says."""
        found = self._named(image) or self.paths.get(stem_of(image), [])
        if not found:
            raise Dropped(NO_JOINTS, "the annotation does not name it")
        if len(found) > 1 and (len(found[0]) == len(found[1]) or not self._named(image)):
            raise Dropped(NO_JOINTS, "the annotation has two pictures of this name")
        return self.by_path.get(found[0], [])

    def _joints(self, annotation: dict) -> tuple[np.ndarray, Sequence[str]]:
        """BODY_25 joints, and the skeleton that they come from."""
        numbers = to_numbers(annotation.get("keypoints", [0] * 51))
        skeleton = skeleton_of(len(numbers), self.joint_names)
        if skeleton == COCO_17 and "foot_kpts" in annotation:
            numbers = np.concatenate([numbers, to_numbers(annotation["foot_kpts"])])
            skeleton = COCO_23
        if len(numbers) % 3 or len(numbers) < 3 * len(skeleton):
            raise Dropped(NO_JOINTS, f"{len(numbers)} numbers, expected {3 * len(skeleton)}")
        joints = numbers.reshape(-1, 3).copy()
        if not np.isfinite(joints[:, 2]).all():
            raise Dropped("a joint is not a finite number", "its visibility")
        # Detectors' files hold a confidence where COCO has 0, 1 or 2.
        if (joints[:, 2] == np.round(joints[:, 2])).all():
            levels = np.clip(joints[:, 2], 0, 2).astype(int)
            joints[:, 2] = np.choose(levels, [0.0, OCCLUDED, 1.0])
        return to_body_25(joints, skeleton), skeleton

    def mask(self, image: Path, size: tuple[int, int]) -> np.ndarray | None:
        """The outline of the largest person; None if nobody is annotated."""
        try:
            people = [a for a in self._annotations(image) if a.get("segmentation")]
        except Dropped:  # of the joints
            return None
        if not people:
            return None
        with dropping("mask unreadable"):
            largest = max(people, key=lambda a: score_of(a, "area", 0.0))
        return read_segmentation(largest["segmentation"], size)


def _path(name: Path | str) -> str:
    """A picture's path without ending."""
    path = PurePosixPath(plain(str(name)))
    return (path.parent / path.stem).as_posix()


def _person_category(categories: object) -> dict | None:
    """The category called "person": some tools count from 0, where 1 is a bicycle."""
    for category in categories if isinstance(categories, list) else []:
        if isinstance(category, dict) and str(category.get("name", "")).lower() == "person":
            return category if "id" in category else None
    return None
