"""The README's program runs as it stands and prints what its comments say."""

import re
import subprocess
import sys

import pytest

from tests.test_docs import ROOT

PROGRAM = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)[1]
PROMISED = re.findall(r"^print\(.+\)  # (.+)$", PROGRAM, re.M)


@pytest.mark.parametrize("plain", [False, True], ids=["as-it-is", "plain"])
def test_the_program_prints_what_it_says(plain, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    if plain:
        monkeypatch.setenv("MINIPOSE_PLAIN", "1")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert len(PROMISED) == 2
    assert done.stdout.splitlines() == PROMISED


def test_the_readme_says_how_to_use_a_gpu():
    text = (ROOT / "README.md").read_text("utf-8")
    for words in ("DEVICE=cuda", "--device cuda", "make first-light", "docs/gpu.md"):
        assert words in text
