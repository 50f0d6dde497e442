"""The page of faults names tests that exist."""

import re

import pytest

from tests.test_docs import ROOT

PAGE = (ROOT / "docs/photographs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (D\d+) \| (.+) \| (.+) \|$", PAGE, re.M)


def test_every_fault_has_a_row():
    numbers = [int(name[1:]) for name, _, _ in ROWS]
    assert numbers == sorted(set(numbers)) and set(range(1, 10)) <= set(numbers)


@pytest.mark.parametrize(("fault", "tests"), [(name, tests) for name, _, tests in ROWS])
def test_what_holds_a_fault_is_there(fault, tests):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
    assert named and tests.count("`tests/") == len(named), f"{fault}: no test is named"
    for file, name in named:
        found = re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)
        assert found, f"{fault}: {file}::{name}"
