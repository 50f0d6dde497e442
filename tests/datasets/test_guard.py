"""The door of other people's files: sizes are checked first, every fault becomes one line."""

from __future__ import annotations

import errno
import json

import numpy as np
import pytest

from minipose.datasets.guard import (
    PIXELS,
    CannotRead,
    expect_bytes,
    expect_pixels,
    in_a_line,
    read_json,
    reading,
)
from minipose.errors import UserError


@pytest.mark.parametrize(
    "error",
    [ValueError("first\nsecond"), MemoryError(), OverflowError("too large"), KeyError("Masks"),
     RecursionError("deep"), ZeroDivisionError(), EOFError(), TypeError("x" * 1000)],
)  # fmt: skip
def test_whatever_a_library_raises_is_one_line_with_the_path(error):
    with pytest.raises(UserError) as caught, reading("a.bin", "not a readable thing"):
        raise error
    text = str(caught.value)
    assert text.startswith("a.bin: not a readable thing (") and "\n" not in text
    assert len(text) < 260 and in_a_line(error) in text


def test_a_disk_that_is_gone_is_no_damage_of_the_file():
    with pytest.raises(CannotRead, match=r"^a\.bin: input/output error$"):
        with reading("a.bin", "not a readable thing"):
            raise OSError(errno.EIO, "Input/output error", "a.bin")


@pytest.mark.parametrize("error", [UserError("b: said"), ModuleNotFoundError("av"), SystemExit(3)])
def test_what_is_said_already_and_what_is_no_fault_of_the_file_passes(error):
    with pytest.raises(type(error)) as caught, reading("a.bin", "not a readable thing"):
        raise error
    assert caught.value is error


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path, message in ((tmp_path / "none", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(UserError, match=message), reading(path, "bad"):
            path.read_bytes()


def test_sizes_are_held_against_the_limit_in_numbers_that_cannot_wrap():
    expect_bytes("a", (1024, 1024), 4, 4 * 2**20)
    for shape in ((1024, 1025), (2**40, 2**40), np.array([2**32, 2**32]), (-1, -1)):
        with pytest.raises(UserError, match="a: declares an array of"):
            expect_bytes("a", shape, 4, 4 * 2**20)
    expect_pixels("a", PIXELS, 1)
    for size in ((PIXELS + 1, 1), (0, 5), (np.int32(60000), np.int32(60000))):
        with pytest.raises(UserError, match="px, expected at most 89 million"):
            expect_pixels("a", *size)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_with_and_without_a_byte_order_mark(tmp_path, encoding):
    (tmp_path / "a.json").write_bytes(json.dumps({"é": [1]}, ensure_ascii=False).encode(encoding))
    assert read_json(tmp_path / "a.json") == {"é": [1]}


@pytest.mark.parametrize("content", [b"[1", b"", b"\xff\xfe\x00", b"[" * 100_000])
def test_damaged_json_is_one_line(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.json: not a readable JSON file \("):
        read_json(tmp_path / "a.json")


def test_json_of_any_size_is_not_read(tmp_path):
    (tmp_path / "a.json").write_text("[" + "1," * 600_000 + "1]")
    with pytest.raises(UserError, match="expected at most 1 MiB"):
        read_json(tmp_path / "a.json", 2**20)
