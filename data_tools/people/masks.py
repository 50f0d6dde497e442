"""Find and read the mask that belongs to a picture, in every form that the tools write.

- a picture under the image's name (PNG or JPEG): > 200 is person, as report 2 has it; a mask that
  holds nothing above 1 is read as 0/1;
- a label map (ATR): any class above 0 is person, palette indices and never colours;
- Matterport Mask R-CNN's arrays in a .npz: the person (class 1) with the highest score;
- COCO's results list in one .json for all pictures: the same choice by image_id.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.people.candidate import MARK, Dropped
from data_tools.people.rle import decode, fill_polygons

PERSON = 1  # the class number in Matterport's and COCO's files
THRESHOLD = 200  # of 255; JPEG's ringing stays below it
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".npz")


def read_mask(path: Path, labels: bool = False) -> np.ndarray:
    """A mask file -> bool (H, W).

    Parameters
    ----------
    labels : the picture holds class numbers, as ATR's do

    Raises
    ------
    Dropped
        If there is no person in it, or it is not a mask.
    """
    if path.suffix.lower() == ".npz":
        return _read_matterport(path)
    try:
        with Image.open(path) as image:
            values = _values(image, labels)
    except (OSError, SyntaxError) as error:
        raise Dropped("mask unreadable", f"{path.name}: {error}") from None
    if labels:
        return values > 0
    top = int(values.max(initial=0))
    if 1 < top <= THRESHOLD:
        raise Dropped(
            "mask is not black and white", f"{path.name}: highest value {top}, expected > 200"
        )
    return values > (THRESHOLD if top > 1 else 0)


def _values(image: Image.Image, labels: bool) -> np.ndarray:
    """Grey values, or the class numbers of a label map (H, W)."""
    if image.mode == "P" and labels:
        return np.asarray(image)  # indices, not the palette's colours
    if image.mode in ("1", "L", "I", "I;16"):
        return np.asarray(image).astype(np.int64)
    colours = np.asarray(image.convert("RGB")).astype(np.int64)
    if labels and (colours != colours[..., :1]).any():
        raise Dropped("label map is coloured", "class numbers were replaced by palette colours")
    if labels:
        return colours[..., 0]
    if image.mode == "P" and (colours != colours[..., :1]).any():
        raise Dropped("mask is not black and white", "a coloured palette: is it a label map?")
    return np.asarray(image.convert("L")).astype(np.int64)


def _read_matterport(path: Path) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            masks, classes = arrays["masks"], arrays["class_ids"]
            scores = arrays["scores"] if "scores" in arrays else np.ones(len(classes))
    except (OSError, ValueError, KeyError) as error:
        raise Dropped("mask unreadable", f"{path.name}: {error}") from None
    if masks.ndim != 3 or masks.shape[2] != len(classes) or len(scores) != len(classes):
        raise Dropped(
            "mask unreadable",
            f"{path.name}: masks {masks.shape} for {len(classes)} classes, expected (H, W, N)",
        )
    people = np.flatnonzero(classes == PERSON)
    if len(people) == 0:
        raise Dropped("no person in the mask file", f"{path.name}: {len(classes)} detections")
    return masks[:, :, people[np.argmax(scores[people])]] != 0


class ResultsFile:
    """COCO's results list: the highest-score person of each picture."""

    def __init__(self, path: Path) -> None:
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"{path}: not a readable JSON file ({error})") from None
        expected = "expected a list of {image_id, category_id, segmentation, score}"
        if not isinstance(entries, list):
            raise ValueError(f"{path}: {expected}")
        self.best: dict[str, dict] = {}
        for entry in entries:
            if not isinstance(entry, dict) or not {"image_id", "segmentation"} <= set(entry):
                raise ValueError(f"{path}: {expected}")
            if entry.get("category_id", PERSON) != PERSON:
                continue
            name = _plain(str(entry["image_id"]))
            if name not in self.best or entry.get("score", 1) > self.best[name].get("score", 1):
                self.best[name] = entry

    def read(self, name: str) -> np.ndarray | None:
        """The mask of the picture with this stem; None if the list has none."""
        entry = self.best.get(_plain(name))
        return None if entry is None else read_segmentation(entry["segmentation"], None)


def read_segmentation(segmentation: object, size: tuple[int, int] | None) -> np.ndarray:
    """Any of COCO's forms, runs or polygons, as bool (H, W); polygons need the picture's size."""
    if isinstance(segmentation, dict):
        return decode(segmentation)
    if isinstance(segmentation, list) and size is not None:
        return fill_polygons(segmentation, size)
    raise Dropped("mask unreadable", "expected COCO runs {size, counts}")


class MaskPlaces:
    """Where masks are looked for, the first that has one counting.

    Parameters
    ----------
    places : folders with a file for each picture, or COCO results lists
    labels : the files are label maps
    images : the pictures' own folder; there only NAME_mask.* and NAME.npz are masks
    """

    def __init__(self, places: list[Path], labels: bool = False, images: Path | None = None):
        self.labels = labels
        self.files: dict[str, Path] = {}
        self.results: list[ResultsFile] = []
        for place in places:
            if place.is_dir():
                self._add_folder(place, place == images)
            elif place.suffix.lower() == ".json" and place.is_file():
                self.results.append(ResultsFile(place))
            else:
                raise ValueError(f"{place}: expected a folder of masks or a COCO results .json")

    def _add_folder(self, folder: Path, marked: bool) -> None:
        for ending in ENDINGS:
            for path in sorted(folder.iterdir()):
                if path.suffix.lower() != ending or path.name.startswith("."):
                    continue
                if not marked or ending == ".npz" or path.stem.endswith(MARK):
                    self.files.setdefault(path.stem.removesuffix(MARK), path)

    def read(self, name: str) -> np.ndarray | None:
        """The mask of the picture with this stem as it was found; None if there is none."""
        if name in self.files:
            return read_mask(self.files[name], self.labels)
        found = (results.read(name) for results in self.results)
        return next((mask for mask in found if mask is not None), None)


def fit(mask: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, bool]:
    """A mask at the picture's size, and whether it was one pixel off (then cut or extended).

    Raises
    ------
    Dropped
        If it is further off, or has no pixel of a person.
    """
    off = np.subtract(mask.shape, size)
    if np.abs(off).max() > 1:
        raise Dropped(
            "mask and picture differ in size",
            f"mask {mask.shape[1]} × {mask.shape[0]}, picture {size[1]} × {size[0]}",
        )
    if off.any():
        mask = np.pad(mask, [(0, max(0, -d)) for d in off], mode="edge")[: size[0], : size[1]]
    if not mask.any():
        raise Dropped("mask is empty")
    return mask, bool(off.any())


def _plain(name: str) -> str:
    """COCO numbers its pictures; files carry leading zeros."""
    return str(int(name)) if name.isdigit() else name
