"""What a SOURCE is, and the pictures in it: LSP, MPII, ATR, COCO, or any folder.

Joints come from an OpenPose file of the picture's name where there is one, else from the source's
own annotation; masks from the places given on the command line, else from the source's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_tools.people import coco, lsp, mpii
from data_tools.people.candidate import Candidate, Dropped, pictures_in
from data_tools.people.masks import MaskPlaces, fit
from data_tools.people.openpose import SUFFIX, read_people

KINDS = ("lsp", "mpii", "atr", "coco", "folder")
KEYPOINT_FOLDERS = ("keypoints", "openpose", "json")
MASK_FOLDERS = ("masks", "mask", "Masks")
IMAGE_FOLDERS = ("images", "JPEGImages")
LABEL_FOLDER = "SegmentationClassAug"


@dataclass
class Places:
    """Extra places from the command line, searched before the source's own."""

    keypoints: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)


@dataclass
class Source:
    """One SOURCE: its kind, its pictures, and remarks on it as a whole."""

    path: Path
    kind: str
    candidates: list[Candidate]
    remarks: list[str]


def detect(path: Path) -> str:
    """Which kind of source a folder (or annotation file) is.

    Raises
    ------
    ValueError
        If there is no such folder or file.
    """
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    if path.is_file():
        if path.suffix.lower() == ".mat":
            return "lsp" if path.name == lsp.FILE else "mpii"
        if path.suffix.lower() == ".json":
            return "mpii" if mpii.is_hrnet_style(path) else "coco"
        raise ValueError(f"{path}: expected a folder, a .mat or a .json file")
    if (path / lsp.FILE).is_file():
        return "lsp"
    if mpii.annotation_in(path) is not None:
        return "mpii"
    if (path / LABEL_FOLDER).is_dir() or (path / "humanparsing" / LABEL_FOLDER).is_dir():
        return "atr"
    if coco.annotation_in(path) is not None:
        return "coco"
    return "folder"


def open_source(path: Path, places: Places, kind: str | None = None) -> Source:
    """List the pictures of a source.

    Raises
    ------
    ValueError
        If it is not what it should be, or has no picture.
    """
    kind = kind or detect(path)
    root = path if path.is_dir() else path.parent
    if kind == "atr" and (root / "humanparsing").is_dir():
        root = root / "humanparsing"
    remarks: list[str] = []
    own, own_mask, source, images = _own_labels(kind, path)
    folder = _image_folder(root, images)
    if kind == "atr":
        mask_folders = [root / LABEL_FOLDER]
    else:
        mask_folders = [root / name for name in MASK_FOLDERS] + [folder]
    files = _keypoint_files(
        [*places.keypoints, *(root / name for name in KEYPOINT_FOLDERS), folder], places.keypoints
    )
    extra = MaskPlaces(places.masks)
    inner = MaskPlaces([m for m in mask_folders if m.is_dir()], kind == "atr", folder)
    candidates, seen = [], set()
    for image in pictures_in(folder):
        if image.stem in seen:
            remarks.append(f"{image.name}: another picture has this name: ignored")
            continue
        seen.add(image.stem)
        people = _people(image, files, own)
        mask = _mask(image, (extra.read, inner.read), own_mask)
        candidates.append(Candidate(image.stem, image, source, people, mask))
    if not candidates:
        raise ValueError(f"{folder}: holds no picture")
    remarks += _leftovers(seen, files, [*extra.files, *inner.files])
    return Source(path, kind, candidates, remarks)


Own = Callable[[Path], list[np.ndarray]] | None
OwnMask = Callable[[Path, tuple[int, int]], np.ndarray | None] | None


def _own_labels(kind: str, path: Path) -> tuple[Own, OwnMask, str, str | None]:
    """A source's own joints and masks, its name, and where its annotation says pictures are."""
    if kind == "lsp":
        joints = lsp.LspJoints(path if path.is_file() else path / lsp.FILE)
        return joints.people, None, joints.layout, None
    if kind == "mpii":
        annotation = path if path.is_file() else mpii.annotation_in(path)
        if annotation is None:
            raise ValueError(f"{path}: expected mpii_human_pose*.mat or a list in JSON")
        return mpii.MpiiJoints(annotation).people, None, "mpii", None
    if kind == "coco":
        annotation = path if path.is_file() else coco.annotation_in(path)
        if annotation is None:
            raise ValueError(f"{path}: expected annotations.json")
        persons = coco.CocoPersons(annotation)
        return persons.people, persons.mask, "coco", persons.image_folder
    return None, None, kind, None


def _people(image: Path, files: dict[str, Path], own: Own) -> Callable[[], list[np.ndarray]]:
    def people() -> list[np.ndarray]:
        if image.stem in files:
            return read_people(files[image.stem])
        if own is None:
            raise Dropped("no keypoint file")
        return own(image)

    return people


def _mask(
    image: Path, readers: tuple, own: OwnMask
) -> Callable[[tuple[int, int]], tuple[np.ndarray, bool]]:
    def mask(size: tuple[int, int]) -> tuple[np.ndarray, bool]:
        for read in readers:
            pixels = read(image.stem)
            if pixels is not None:
                return fit(pixels, size)
        pixels = own(image, size) if own else None
        if pixels is None:
            raise Dropped("no mask")
        return fit(pixels, size)

    return mask


def _image_folder(root: Path, named: str | None) -> Path:
    for name in (*((named,) if named else ()), *IMAGE_FOLDERS):
        if (root / name).is_dir():
            return root / name
        if (root.parent / name).is_dir() and root.name == "annotations":
            return root.parent / name
    return root


def _keypoint_files(places: list[Path], required: list[Path]) -> dict[str, Path]:
    """Stem -> OpenPose file, the first place that has one counting."""
    files: dict[str, Path] = {}
    for place in places:
        if not place.is_dir():
            if place in required:
                raise ValueError(f"{place}: expected a folder of OpenPose JSON files")
            continue
        for path in _openpose_files(place):
            files.setdefault(path.name.removesuffix(".json").removesuffix("_keypoints"), path)
    return files


def _openpose_files(place: Path) -> Iterator[Path]:
    """NAME_keypoints.json, and in a keypoint folder NAME.json too."""
    marked = place.name not in KEYPOINT_FOLDERS
    for path in sorted(place.glob("*" + (SUFFIX if marked else ".json"))):
        if not path.name.startswith("."):
            yield path


def _leftovers(seen: set[str], files: dict[str, Path], masks: list[str]) -> list[str]:
    remarks = []
    for what, names in (("keypoint files", files), ("masks", masks)):
        alone = sorted(set(names) - seen)
        if alone:
            remarks.append(f"{len(alone)} {what} without a picture, such as {alone[0]}")
    return remarks
