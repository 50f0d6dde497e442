"""From photographs to a labelled folder, picture by picture."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data_tools.label.labelled_folder import ABOUT, LabelledFolder
from data_tools.label.labeller import Found, Labeller, both
from data_tools.label.pieces import points_on
from data_tools.label.writing import write_upright
from data_tools.people.build import Tally
from data_tools.people.candidate import Dropped, dropping
from data_tools.people.folders import (
    IMAGE_FOLDERS,
    NO_PICTURES,
    counted_endings,
    files_in,
    key_of,
    pictures_in,
)
from data_tools.people.names import MARK, plain
from data_tools.people.sources import KNOWN
from minipose.datasets.picture_files import read_rgb
from minipose.errors import UserError
from minipose.storage import atomic_folder, expect_folder, remove_abandoned


def photographs(path: Path) -> dict[str, Path]:
    """Pictures by name, of a folder and the folders in it, or a single one.

    Raises
    ------
    UserError
        If there are none.
    """
    if path.is_file():
        return {plain(path.stem): path}
    if not path.is_dir():
        raise UserError(f"{path}: no such file or folder")
    folder = next((path / name for name in IMAGE_FOLDERS if (path / name).is_dir()), path)
    labelled = [p.parent for p in folder.rglob(ABOUT)]  # by an earlier run, inside the photographs
    found: dict[str, Path] = {}
    for picture in pictures_in(folder, labelled):
        name = key_of(picture, folder)
        while name in found:  # a.jpg and a.png are two pictures, whose labels need two names
            name += picture.suffix.lower()
        found[name] = picture
    if not found:
        raise UserError(f"{folder}: holds no picture")
    return found


def not_read(path: Path, pictures: dict[str, Path]) -> str:
    """A remark on files in a folder that are not read, such as videos; "" if there are none.

    Labels that others made, and notes, need no remark.
    """
    labelled = [p.parent for p in path.rglob(ABOUT)]
    read = set(pictures.values())
    strange = [
        p
        for p in files_in(path, (*NO_PICTURES, *labelled))
        if p not in read and p.suffix.lower() not in KNOWN and not p.stem.endswith(MARK)
    ]
    return f"not read: {counted_endings(strange)}" if strange else ""


def label(pictures: dict[str, Path], out: Path, joints: Labeller, masks: Labeller) -> Tally:
    """Write the labelled folder ``out``; nothing is written if no picture can be labelled.

    Parameters
    ----------
    joints, masks : who gives them; one labeller may give both

    Raises
    ------
    UserError
        If ``out`` is there already and is no empty folder.
    """
    if expect_folder(out).is_dir() and any(out.iterdir()):
        raise UserError(f"{out}: not empty, expected a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(out.parent)
    with atomic_folder(out) as partial:
        folder = LabelledFolder(partial, both(joints.about, masks.about))
        upright = _turn(pictures, folder)
        for one in {id(one): one for one in (joints, masks)}.values():
            one.begin(upright)
        for name in tqdm(upright, unit="picture", disable=not sys.stderr.isatty()):
            image = read_rgb(upright[name])
            try:
                folder.keep(name, image, _people(name, image, joints, masks))
            except Dropped as reason:
                upright[name].unlink()
                folder.drop(name, image, reason)
        folder.finish()
        if not folder.tally.written:
            raise NothingLabelled(folder.tally)
    return folder.tally


class NothingLabelled(UserError):
    """No picture could be labelled; ``tally`` says why."""

    def __init__(self, tally: Tally) -> None:
        super().__init__("no picture could be labelled")
        self.tally = tally


def _turn(pictures: dict[str, Path], folder: LabelledFolder) -> dict[str, Path]:
    """Write every picture upright; those that cannot be read are left out."""
    upright = {}
    for name, path in pictures.items():
        try:
            with dropping("picture unreadable"):
                upright[name] = write_upright(path, folder.images, name)
        except Dropped as reason:
            folder.drop(name, None, reason)
    return upright


def _people(name: str, image: np.ndarray, joints: Labeller, masks: Labeller) -> list[Found]:
    """Everybody whose joints were found, the first with a mask.

    Raises
    ------
    Dropped
        If there is nobody, or no mask.
    """
    with dropping("cannot be labelled"):
        people = joints.people(name, image)
        if not people:
            raise Dropped("nobody found")
        if joints is masks:
            return people
        main, *others = people
        masked = [one for one in masks.people(name, image) if one.mask is not None]
    # Of several masks, the one that most of the person's joints lie on.
    places = main.joints[main.joints[:, 2] > 0, :2]
    best = max(masked, key=lambda one: points_on(places, one.mask), default=None)
    if best is None or not points_on(places, best.mask):
        raise Dropped("no mask found", f"{len(masked)} masks, none on the joints")
    return [Found(main.joints, best.mask), *others]
