"""What the tools' command lines have in common."""

from __future__ import annotations

import argparse
from pathlib import Path


def path(text: str) -> Path:
    """A path; an empty word, which would mean the current folder, is a slip."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a path, got {text!r}")
    return Path(text)
