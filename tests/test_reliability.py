"""The pages of what was found by use name tests that exist, a row for each fault."""

from __future__ import annotations

import re

import pytest

from tests.fuzz.kinds import KINDS
from tests.test_docs import ROOT, is_there
from tests.torture import disks
from tests.torture.jobs import JOBS
from tests.written_page import write_between

PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
THREATS = (ROOT / "docs/security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (T\d+) \| (.+) \| (.+) \|$", PAGE, re.M)
NAMED = r"`(tests/[\w/]+\.py)::(\w+)`"


def expect_tests(text: str) -> None:
    named = re.findall(NAMED, text)
    assert named and text.count("`tests/") == len(named), f"no test is named: {text}"
    for file, name in named:
        path = ROOT / file
        assert is_there(path), file
        if path.exists():
            found = re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.M)
            assert found, f"{file}::{name}"


def test_every_fault_has_a_row():
    assert [name for name, _, _ in ROWS] == [f"T{i}" for i in range(1, 19)]


@pytest.mark.parametrize(("fault", "tests"), [(name, tests) for name, _, tests in ROWS])
def test_what_holds_a_fault_is_there(fault, tests):
    expect_tests(tests)


def test_every_threat_has_its_test():
    rows = re.findall(r"^\| (?!who brings|---)(.+) \|$", THREATS, re.M)
    assert len(rows) >= 8
    for row in rows:
        expect_tests(row.rpartition(" | ")[2])


def numbers(name: str) -> dict[str, list[int]]:
    """The rows of the table that a program wrote."""
    (text,) = re.findall(rf"<!-- {name} -->\n(.*)<!-- /{name} -->", PAGE, re.S)
    rows = re.findall(r"^\| (.+?) ((?:\| \d+ )+)\|$", text, re.M)
    return {row: [int(cell) for cell in cells.split("|")[1:]] for row, cells in rows}


def test_the_tables_are_those_of_the_programs_and_long_enough():
    killed, damaged = numbers("torture"), numbers("fuzz")
    for rows in (killed, damaged):
        total = rows.pop("**all**")
        assert total == [sum(column) for column in zip(*rows.values(), strict=True)]
    assert list(killed) == [job.name for job in JOBS]
    assert [name.strip("`") for name in damaged] == list(KINDS)
    kills, *faults = (sum(column) for column in zip(*killed.values(), strict=True))
    assert kills >= 200 and not any(faults)
    files, refused, read, *faults = (sum(column) for column in zip(*damaged.values(), strict=True))
    assert files == refused + read >= 20_000 and not any(faults)


def test_every_disk_that_refused_left_the_same():
    (text,) = re.findall(r"<!-- disks -->\n(.*)<!-- /disks -->", PAGE, re.S)
    rows = re.findall(r"^\| (?!program|---)(.+?) \| (.+) \| (.+) \|$", text, re.M)
    assert [name for name, _, _ in rows] == [name for name, _ in disks.CASES]
    for (_, said, end), (_, how) in zip(rows, disks.CASES, strict=True):
        lines = said.split("<br>")
        assert end == "the same"
        if how.startswith(disks.UNPLUGGED):
            assert len(lines) == 1 and "put/output error" in lines[0]
        else:
            assert "no space left on device; it needs" in lines[0]
            assert "read-only file system" in lines[1] and len(lines) == 2


def test_a_part_of_a_page_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    write_between(page, "a", ["new", "lines"])
    assert page.read_text() == "before\n<!-- a -->\n\nnew\nlines\n\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="expected <!-- b -->"):
        write_between(page, "b", [])
