"""The pages of what was found by use name tests that exist, a row for each fault."""

from __future__ import annotations

import re

import pytest

from tests.test_docs import ROOT, is_there
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


def test_the_tables_are_those_of_the_programs():
    killed, damaged = numbers("torture"), numbers("fuzz")
    for rows in (killed, damaged):
        total = rows.pop("**all**")
        assert total == [sum(column) for column in zip(*rows.values(), strict=True)]
    assert killed.keys() <= {job.name for job in JOBS}
    kills, *faults = (sum(column) for column in zip(*killed.values(), strict=True))
    assert kills > 0 and not any(faults)
    files, refused, read, *faults = (sum(column) for column in zip(*damaged.values(), strict=True))
    assert files == refused + read > 0 and not any(faults)


def test_a_part_of_a_page_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    write_between(page, "a", ["new", "lines"])
    assert page.read_text() == "before\n<!-- a -->\n\nnew\nlines\n\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="expected <!-- b -->"):
        write_between(page, "b", [])
