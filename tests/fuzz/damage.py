"""What may happen to a file: on a disk, on its way, by a tool, or by somebody who means it."""

from __future__ import annotations

import re

import numpy as np

from tests.data_tools.test_damaged_files import damaged as by_a_few_bytes

TEXTS = (".json", ".csv", ".toml", ".xml", ".txt", ".lock")
NUMBER = re.compile(rb"-?\d+(\.\d+)?([eE][-+]?\d+)?")
ODD = (
    b"NaN", b"nan", b"Infinity", b"-1", b"0", b"1e400", b"-1e308", b"4611686018427387904", b"null",
    b"99999999999999999999999", b"[]", b"{}", b'"x"', b"", b"true", b"0.5", b"1e-400",
)  # fmt: skip


def damaged(content: bytes, ending: str, rng: np.random.Generator) -> bytes:
    """The content with one kind of damage, drawn at random; never the same content."""
    for _ in range(20):
        changed = _damaged(content, ending, rng)
        if changed != content:
            return changed
    return content[:-1]


def _damaged(content: bytes, ending: str, rng: np.random.Generator) -> bytes:
    kind = rng.integers(10)
    if kind < 5 and (ending not in TEXTS or kind < 2):
        return by_a_few_bytes(content, rng)
    if ending in TEXTS:
        return _other_number(content, rng) if kind < 9 else _other_text(content, rng)
    changed = bytearray(content)
    first, second = (int(n) for n in rng.integers(0, max(len(changed), 1), 2))
    size = int(rng.integers(1, 600))
    if kind == 5:  # a sector that was never written, or was erased
        value = bytes([[0, 255][rng.integers(2)]])
        changed[first : first + size] = value * len(changed[first : first + size])
    elif kind == 6:  # two blocks in each other's place
        one, other = changed[first : first + size], changed[second : second + size]
        if len(one) == len(other):
            changed[first : first + size], changed[second : second + size] = other, one
    elif kind == 7:  # zeros that became ones, which simple checksums do not see
        place = bytes(changed).find(b"\0\0\0\0", first)
        if place >= 0:
            changed[place : place + 4] = b"\xff" * 4
    elif kind == 8:  # a number of 4 or 8 bytes that is huge, or negative
        odd = [b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\xff\xff\xff\x7f", b"\0\0\0\x80"]
        value = odd[rng.integers(len(odd))]
        changed[first : first + len(value)] = value
    else:  # not a number, where numbers are
        value = np.array([np.nan, np.inf][rng.integers(2)], ["<f4", "<f8", ">f4"][rng.integers(3)])
        place = first - first % 4
        changed[place : place + value.nbytes] = value.tobytes()
    return bytes(changed)


def _other_number(content: bytes, rng: np.random.Generator) -> bytes:
    places = list(NUMBER.finditer(content))
    if not places:
        return content[: len(content) // 2]
    here = places[rng.integers(len(places))]
    return content[: here.start()] + ODD[rng.integers(len(ODD))] + content[here.end() :]


def _other_text(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut at a bracket, nested without end, or in another encoding."""
    kind = rng.integers(3)
    if kind == 0:
        return content[: int(rng.integers(len(content) + 1))]
    if kind == 1:
        return b"[" * 100_000 + content
    return content.decode(errors="replace").encode(
        ["utf-16", "latin-1"][rng.integers(2)], "replace"
    )
