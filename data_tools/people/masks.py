"""Read the mask that belongs to a picture, in every form that the tools write.

- a picture under the image's name (PNG, JPEG or GIF), upright as EXIF says: > 200 is person, as
  report 2 has it; a mask that holds nothing above 1 is read as 0/1; of a cut-out with transparency,
  what is opaque;
- a label map (ATR's pictures, Clothing Co-Parsing's ``groundtruth`` in a ``.mat``): any class above
  0 is person, palette indices and never colours;
- an array in a .npy, read as a black and white picture;
- Matterport Mask R-CNN's arrays in a .npz: the person with the highest score.
"""

from __future__ import annotations

import zipfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from data_tools.matlab import load_matlab
from data_tools.people.candidate import Dropped, dropping
from data_tools.people.folders import files_in, key_of
from data_tools.people.names import MARK
from data_tools.people.results import PERSON, MaskResults
from data_tools.people.rle import UNREADABLE
from minipose.datasets.guard import BYTES, expect_bytes
from minipose.datasets.picture_files import opened
from minipose.errors import UserError

THRESHOLD = 200  # of 255; JPEG's ringing stays below it
ENDINGS = (
    ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".npz", ".npy", ".mat",
)  # fmt: skip
ARRAYS = (".npz", ".npy")
BLACK_AND_WHITE = "mask is not black and white"


def read_mask(path: Path, labels: bool = False, person: int = PERSON) -> np.ndarray:
    """A mask file -> bool (H, W).

    Parameters
    ----------
    labels : the picture holds class numbers, as ATR's do
    person : class number of a person in a .npz of detections

    Raises
    ------
    Dropped
        If there is no person in it, or it is not a mask.
    """
    with dropping(UNREADABLE):
        ending = path.suffix.lower()
        if ending == ".npz":
            return _read_matterport(path, person)
        if ending == ".mat":
            return _labelled(path, load_matlab(path, "groundtruth"))
        if ending == ".npy":
            return _black_and_white(path, _read_array(path))
        with opened(path) as image:
            values = _values(ImageOps.exif_transpose(image), labels)
        return values > 0 if labels else _black_and_white(path, values)


def _black_and_white(path: Path, values: np.ndarray) -> np.ndarray:
    if values.ndim != 2:
        raise Dropped(UNREADABLE, f"{path.name}: {values.shape}, expected (H, W)")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Dropped(UNREADABLE, f"{path.name}: a value is not a finite number")
    top = float(values.max(initial=0))
    if top <= 1:
        return values > 0.5
    if top <= THRESHOLD:
        raise Dropped(BLACK_AND_WHITE, f"{path.name}: highest value {top:g}, expected > 200")
    return values > THRESHOLD / 255 * max(top, 255.0)  # above 255: it has more than 8 bits


def _labelled(path: Path, values: np.ndarray) -> np.ndarray:
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise Dropped(UNREADABLE, f"{path.name}: {values.dtype} {values.shape}, expected (H, W)")
    return values > 0


def _values(image: Image.Image, labels: bool) -> np.ndarray:
    """Grey values, opacity, or the class numbers of a label map (H, W)."""
    if image.mode == "P" and labels:
        return np.asarray(image)  # indices, not the palette's colours
    if image.mode in ("1", "L", "I", "I;16", "I;16B", "F"):
        return np.asarray(image)
    if not labels:
        opacity = _opacity(image)
        if opacity is not None:
            return opacity
    colours = np.asarray(image.convert("RGB")).astype(np.int64)
    if labels and (colours != colours[..., :1]).any():
        raise Dropped("label map is coloured", "class numbers were replaced by palette colours")
    if labels:
        return colours[..., 0]
    if image.mode == "P" and (colours != colours[..., :1]).any():
        raise Dropped(BLACK_AND_WHITE, "a coloured palette: is it a label map?")
    return np.asarray(image.convert("L"))


def _opacity(image: Image.Image) -> np.ndarray | None:
    """The alpha of a picture that is transparent somewhere, but not everywhere; else None."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return None
    alpha = np.asarray(image.convert("RGBA"))[..., 3]
    return alpha if alpha.min(initial=255) <= THRESHOLD < alpha.max(initial=0) else None


def _read_array(path: Path) -> np.ndarray:
    """A .npy file, once the size that its header declares is allowed."""
    with path.open("rb") as file:
        _expect_header(path, file)
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


def _expect_header(path: Path, file: object) -> None:
    major, _ = np.lib.format.read_magic(file)
    header = {
        1: np.lib.format.read_array_header_1_0,
        2: np.lib.format.read_array_header_2_0,
    }.get(major)
    if header is None:
        raise UserError(f"{path}: version {major} of .npy, expected 1 or 2")
    shape, _, kind = header(file)
    expect_bytes(path, shape, max(1, kind.itemsize), BYTES // 4)


def read_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """The named arrays of a .npz that it has, once their declared sizes are allowed."""
    with zipfile.ZipFile(path) as archive:
        here = [name for name in names if f"{name}.npy" in archive.namelist()]
        for name in here:
            with archive.open(f"{name}.npy") as member:
                _expect_header(path, member)
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in here}


def _read_matterport(path: Path, person: int) -> np.ndarray:
    found = read_arrays(path, "masks", "class_ids", "scores")
    if not {"masks", "class_ids"} <= set(found):
        raise Dropped(UNREADABLE, f"{path.name}: expected masks and class_ids, has {list(found)}")
    masks, classes = found["masks"], np.atleast_1d(found["class_ids"])
    scores = np.atleast_1d(found.get("scores", np.ones(len(classes))))
    if masks.ndim != 3 or masks.shape[2] != len(classes) or len(scores) != len(classes):
        raise Dropped(
            UNREADABLE,
            f"{path.name}: masks {masks.shape} for {len(classes)} classes, expected (H, W, N)",
        )
    people = np.flatnonzero(classes == person)
    if len(people) == 0:
        raise Dropped("no person in the mask file", f"{path.name}: {len(classes)} detections")
    sure = np.nan_to_num(scores[people].astype(np.float64))  # of NaN, argmax would take the first
    return masks[:, :, people[np.argmax(sure)]] != 0


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
        self.results: list[MaskResults] = []
        for place in places:
            if place.is_dir():
                self._add_folder(place, place == images)
            elif place.suffix.lower() == ".json" and place.is_file():
                self.results.append(MaskResults(place))
            else:
                raise UserError(f"{place}: expected a folder of masks or a COCO results .json")

    def _add_folder(self, folder: Path, marked: bool) -> None:
        found = [path for path in files_in(folder) if path.suffix.lower() in ENDINGS]
        for path in sorted(found, key=lambda p: (ENDINGS.index(p.suffix.lower()), p)):
            if not marked or path.suffix.lower() in ARRAYS or path.stem.endswith(MARK):
                self.files.setdefault(key_of(path, folder, MARK), path)

    @cached_property
    def person(self) -> int:
        """The class number of a person in the .npz files: 0 if any of them counts from 0."""
        for path in self.files.values():
            if path.suffix.lower() != ".npz":
                continue
            # A damaged file says nothing here; it drops its own picture, when its turn comes.
            with suppress(Exception):
                if (read_arrays(path, "class_ids")["class_ids"] == 0).any():
                    return 0
        return PERSON

    def read(self, name: str) -> np.ndarray | None:
        """The mask of the picture of this name as it was found; None if there is none."""
        if name in self.files:
            path = self.files[name]
            person = self.person if path.suffix.lower() == ".npz" else PERSON
            return read_mask(path, self.labels, person)
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
