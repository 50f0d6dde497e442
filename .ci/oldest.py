"""The oldest versions that pyproject.toml declares.

``python .ci/oldest.py`` prints them as pip's constraints, a line each; ``--installed`` prints those
that are installed here instead, and fails where one is another than the declared one.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DECLARED = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\d.]+)")  # name[extras]>=version


def oldest() -> dict[str, str]:
    """The lowest version of every package, of all extras together.

    ``label`` does not count: it has one version only, and an environment of its own.
    """
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    groups = [project["dependencies"], *(extras[name] for name in extras if name != "label")]
    found: dict[str, str] = {}
    for requirement in (each for group in groups for each in group):
        declared = DECLARED.fullmatch(requirement)
        if declared is None:
            sys.exit(f"pyproject.toml: expected name>=version, got {requirement!r}")
        name, lowest = declared.groups()
        if found.setdefault(name, lowest) != lowest:
            sys.exit(f"pyproject.toml: {name} from {found[name]} on, and from {lowest} on")
    return found


def check_installed() -> None:
    """Print what is installed of it. Exits with a message where a version is another one."""
    for name, lowest in oldest().items():
        try:
            here = version(name)
        except PackageNotFoundError:
            continue
        print(name, here)
        if _numbers(here) != _numbers(lowest):
            sys.exit(f"{name}: {lowest} is declared as the oldest version, {here} is installed")


def _numbers(version: str) -> list[int]:
    """2, 2.0 and 2.0.0 are one version."""
    numbers = [int(n) for n in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


if __name__ == "__main__":
    if sys.argv[1:] == ["--installed"]:
        check_installed()
    else:
        print("\n".join(f"{name}=={lowest}" for name, lowest in oldest().items()))
