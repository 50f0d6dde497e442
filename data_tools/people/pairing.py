"""Which label file belongs to which picture: by name, never by its position in a folder.

The two agree in their path within their folders, or, where pictures lie in folders that labels do
not, in their name alone if no other picture or label has it. Series of frames are numbered from 0
by some tools and from 1 by others: two whole series of one length, one off, are paired in order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

SERIES = 3  # frames at least: fewer names that look like numbers may be anything


def pair(what: str, files: dict[str, Path], names: list[str]) -> tuple[dict[str, Path], list[str]]:
    """The label file of each picture that has one, and remarks on how they were found.

    Parameters
    ----------
    what : the labels, for remarks
    files : label files by name
    names : of the pictures

    Returns
    -------
    pairs : by the picture's name
    remarks : also on labels without a picture
    """
    in_order = _series_of_other_numbers(files, names)
    if in_order is not None:
        pairs, remark = in_order
        return pairs, [f"{what}: {remark}"]
    pairs = {name: files[name] for name in names if name in files}
    spare = _once((k for k in files if k not in pairs), key=_stem)
    missing = _once(names, key=_stem)
    for stem in spare.keys() & missing.keys():
        pairs.setdefault(missing[stem], files[spare[stem]])
    used = set(pairs.values())
    alone = sorted(key for key, path in files.items() if path not in used)
    remarks = [f"{len(alone)} {what} without a picture, such as {alone[0]}"] if alone else []
    return pairs, remarks


def _series_of_other_numbers(
    files: dict[str, Path], names: list[str]
) -> tuple[dict[str, Path], str] | None:
    """Pairs of two whole series whose numbers differ by one, or in their zeros; None if they agree.

    A whole series has one beginning of all its names, and every number from its first to its last.
    """
    of_files, of_names = _series(files), _series(names)
    if of_files is None or of_names is None or len(of_files) != len(of_names):
        return None
    if set(of_files.values()) == set(of_names.values()):
        return None  # the very same names
    first, start = min(of_files), min(of_names)
    if abs(first - start) > 1:
        return None
    pairs = {of_names[n]: files[of_files[n - start + first]] for n in of_names}
    remark = f"{of_files[first]} is the first, and {of_names[start]} of the pictures: "
    return pairs, remark + "paired in order"


def _series(names: Iterable[str]) -> dict[int, str] | None:
    """Number -> name of a whole series; None if the names are none."""
    numbers: dict[int, str] = {}
    beginnings = set()
    for name in names:
        match = re.fullmatch(r"(.*?)(\d{1,15})", name, re.DOTALL)
        if match is None:
            return None
        beginnings.add(match[1])
        numbers[int(match[2])] = name
    whole = len(numbers) >= SERIES and max(numbers) - min(numbers) + 1 == len(numbers)
    return numbers if whole and len(beginnings) == 1 else None


def _stem(name: str) -> str:
    return name.rpartition("/")[2]


def _once(names: Iterable[str], key) -> dict[str, str]:
    """What ``key`` makes of a name -> the name, for those that no other name shares."""
    listed = list(names)
    counts = Counter(map(key, listed))
    return {key(name): name for name in listed if counts[key(name)] == 1}
