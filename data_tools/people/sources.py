"""What a SOURCE is, and the pictures in it: LSP, MPII, ATR, CCP, COCO, or any folder.

Joints come from an OpenPose file of the picture's name where there is one, else from the source's
own annotation; masks from the places given on the command line, else from the source's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from data_tools.people import coco, lsp, mpii
from data_tools.people.candidate import Candidate, Dropped, People
from data_tools.people.folders import (
    CONTACT_SHEET,
    IMAGE_FOLDERS,
    KEYPOINT_FOLDERS,
    MASK_FOLDERS,
    counted_endings,
    files_in,
    key_of,
    pictures_in,
)
from data_tools.people.given_split import parts_of, read_split
from data_tools.people.keypoints import KeypointPlaces
from data_tools.people.masks import MaskPlaces, fit
from data_tools.people.names import plain, stem_of
from data_tools.people.pairing import pair
from minipose.datasets.guard import reading
from minipose.datasets.people import TEXTS
from minipose.errors import UserError

KINDS = ("lsp", "mpii", "atr", "ccp", "coco", "folder")
ATR_LABELS = "SegmentationClassAug"
CCP_LABELS = "annotations/pixel-level"
KNOWN = (".json", ".mat", ".npz", ".npy", ".csv", ".txt", ".md")  # labels and notes, no pictures


@dataclass
class Places:
    """Extra places from the command line, searched before the source's own."""

    keypoints: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)
    split: Path | None = None


@dataclass
class Source:
    """One SOURCE: its kind, its pictures, and remarks on it as a whole."""

    path: Path
    kind: str
    candidates: list[Candidate]
    remarks: list[str]


@dataclass
class _Own:
    """A source's own labels: name, joints, masks, and where its annotation says pictures are."""

    name: str
    people: Callable[[Path], People] | None = None
    mask: Callable[[Path, tuple[int, int]], np.ndarray | None] | None = None
    images: str | None = None
    unmasked: str = "no mask"
    names: Callable[[Path, bool], bool] = lambda image, at_the_top: at_the_top  # by the whole path


def detect(path: Path) -> str:
    """Which kind of source a folder (or annotation file) is.

    Raises
    ------
    UserError
        If there is no such folder or file.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if path.is_file():
        if path.suffix.lower() == ".mat":
            return "lsp" if path.name == lsp.FILE else "mpii"
        if path.suffix.lower() == ".json":
            return "mpii" if mpii.is_hrnet_style(path) else "coco"
        raise UserError(f"{path}: expected a folder, a .mat or a .json file")
    if (path / lsp.FILE).is_file():
        return "lsp"
    if mpii.annotation_in(path) is not None:
        return "mpii"
    if (path / ATR_LABELS).is_dir() or (path / "humanparsing" / ATR_LABELS).is_dir():
        return "atr"
    if (path / CCP_LABELS).is_dir():
        return "ccp"
    if coco.annotation_in(path) is not None:
        return "coco"
    return "folder"


def open_source(path: Path, places: Places, kind: str | None = None) -> Source:
    """List the pictures of a source.

    Raises
    ------
    UserError
        If it is not what it should be, or has no picture.
    """
    with reading(path, "not a readable source"):
        kind = kind or detect(path)
        root = path if path.is_dir() else path.parent
        if kind == "atr" and (root / "humanparsing").is_dir():
            root = root / "humanparsing"
        return _list(path, root, kind, places)


def _list(path: Path, root: Path, kind: str, places: Places) -> Source:
    own = _own_labels(kind, path, root)
    folder = _image_folder(root, own.images)
    without = [place for place in (*places.keypoints, *places.masks) if place != folder]
    images: dict[str, Path] = {}
    remarks: list[str] = []
    for image in pictures_in(folder, without):
        if images.setdefault(key_of(image, folder), image) != image:
            remarks.append(f"{image.name}: another picture has this name: ignored")
    if not images:
        raise UserError(f"{folder}: holds no picture")
    names = list(images)
    own = _of_one_picture(own, folder, Counter(map(stem_of, images.values())))
    keypoints = KeypointPlaces(
        [*places.keypoints, *(root / name for name in KEYPOINT_FOLDERS), folder], places.keypoints
    )
    keypoints.files, found = pair("keypoint files", keypoints.files, names)
    remarks += found
    masks = [MaskPlaces(places.masks), _own_masks(kind, root, folder)]
    for place in masks:
        place.files, found = pair("masks", place.files, names)
        remarks += found
    split = read_split(root, places.split)
    parts = parts_of(split, names)
    remarks += _unread(root, folder, images, [keypoints, *masks])
    if split:
        remarks.append(f"{len(parts)} of {len(names)} pictures have a part of the split")
    candidates = [
        Candidate(
            name,
            image,
            own.name,
            _people(name, image, keypoints, own),
            _mask(name, image, masks, own),
            parts.get(name, ""),
        )
        for name, image in images.items()
    ]
    return Source(path, kind, candidates, remarks)


def _own_labels(kind: str, path: Path, root: Path) -> _Own:
    if kind == "lsp":
        joints = lsp.LspJoints(path if path.is_file() else path / lsp.FILE)
        return _Own(joints.layout, joints.people)
    if kind == "mpii":
        annotation = path if path.is_file() else mpii.annotation_in(path)
        if annotation is None:
            raise UserError(f"{path}: expected mpii_human_pose*.mat or a list in JSON")
        return _Own("mpii", mpii.MpiiJoints(annotation).people)
    if kind == "coco":
        annotation = path if path.is_file() else coco.annotation_in(path)
        if annotation is None:
            raise UserError(f"{path}: expected annotations.json")
        persons = coco.CocoPersons(annotation)
        return _Own("coco", persons.people, persons.mask, persons.image_folder, names=persons.names)
    if kind == "ccp":
        return _Own("ccp", unmasked="no mask: the picture has tags only")
    return _Own(plain(root.resolve().name) or kind if kind == "folder" else kind)


def _of_one_picture(own: _Own, folder: Path, called: Counter[str]) -> _Own:
    """Labels that are told by a picture's name alone, for no other picture of that name."""

    def alone(image: Path) -> bool:
        return called[stem_of(image)] == 1 or own.names(image, image.parent == folder)

    def people(image: Path) -> People:
        if not alone(image):
            raise Dropped("no joints for this picture", "another picture has this name")
        return own.people(image)

    def mask(image: Path, size: tuple[int, int]) -> np.ndarray | None:
        return own.mask(image, size) if alone(image) else None

    return replace(own, people=own.people and people, mask=own.mask and mask)


