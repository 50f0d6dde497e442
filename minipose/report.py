"""``report.md`` and ``report.json``: what a run measured, on how much data, with which versions."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np


def versions() -> dict[str, str]:
    """Versions of everything that the numbers may depend on."""
    import minipose

    found = {
        "minipose": minipose.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    for name in ("scipy", "h5py", "cupy"):
        try:
            found[name] = __import__(name).__version__
        except ImportError:
            continue
    return found


def write_report(
    folder: Path, title: str, text: str, figures: dict[str, str], result: dict[str, Any]
) -> None:
    """Write both reports, atomically.

    Parameters
    ----------
    text : Markdown with the tables
    figures : {file name in the folder: caption}
    result : everything as plain numbers; versions are added
    """
    result = {**result, "versions": versions()}
    used = ", ".join(f"{name} {value}" for name, value in result["versions"].items())
    lines = [f"# {title}", "", text, ""]
    for name, caption in figures.items():
        lines += [f"![{caption}]({name})", "", f"*{caption}*", ""]
    lines += [f"Versions: {used}.", ""]
    _replace(folder / "report.md", "\n".join(lines))
    _replace(folder / "report.json", json.dumps(result, indent=2) + "\n")


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text)
    os.replace(partial, path)
