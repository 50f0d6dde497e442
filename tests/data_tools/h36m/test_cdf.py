"""CDF files that lead round in a circle, or declare what no disk holds, end in one line."""

from __future__ import annotations

import gzip
import re
import struct
import time
import tracemalloc

import numpy as np
import pytest

from data_tools.h36m import cdf
from data_tools.h36m.readers import read_poses
from minipose.errors import UserError
from tests.data_tools.raw_tree import world_poses, write_cdf

pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")
GDR, VDR, VXR = 2, 8, 6  # types of records: of the file, of a variable, of its places


@pytest.fixture
def pose(tmp_path):
    write_cdf(tmp_path / "pose.cdf", world_poses(6))
    return tmp_path / "pose.cdf"


def record(content: bytes, kind: int) -> int:
    """Where the first record of a kind begins: 8 bytes of length, then 4 of the kind."""
    place = 8
    while struct.unpack_from(">i", content, place + 8)[0] != kind:
        place += struct.unpack_from(">q", content, place)[0]
    return place


def patched(pose, kind: int, offset: int, form: str, value) -> None:
    content = bytearray(pose.read_bytes())
    place = record(content, kind)
    value = place if value == "itself" else value
    struct.pack_into(form, content, place + offset, value)
    pose.write_bytes(content)


def test_a_sound_file_is_read_within_its_budget(pose):
    np.testing.assert_array_equal(read_poses(pose, 3), world_poses(6))
    write_cdf(pose, world_poses(6000))
    assert len(read_poses(pose, 3)) == 6000


@pytest.mark.parametrize("how", [{"whole": 6}, {"blocks": 6}, {"whole": 6, "blocks": 6}])
def test_deflated_files_are_read(pose, how):
    write_cdf(pose, np.zeros((200, 32, 3)))
    plain = pose.stat().st_size
    write_cdf(pose, np.zeros((200, 32, 3)), **how)
    assert pose.stat().st_size < plain / 10
    write_cdf(pose, world_poses(200), **how)
    np.testing.assert_array_equal(read_poses(pose, 3), world_poses(200))


def deflated(content: bytes, way: int, data: bytes) -> bytes:
    """A file that is deflated as a whole, made by hand from a plain one: magic, CCR, CPR."""
    assert content[4:8] == b"\x00\x00\xff\xff"
    ccr = struct.pack(">qiqqi", 32 + len(data), 10, 8 + 32 + len(data), len(content) - 8, 0) + data
    cpr = struct.pack(">qiiiii", 28, 11, way, 0, 1, 6)
    return content[:4] + b"\xcc\xcc\x00\x01" + ccr + cpr


def test_a_file_in_runs_of_zeros_is_read(pose):
    runs = b""
    content = pose.read_bytes()
    for part in re.findall(rb"\0{1,256}|[^\0]+", content[8:]):
        runs += part if part[0] else bytes([0, len(part) - 1])
    pose.write_bytes(deflated(content, 1, runs))
    np.testing.assert_array_equal(read_poses(pose, 3), world_poses(6))


@pytest.mark.parametrize(("way", "words"), [(5, "MiB"), (1, "MiB"), (3, "by way 3")])
def test_what_inflates_to_more_than_there_can_be_ends_in_a_line(pose, way, words, monkeypatch):
    monkeypatch.setattr(cdf, "LARGEST", 2**20)
    data = gzip.compress(bytes(2**24)) if way == 5 else bytes([0, 255]) * 2**16
    pose.write_bytes(deflated(pose.read_bytes(), way, data))
    tracemalloc.start()
    with pytest.raises(UserError, match=rf"pose\.cdf: .*{words}"):
        read_poses(pose, 3)
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("largest", "words"), [(18, "it inflates to"), (19, "its blocks inflate to")]
)
def test_blocks_that_inflate_to_more_than_there_can_be_end_in_a_line(
    pose, largest, words, monkeypatch
):
    write_cdf(pose, np.zeros((4000, 32, 3)), bare=True, blocks=9)  # 10 blocks of 300 kB
    monkeypatch.setattr(cdf, "LARGEST", 2**largest)
    monkeypatch.setattr(cdf, "expect_bytes", lambda *arguments, **names: None)
    with pytest.raises(UserError, match=rf"pose\.cdf: .*{words} more than"):
        read_poses(pose, 3)


def test_counts_of_a_deflated_file_are_looked_at_too(pose):
    patched(pose, GDR, 48, ">i", 2**31 - 1)
    content = pose.read_bytes()
    pose.write_bytes(deflated(content, 5, gzip.compress(content[8:])))
    with pytest.raises(UserError, match="more variables or axes than there can be"):
        read_poses(pose, 3)


DAMAGE = {
    "another variable leads to itself, two billion times": [
        (VDR, 12, ">q", "itself"), (VDR, 84, ">i", 0x58585858), (GDR, 60, ">i", 2**31 - 1)],
    "the places lead to themselves": [(VXR, 12, ">q", "itself")],
    "two billion places": [(VXR, 20, ">i", 2**31 - 1), (VXR, 24, ">i", 2**31 - 1)],
    "two billion records": [(VDR, 24, ">i", 2**31 - 2)],
    "two billion axes of the file": [(GDR, 56, ">i", 2**31 - 1)],
    "two billion axes of the variable": [(VDR, 340, ">i", 2**31 - 1)],
    "two billion attributes": [(GDR, 48, ">i", 2**31 - 1)],
    "no name": [(VDR, 84, ">q", 0)],
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_one_ends_in_a_line(pose, kind):
    for change in DAMAGE[kind]:
        patched(pose, *change)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(UserError, match=r"pose\.cdf: "):
        read_poses(pose, 3)
    assert time.perf_counter() - start < 10 and tracemalloc.get_traced_memory()[1] < 2**27
    tracemalloc.stop()


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_a_line_or_other_numbers(pose, seed):
    rng = np.random.default_rng(seed)
    content = bytearray(pose.read_bytes())
    for place in rng.integers(0, min(len(content), 1200), 3):
        content[place] = rng.integers(0, 256)
    pose.write_bytes(content)
    try:
        assert read_poses(pose, 3).shape[1:] == (32, 3)
    except UserError as error:
        assert str(error).startswith(f"{pose}: ") and "\n" not in str(error)