def _own_masks(kind: str, root: Path, folder: Path) -> MaskPlaces:
    if kind == "atr":
        return MaskPlaces([root / ATR_LABELS], labels=True)
    places = [root / CCP_LABELS] if kind == "ccp" else []
    places += [root / name for name in MASK_FOLDERS] + [folder]
    return MaskPlaces(list(dict.fromkeys(m for m in places if m.is_dir())), images=folder)


def _people(name: str, image: Path, places: KeypointPlaces, own: _Own) -> Callable[[], People]:
    def people() -> People:
        found = places.read(name)
        if found is not None:
            return found
        if own.people is None:
            raise Dropped("no keypoint file")
        return own.people(image)

    return people


def _mask(
    name: str, image: Path, places: list[MaskPlaces], own: _Own
) -> Callable[[tuple[int, int]], tuple[np.ndarray, bool]]:
    def mask(size: tuple[int, int]) -> tuple[np.ndarray, bool]:
        for place in places:
            pixels = place.read(name)
            if pixels is not None:
                return fit(pixels, size)
        pixels = own.mask(image, size) if own.mask else None
        if pixels is None:
            raise Dropped(own.unmasked)
        return fit(pixels, size)

    return mask


def _image_folder(root: Path, named: str | None) -> Path:
    for name in (*((named,) if named else ()), *IMAGE_FOLDERS):
        if (root / name).is_dir():
            return root / name
        if (root.parent / name).is_dir() and root.name == "annotations":
            return root.parent / name
    return root


def _unread(root: Path, folder: Path, images: dict[str, Path], places: list) -> list[str]:
    """Remarks on files that are neither pictures nor labels, and on pictures elsewhere."""
    read = {*images.values(), *(path for place in places for path in place.files.values())}
    read |= set(pictures_in(folder))  # those of one name, which are remarked on already
    strange = [p for p in files_in(folder) if p not in read and p.suffix.lower() not in KNOWN]
    remarks = [f"not read: {counted_endings(strange)}, neither picture nor label"] * bool(strange)
    outside = pictures_in(root, [folder]) if folder != root and root in folder.parents else []
    elsewhere = [p for p in outside if not p.name.startswith(CONTACT_SHEET)]
    if elsewhere:
        remarks.append(
            f"not read: {len(elsewhere)} pictures outside {folder.name}, such as {elsewhere[0]}"
        )
    return remarks


def name_apart(sources: list[Source]) -> None:
    """Sources of one name get their folders' names as well, and numbers where those agree too.

    Of a long name, the beginning: as much as a store holds, and a number.
    """
    names = [{c.source for c in source.candidates} for source in sources]
    given: set[str] = set()
    for k, source in enumerate(sources):
        (name,) = names[k]
        if any(name in other for j, other in enumerate(names) if j != k):
            place = source.path.resolve()
            place = place.parent if place.is_file() or place.name == name else place
            name = f"{plain(place.name)}/{name}"
        name = name.encode()[: TEXTS["source"] - len(" 99999")].decode(errors="ignore")
        unique, number = name, 2
        while unique in given:
            unique, number = f"{name} {number}", number + 1
        given.add(unique)
        source.candidates = [replace(c, source=unique) for c in source.candidates]
