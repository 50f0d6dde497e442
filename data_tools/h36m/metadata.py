"""``metadata.xml``, which comes with Human3.6M: how takes are numbered, and the cameras."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from minipose.datasets.cameras import Camera, unpack_cameras
from minipose.datasets.guard import SAMPLE_BYTES, expect_bytes, reading
from minipose.datasets.h36m import FRAMES_A_SECOND, expect_rate


def read_take_numbers(root: Path) -> dict[tuple[int, str], int]:
    """(subject, take name) -> 1 or more, from the table ``mapping``; empty if there is no file.

    Its first row is a header (Action, subaction, S1, ...), the others hold one take's name for each
    subject.

    Raises
    ------
    ValueError
        If the file is there but damaged.
    """
    path = _find(root)
    if path is None:
        return {}
    header, *rows = [[c.text or "" for c in row] for row in _parse(path).iterfind("mapping/*")] or [
        []
    ]
    numbers = {}
    with reading(path, "no table of takes in it"):
        for _, subaction, *names in (row for row in rows if len(row) == len(header)):
            for subject, name in zip(header[2:], names, strict=True):
                if subject[1:].isdecimal() and subaction.isdecimal():
                    numbers[int(subject[1:]), name] = int(subaction)
    return numbers


def read_cameras(root: Path) -> dict[tuple[int, str], Camera]:
    """Cameras of all subjects, from ``w0``.

    Raises
    ------
    ValueError
        If there is no such file or it holds no camera table.
    """
    path = _find(root)
    if path is None:
        raise ValueError(f"{root / 'metadata.xml'}: no such file (world poses need its cameras)")
    text = (_parse(path).findtext("w0") or "").replace(",", " ")
    with reading(path, "no camera table in it"):
        return unpack_cameras(np.array([float(v) for v in text.strip(" []\n").split()]))


def read_frame_rate(root: Path) -> float:
    """Frames a second of the videos; the usual 50 where no file says.

    Raises
    ------
    ValueError
        If the file is there but damaged.
    """
    path = _find(root)
    text = None if path is None else _parse(path).findtext("frame_rate")
    if text is None:
        return FRAMES_A_SECOND
    with reading(path, "no frame rate in it"):
        return expect_rate(float(text))


def _find(root: Path) -> Path | None:
    """In the folder with S1, S5, ..., or in the one above it."""
    places = (root / "metadata.xml", root.parent / "metadata.xml")
    return next((p for p in places if p.is_file()), None)


def _parse(path: Path) -> ElementTree.Element:
    with reading(path, "not readable as XML"):
        expect_bytes(path, (path.stat().st_size,), limit=SAMPLE_BYTES)
        return ElementTree.parse(path).getroot()
