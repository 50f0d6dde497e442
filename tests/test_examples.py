"""The examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import minipose

ROOT = Path(minipose.__file__).parent.parent
FILES = sorted((ROOT / "minipose").rglob("*.py"))
MODULES = [f.relative_to(ROOT) for f in FILES if ">>> " in f.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", MODULES, ids=str)
def test_examples(file):
    name = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0 < result.attempted
