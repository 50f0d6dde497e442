"""``report.md`` and ``report.json``: what a run measured, on how much data, with which versions."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from minipose.storage import write_text


def versions() -> dict[str, str]:
    """Versions of everything that the numbers may depend on."""
    import minipose

    found = {
        "minipose": minipose.__version__,
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    for name in ("scipy", "h5py"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if "cupy" in sys.modules:  # which a run on a CPU never imports
        found["cupy"] = sys.modules["cupy"].__version__
    return found


def publish(
    folder: Path, title: str, text: str, drawn: dict[str, str], result: dict[str, Any]
) -> None:
    """Write both reports, then print the text: a reader who goes away early loses nothing.

    Parameters
    ----------
    text : Markdown with the tables
    drawn : {picture in the folder: caption}
    result : everything as plain numbers; versions are added
    """
    folder.mkdir(parents=True, exist_ok=True)
    result = {**result, "versions": versions()}
    used = ", ".join(f"{name} {value}" for name, value in result["versions"].items())
    lines = [f"# {title}", "", text, ""]
    for name, caption in drawn.items():
        lines += [f"![{caption}]({name})", "", f"*{caption}*", ""]
    lines += [f"Versions: {used}.", ""]
    write_text(folder / "report.md", "\n".join(lines))
    write_text(folder / "report.json", json.dumps(result, indent=2) + "\n")
    print(text)
