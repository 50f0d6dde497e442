"""How pictures are called, by their files and by annotations, so that the two find each other."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath

PICTURES = (
    ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".heic", ".heif",
)  # fmt: skip
MARK = "_mask"  # NAME_mask.png beside NAME.jpg is a mask, not a picture
NO_LETTER = re.compile("[\ud800-\udfff]")  # how Python has bytes of a name that are no UTF-8


def plain(text: str) -> str:
    """A name in Unicode's composed form: some systems store "é" as two characters.

    Of a name in another encoding than UTF-8, bytes that are no letters become ``%E9``.
    """
    text = NO_LETTER.sub(lambda byte: f"%{ord(byte[0]) & 0xFF:02X}", text)
    return unicodedata.normalize("NFC", text.replace("\\", "/"))


def stem_of(path: Path | str) -> str:
    """A file's name without folder and ending."""
    return PurePosixPath(plain(str(path))).stem


def by_number(name: str) -> str:
    """What a results file calls a picture: COCO numbers its own, whose files have leading zeros."""
    base = PurePosixPath(plain(name)).name
    stem, _, ending = base.rpartition(".")
    base = stem if stem and f".{ending.lower()}" in PICTURES else base
    return str(int(base)) if base.isascii() and base.isdigit() and len(base) <= 40 else base
