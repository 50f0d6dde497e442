"""What was named on the command line: pictures, videos and cameras, each with a name of its own."""

from __future__ import annotations

import glob
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from minipose.errors import UserError

PICTURES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm",
    ".pgm", ".avif", ".heic", ".heif", ".jp2",
)  # fmt: skip
VIDEOS = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".mts",
    ".3gp", ".ogv",
)  # fmt: skip
CAMERAS = "/dev/video"  # what Linux calls them
PICTURE, VIDEO, CAMERA = "picture", "video", "camera"
TABLES = "pictures"  # the name of the tables that hold all pictures of a call


@dataclass(frozen=True)
class Source:
    """Something to look at.

    Attributes
    ----------
    path : as it was given, or found below a folder that was
    name : of what is written about it, without ending; it may lie in a sub-folder
    kind : picture, video or camera
    """

    path: Path
    name: str
    kind: str


def find_sources(given: Iterable[str | Path], out: Path) -> tuple[list[Source], list[str]]:
    """All pictures and videos that are meant, each once, and a line for what holds none.

    Parameters
    ----------
    given : files, folders (with all folders in them), patterns such as ``'photos/*.jpg'``, cameras
    out : folder for what is written; nothing in it is a source

    Raises
    ------
    UserError
        If ``out`` is a folder that is to be looked through itself.
    """
    found: dict[Path, Path] = {}  # file -> its path below what was given
    problems = []
    for one in map(str, given):
        path = Path(one)
        if path.is_dir():
            if path.resolve() == out.resolve():
                raise UserError(f"--out: {out} is looked through itself, expected another folder")
            inside = [p for p in _walk(path, out) if kind_of(p)]
            if not inside:
                problems.append(f"{path}: no picture or video in this folder")
            found |= {p: p.relative_to(path) for p in inside if p not in found}
        elif not path.exists() and glob.has_magic(one):
            matches = [Path(m) for m in sorted(glob.glob(one, recursive=True))]
            matches = [m for m in matches if m.is_file()]
            if not matches:
                problems.append(f"{one}: no such file")
            found |= {p: Path(p.name) for p in matches if p not in found}
        else:
            found.setdefault(path, Path(path.name or one))
    once = {path.resolve(): path for path in reversed(found)}
    chosen = {path: inner for path, inner in found.items() if once[path.resolve()] == path}
    return [Source(p, name, kind_of(p) or PICTURE) for p, name in _names(chosen).items()], problems


def kind_of(path: Path) -> str:
    """picture, video or camera; "" for other files."""
    if path.as_posix().startswith(CAMERAS) or path.is_char_device():
        return CAMERA
    ending = path.suffix.lower()
    if ending in VIDEOS or (ending == ".gif" and _is_animated(path)):
        return VIDEO
    return PICTURE if ending in PICTURES else ""


def _is_animated(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except Exception:  # whoever reads it says what is wrong
        return False


def _walk(folder: Path, out: Path) -> list[Path]:
    """All files below a folder but hidden ones and what is in ``out``."""
    found, seen = [], {out.resolve()}
    for place, folders, files in os.walk(folder, followlinks=True):
        real = Path(place).resolve()
        if real in seen:  # the output, or a link that leads back
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place) / name for name in sorted(files) if not name.startswith(".")]
    return found


def _names(found: dict[Path, Path]) -> dict[Path, str]:
    """A name for each file: its own; where two would be the same, with folders, then the ending."""
    names = {path: inner.with_suffix("").as_posix() for path, inner in found.items()}

    def with_ending(paths: list[Path]) -> dict[Path, str]:
        return {p: f"{names[p]}_{p.suffix[1:].lower()}" for p in paths}

    kinds = {path: kind_of(path) or PICTURE for path in found}
    if PICTURE in kinds.values():  # then there may be tables of that name
        same = [p for p, name in names.items() if name.casefold() == TABLES]
        names |= with_ending([p for p in same if kinds[p] != PICTURE])
    _tell_apart(names, _with_folders)
    _tell_apart(names, with_ending)
    _tell_apart(names, lambda paths: {p: f"{names[p]}-{n}" for n, p in enumerate(paths, start=1)})
    return names


def _tell_apart(names: dict[Path, str], rename: Callable[[list[Path]], dict[Path, str]]) -> None:
    """Rename those that share a name; on some disks x and X are one."""
    groups = defaultdict(list)
    for path, name in names.items():
        groups[name.casefold()].append(path)
    for paths in groups.values():
        if len(paths) > 1:
            names |= rename(paths)


def _with_folders(paths: list[Path]) -> dict[Path, str]:
    """Their paths below the deepest folder that holds all of them."""
    whole = [Path(os.path.abspath(path)) for path in paths]
    common = os.path.commonpath([path.parent for path in whole])
    if all(path.parent == Path(common) for path in whole):
        return {}
    pairs = zip(paths, whole, strict=True)
    return {path: full.relative_to(common).with_suffix("").as_posix() for path, full in pairs}
