"""What lies in a source's folders: files, pictures, and what is neither picture nor label."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from data_tools.people.names import MARK, PICTURES, plain
from data_tools.source_disk import expect_disk

KEYPOINT_FOLDERS = ("keypoints", "openpose", "json")
MASK_FOLDERS = ("masks", "mask", "Masks")
IMAGE_FOLDERS = ("images", "JPEGImages", "photos")
LABEL_FOLDERS = ("SegmentationClassAug", "annotations")
NO_PICTURES = (*KEYPOINT_FOLDERS, *MASK_FOLDERS, *LABEL_FOLDERS)
CONTACT_SHEET = "contact_sheet_"  # so begin the sheets that data_tools label leaves, no pictures
NO_DATA = ("thumbs.db", "desktop.ini")  # what file managers leave


def files_in(folder: Path, without: Collection[str | Path] = ()) -> list[Path]:
    """All files of a folder and the folders in it, by their paths; hidden ones are none.

    Parameters
    ----------
    without : names of inner folders, or folders, that are left out
    """
    found, seen = [], set()
    for place, folders, files in os.walk(folder, onerror=expect_disk, followlinks=True):
        here = Path(place)
        if (real := here.resolve()) in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in without and here / name not in without
        ]
        found += [here / f for f in files if not f.startswith(".") and f.lower() not in NO_DATA]
    return sorted(found)


def pictures_in(folder: Path, without: Collection[str | Path] = ()) -> list[Path]:
    """The picture files below a folder; NAME_mask.png is none, nor is what a mask folder has."""
    return [
        p
        for p in files_in(folder, (*NO_PICTURES, *without))
        if p.suffix.lower() in PICTURES and not p.stem.endswith(MARK)
    ]


def key_of(path: Path, folder: Path, mark: str = "") -> str:
    """A file's path within a folder, without ending and without a ``mark`` at its end.

    A backslash, which some systems allow in a name, parts folders as well; what is written under
    the key stays in its folder all the same.
    """
    inner = path.relative_to(folder)
    pieces = plain((inner.parent / inner.stem.removesuffix(mark)).as_posix()).split("/")
    return "/".join(piece for piece in pieces if piece not in ("", ".", ".."))


def counted_endings(paths: Iterable[Path]) -> str:
    """``2 × .mov, 1 × .txt``."""
    counts = Counter(p.suffix.lower() or "without ending" for p in paths)
    return ", ".join(f"{n} × {ending}" for ending, n in sorted(counts.items()))
