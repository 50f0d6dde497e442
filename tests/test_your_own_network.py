"""The page's own network runs as it stands, and learns what the page says."""

import re
import resource
import subprocess
import sys

import pytest

from tests.test_docs import ROOT

pytest.importorskip("sklearn", reason="scikit-learn, which ships the digits, is not installed")

PAGE = (ROOT / "docs/your_own_network.md").read_text(encoding="utf-8")
PROGRAM = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]


def test_the_program_is_short():
    lines = PROGRAM.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100
    assert PROGRAM.count("seed = 0\n") == 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_program_of_the_page_reads_digits(seed, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    program = PROGRAM.replace("seed = 0\n", f"seed = {seed}\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert seconds < 60  # of all cores together, whatever else the machine has to do
    right, count = re.fullmatch(r"([\d.]+) % of (\d+) digits\n", done.stdout).groups()
    assert float(right) >= 97 and int(count) == 450
