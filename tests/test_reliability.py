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
    rows = re.findall(r"^\| (?!who|---)(.+) \|$", THREATS, re.M)
    assert len(rows) >= 8
    for row in rows:
        expect_tests(row.rpartition(" | ")[2])


def test_the_tables_are_those_of_the_programs():
    kills = re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.M)
    names = [row[0] for row in kills]
    assert names[-1] == "**all**" and set(names[:-1]) <= {job.name for job in JOBS}
    assert sum(int(row[1]) for row in kills[:-1]) == int(kills[-1][1]) >= 200
    assert kills[-1][2:] == ("0", "0", "0", "0")
    (files,) = re.findall(
        r"^\| \*\*all\*\* \| (\d+) \| (\d+) \| (\d+) ((?:\| \d+ )+)\|$", PAGE, re.M
    )[1:]
    assert int(files[0]) == int(files[1]) + int(files[2]) >= 20_000
    assert set(files[3].split("|")[1:]) == {" 0 "}


def test_a_part_of_a_page_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    write_between(page, "a", ["new", "lines"])
    assert page.read_text() == "before\n<!-- a -->\n\nnew\nlines\n\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="expected <!-- b -->"):
        write_between(page, "b", [])
