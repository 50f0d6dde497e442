"""MPII Human Pose: the official ``.mat``, or the JSON list that was derived from it.

Both count pixels from 1. The ``.mat`` is a struct in which nearly everything may be missing: test
pictures have no joints, a rectangle may lack fields, points come in any order and number, and
``is_visible`` is a number, a string, or empty.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from data_tools.people.candidate import Dropped, People
from data_tools.people.joints import to_body_25
from data_tools.people.mpii_release import read_release
from data_tools.people.names import stem_of
from minipose.datasets.guard import BYTES, expect_bytes, read_json, reading
from minipose.errors import UserError
from minipose.skeletons import MPII_16

HRNET_FIELDS = {"image", "joints", "joints_vis"}


def annotation_in(folder: Path) -> Path | None:
    """MPII's annotation file in a folder or one below it; None if there is none."""
    for pattern in ("mpii_human_pose*.mat", "*/mpii_human_pose*.mat"):
        for path in sorted(folder.glob(pattern)):
            return path
    for path in sorted(folder.glob("*.json")):
        if is_hrnet_style(path):
            return path
    return None


def is_hrnet_style(path: Path) -> bool:
    """Whether a JSON file is a list of {image, joints, joints_vis, ...}."""
    try:
        with path.open("rb") as file:
            if not file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                return False
        content = read_json(path)
    except (OSError, UserError):
        return False
    return bool(content) and isinstance(content[0], dict) and set(content[0]) >= HRNET_FIELDS


class MpiiJoints:
    """Everybody annotated in every picture.

    Raises
    ------
    UserError
        If the file is not readable or not such a file.
    """

    def __init__(self, path: Path) -> None:
        # For each picture's stem the people in it: (16, 3), or None for one without joints.
        self.by_name: dict[str, list[np.ndarray | None]] = defaultdict(list)
        self.test: set[str] = set()
        if path.suffix.lower() == ".json":
            self._read_json(path)
        else:
            self._read_mat(path)

    def people(self, image: Path) -> People:
        """Everybody in a picture as BODY_25 (25, 3)."""
        stem = stem_of(image)
        people = self.by_name.get(stem)
        if stem in self.test:
            raise Dropped("no joints for this picture", "it belongs to MPII's test set")
        if people is None:
            raise Dropped("no joints for this picture", "the annotation does not name it")
        joints = [np.zeros((16, 3)) if p is None else p for p in people]
        return People([to_body_25(p, MPII_16) for p in joints], MPII_16)

    def _read_json(self, path: Path) -> None:
        for k, entry in enumerate(read_json(path)):
            with reading(path, f"entry {k}"):
                places = np.array(entry["joints"], dtype=np.float64)
                visible = np.array(entry["joints_vis"], dtype=np.float64).reshape(-1)
                name = stem_of(str(entry["image"]))
            if places.shape != (16, 2) or visible.shape != (16,):
                raise UserError(
                    f"{path}: entry {k}: joints {places.shape} and joints_vis {visible.shape}, "
                    "expected (16, 2) and (16,)"
                )
            labelled = (visible > 0)[:, None]
            person = np.concatenate([places - 1, np.ones((16, 1))], axis=1)
            self.by_name[name].append(np.where(labelled, person, 0.0))

    def _read_mat(self, path: Path) -> None:
        with reading(path, "no readable struct 'RELEASE'"):
            expect_bytes(path, (path.stat().st_size,), limit=BYTES // 4)
            people, test = read_release(path)
        self.test = {stem_of(name) for name in test}
        for name, found in people.items():
            self.by_name[stem_of(name)] += [p if p is None else np.array(p) for p in found]
