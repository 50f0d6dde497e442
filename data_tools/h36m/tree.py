"""Find takes in a Human3.6M folder: official layout or re-rooted, with all its odd names."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minipose.datasets.cameras import CAMERA_NAMES, Camera, unpack_cameras

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


@dataclass(frozen=True)
class View:
    """One take as one camera saw it, and where its files are (None: there is none)."""

    subject: int
    action: str
    subaction: int
    camera: str
    take: str
    pose_2d: Path
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


def parse_take(stem: str) -> tuple[str, int | None] | None:
    """``Walking 1`` -> ("Walking", 1), ``WalkDog`` -> ("WalkingDog", None); None if no action."""
    match = re.fullmatch(r"([A-Za-z]+)(?: (\d+))?", stem)
    if match is None:
        return None
    action = ALIASES.get(match[1], match[1])
    if action not in ACTIONS:
        return None
    return action, int(match[2]) if match[2] else None


def find_views(
    root: Path, subjects: tuple[int, ...], actions: tuple[str, ...], poses: str = "mono"
) -> list[View]:
    """All views of the wanted subjects and actions, by subject, action, take and camera.

    A take counts from what its 2D poses say; a missing other file is noticed when it is read.
    Takes are numbered within an action: numbered names in order, the name without a number last
    (``Walking 1`` is 1 and ``Walking`` is 2; S7 has ``Walking 1`` and ``Walking 2``).
    """
    views = []
    for subject in subjects:
        base = root / f"S{subject}"
        takes: dict[str, dict[int | None, str]] = {}
        folder = _folder(base, "pose_2d")
        for path in sorted(folder.glob("*.cdf")) if folder else []:
            take, _, camera = path.stem.rpartition(".")
            parsed = parse_take(take)
            if path.name.startswith(("_", ".")) or camera not in CAMERA_NAMES or parsed is None:
                continue
            if parsed[0] in actions:
                takes.setdefault(parsed[0], {})[parsed[1]] = take
        for action in (a for a in ACTIONS if a in takes):
            numbers = sorted(takes[action], key=lambda n: 99 if n is None else n)
            for subaction, number in enumerate(numbers, start=1):
                for camera in CAMERA_NAMES:
                    path = folder / f"{takes[action][number]}.{camera}.cdf"
                    if path.exists():
                        views.append(_view(base, subject, action, subaction, camera, path, poses))
    return views


def _view(
    base: Path, subject: int, action: str, subaction: int, camera: str, path: Path, poses: str
) -> View:
    take = path.stem.rpartition(".")[0]
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
        path,
        pose_3d,
        _file(base, "silhouette", f"{view}.mat"),
        _file(base, "box", f"{view}.mat"),
        _file(base, "images", view) or _file(base, "video", f"{view}.mp4"),
    )


def _folder(base: Path, kind: str) -> Path | None:
    return next((base / f for f in FOLDERS[kind] if (base / f).is_dir()), None)


def _file(base: Path, kind: str, name: str) -> Path | None:
    return next((base / f / name for f in FOLDERS[kind] if (base / f / name).exists()), None)


def read_cameras(root: Path) -> dict[tuple[int, str], Camera]:
    """Cameras of all subjects from ``metadata.xml`` in the root or the folder above it.

    Raises
    ------
    ValueError
        If there is no such file or it holds no camera table.
    """
    path = next(
        (p for p in (root / "metadata.xml", root.parent / "metadata.xml") if p.exists()), None
    )
    if path is None:
        raise ValueError(f"{root}/metadata.xml: no such file (world poses need its cameras)")
    try:
        text = ElementTree.parse(path).getroot().findtext("w0") or ""
        return unpack_cameras(np.array([float(v) for v in text.strip(" []\n").split()]))
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"{path}: no camera table in it ({error})") from None
