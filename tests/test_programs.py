"""Every program that a page, the Makefile or a file of ours names says how it is used."""

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = re.compile(r"(?:python -m|\$\(RUN\)) ((?:minipose|data_tools|lessons|tests)[\w.]*\w)")
NAMING = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "Makefile"]
PROGRAMS = sorted({name for file in NAMING for name in OURS.findall(file.read_text("utf-8"))})
NEEDS = {"tests.oracles.step": "torch"}


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")  # others may have imported it
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_is_asked_for_help_says_how_it_is_used_and_does_nothing(
    program, monkeypatch, capsys
):
    if "fast" in program.split("."):
        pytest.importorskip("minipose.fast", reason="it may be deleted")
    if program in NEEDS:
        pytest.importorskip(NEEDS[program])
    monkeypatch.setattr(sys, "argv", [program, "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    assert not end.value.code
    assert "usage" in capsys.readouterr().out.lower()
