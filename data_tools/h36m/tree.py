"""Find takes in a Human3.6M folder: official layout or re-rooted, with all its odd names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data_tools.h36m.metadata import read_take_numbers
from minipose.datasets.cameras import CAMERA_NAMES

SUBJECTS = (1, 5, 6, 7, 8, 9, 11)  # those whose poses are published
ACTIONS = (
    "Directions", "Discussion", "Eating", "Greeting", "Phoning", "Posing", "Purchases", "Sitting",
    "SittingDown", "Smoking", "TakingPhoto", "Waiting", "Walking", "WalkingDog", "WalkTogether",
)  # fmt: skip
# S1's files call two actions by longer names than everybody else's.
ALIASES = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog", "WalkingTogether": "WalkTogether"}
# The same folder is called differently where the archives were unpacked into one place.
FOLDERS = {
    "pose_2d": ("MyPoseFeatures/D2_Positions", "Poses_D2_Positions"),
    "pose_mono": ("MyPoseFeatures/D3_Positions_mono", "Poses_D3_Positions_mono"),
    "pose_world": ("MyPoseFeatures/D3_Positions", "Poses_D3_Positions"),
    "silhouette": ("MySegmentsMat/ground_truth_bs", "Segments_mat_gt_bs", "ground_truth_bs"),
    "box": ("MySegmentsMat/ground_truth_bb", "Segments_mat_gt_bb", "ground_truth_bb"),
    "video": ("Videos",),
    "images": ("Images", "Frames"),
}
# What files of one camera look like; a folder of pictures has no suffix.
SUFFIXES = {
    "pose_2d": ".cdf", "pose_mono": ".cdf", "silhouette": ".mat", "box": ".mat", "video": ".mp4",
    "images": "",
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """One take as one camera saw it, and where its files are (None: there is none)."""

    subject: int
    action: str
    subaction: int
    camera: str
    take: str
    pose_2d: Path | None
    pose_3d: Path | None
    silhouette: Path | None
    box: Path | None
    pictures: Path | None

    @property
    def name(self) -> str:
        return f"S{self.subject}/{self.take}.{self.camera}"


def find_root(folder: Path) -> Path:
    """The folder that holds S1, S5, ...: the given one, or ``extracted`` below it.

    Raises
    ------
    ValueError
        If neither does.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    for root in (folder, folder / "extracted"):
        if any((root / f"S{s}").is_dir() for s in SUBJECTS):
            return root
    raise ValueError(f"{folder}: not a Human3.6M folder (expected S1, S5, ... or extracted/ in it)")


def parse_take(name: str) -> tuple[str, int | None] | None:
    """``Walking 1`` -> ("Walking", 1), ``WalkDog`` -> ("WalkingDog", None); None if no action."""
    match = re.fullmatch(r"([A-Za-z]+)(?: (\d+))?", name)
    if match is None:
        return None
    action = ALIASES.get(match[1], match[1])
    if action not in ACTIONS:
        return None
    return action, int(match[2]) if match[2] else None


def number_takes(names: Iterable[str]) -> dict[str, int]:
    """The takes of one action and subject -> 1 or 2, by their names alone.

    Numbered names come first in order, the bare name is the second: ``Walking 1`` and ``Walking``
    are 1 and 2, and so are ``Eating 2`` and ``Eating``, or ``Waiting 1`` and ``Waiting 2``. A
    numbered name that stands alone (the other one is not there) keeps its number if that is 1 or 2.
    """
    numbers = {name: parse_take(name)[1] for name in names}
    numbered = sorted((n for n in numbers if numbers[n] is not None), key=numbers.get)
    result = {name: place for place, name in enumerate(numbered, start=1)}
    bare = [n for n in numbers if numbers[n] is None]
    if len(numbered) == 1 and not bare:
        result[numbered[0]] = min(numbers[numbered[0]], 2)
    result.update({name: max(2, len(numbered) + 1) for name in bare})
    return result


def find_views(
    root: Path, subjects: tuple[int, ...], actions: tuple[str, ...], poses: str = "mono"
) -> list[View]:
    """All views of the wanted subjects and actions, by subject, action, take and camera.

    A view counts if any file of it is there, so that one whose other files are missing is reported
    and not passed over. Takes are numbered as metadata.xml says if it is there, else by name.
    """
    known = read_take_numbers(root)
    views = []
    for subject in subjects:
        base = root / f"S{subject}"
        found: dict[str, dict[str, set[str]]] = {}  # action -> take -> cameras
        for take, camera in _names(base, poses):
            parsed = parse_take(take)
            if parsed is not None and parsed[0] in actions and camera in CAMERA_NAMES:
                found.setdefault(parsed[0], {}).setdefault(take, set()).add(camera)
        for action in (a for a in ACTIONS if a in found):
            numbers = number_takes(found[action])
            numbers = {take: known.get((subject, take), n) for take, n in numbers.items()}
            for take in sorted(numbers, key=lambda t: (numbers[t], t)):
                for camera in (c for c in CAMERA_NAMES if c in found[action][take]):
                    views.append(_view(base, subject, action, numbers[take], camera, take, poses))
    return views


def _names(base: Path, poses: str) -> Iterator[tuple[str, str]]:
    """(take, camera) of every file below a subject that belongs to one camera.

    The name is split at its last dots, since takes may hold spaces; ``_ALL`` and hidden files are
    no takes.
    """
    for kind, suffix in SUFFIXES.items():
        if kind == "pose_mono" and poses == "world":
            continue
        for folder in (base / f for f in FOLDERS[kind]):
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name.startswith(("_", ".")) or path.is_dir() != (kind == "images"):
                    continue
                if path.name.endswith(suffix):
                    take, _, camera = path.name.removesuffix(suffix).rpartition(".")
                    yield take, camera


def _view(
    base: Path, subject: int, action: str, subaction: int, camera: str, take: str, poses: str
) -> View:
    view = f"{take}.{camera}"
    pose_3d = (
        _file(base, "pose_mono", f"{view}.cdf")
        if poses == "mono"
        else _file(base, "pose_world", f"{take}.cdf")
    )
    return View(
        subject,
        action,
        subaction,
        camera,
        take,
        _file(base, "pose_2d", f"{view}.cdf"),
        pose_3d,
        _file(base, "silhouette", f"{view}.mat"),
        _file(base, "box", f"{view}.mat"),
        _file(base, "images", view) or _file(base, "video", f"{view}.mp4"),
    )


def _file(base: Path, kind: str, name: str) -> Path | None:
    return next((base / f / name for f in FOLDERS[kind] if (base / f / name).exists()), None)
