"""``python -m tests.plain``: lint and tests without minipose/fast, which is only speed.

The tree is copied, minipose/fast and tests/fast are left out of the copy, and what remains has to
pass the linter and the tests as it stands. All arguments go to pytest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONLY_SPEED = ("minipose/fast/", "tests/fast/")
MADE = {
    ".git",
    ".venv",
    ".venv-oldest",
    "data",
    "runs",
    "build",
    "minipose.egg-info",
    "__pycache__",
}

# An editable installation would offer the checkout's minipose.fast where the copy has none.
NOT_FROM_THE_CHECKOUT = """
import sys
sys.meta_path[:] = [f for f in sys.meta_path if getattr(f, "__name__", "") != "_EditableFinder"]
"""
FAST_IS_GONE = """
import importlib.util, minipose
assert importlib.util.find_spec("minipose.fast") is None, "minipose/fast is still found"
print("minipose without fast:", *minipose.__path__)
"""


def files() -> list[str]:
    """What belongs to the project: what git lists, or all but what is made by commands."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listed = subprocess.run(
            [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        names = listed.stdout.rstrip("\0").split("\0")
        return [name for name in names if (ROOT / name).is_file()]
    names = []
    for folder, folders, found in os.walk(ROOT):
        made = MADE if Path(folder) == ROOT else {"__pycache__"}
        folders[:] = [name for name in folders if name not in made]
        names += [(Path(folder) / name).relative_to(ROOT).as_posix() for name in found]
    return names


def copy(into: Path) -> None:
    """The tree without what is only speed."""
    for name in files():
        if not name.startswith(ONLY_SPEED):
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)


def main(arguments: list[str]) -> int:
    """Copy, lint, test. Returns the exit status of the first command that fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.plain", description=__doc__.partition("\n")[0]
    )
    _, arguments = parser.parse_known_args(arguments)  # pytest's
    with tempfile.TemporaryDirectory(prefix="minipose-plain-") as folder:
        tree = Path(folder) / "away" / ROOT.name  # nothing that lies beside the checkout is found
        copy(tree)
        start = Path(folder) / "start"
        start.mkdir()
        (start / "sitecustomize.py").write_text(NOT_FROM_THE_CHECKOUT, encoding="utf-8")
        path = os.pathsep.join([str(start), str(tree)])
        environment = {**os.environ, "PYTHONPATH": path}
        environment.pop("MINIPOSE_PLAIN", None)  # it has to do without being told to
        for command in (
            ["-c", FAST_IS_GONE],
            ["-m", "ruff", "check", "."],
            ["-m", "ruff", "format", "--check", "-q", "."],
            ["-m", "pytest", *arguments],
        ):
            command = [sys.executable, *command]
            status = subprocess.run(command, cwd=tree, env=environment, check=False).returncode
            if status:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
