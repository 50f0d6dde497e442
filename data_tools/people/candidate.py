"""A picture that may go into the store, and why one does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
MARK = "_mask"  # NAME_mask.png beside NAME.jpg is a mask, not a picture


class Dropped(Exception):
    """Why a picture was left out: a ``reason`` to count it under, and what it was exactly."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Candidate:
    """A picture and the ways to its labels, which are taken only when its turn comes.

    Attributes
    ----------
    name : the picture's stem; joints and masks are paired by it
    image : the file
    source : "lsp", "lspet", "mpii", "atr", "coco" or "folder"
    people : returns the BODY_25 joints (25, 3) of everybody in the picture, or raises Dropped
    mask : given (H, W), returns the person's mask bool (H, W) and whether it was one pixel off,
        or raises Dropped
    """

    name: str
    image: Path
    source: str
    people: Callable[[], list[np.ndarray]]
    mask: Callable[[tuple[int, int]], tuple[np.ndarray, bool]]


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder by name; hidden files (.DS_Store, ._name) are no pictures."""
    return sorted(
        p
        for p in folder.iterdir()
        if p.suffix.lower() in PICTURES
        and not p.name.startswith(".")
        and not p.stem.endswith(MARK)
        and p.is_file()
    )
