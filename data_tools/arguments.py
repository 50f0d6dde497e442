"""What the tools' command lines have in common."""

from __future__ import annotations

import argparse
from pathlib import Path


def path(text: str) -> Path:
    """A path; an empty word, which would mean the current folder, is a slip."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a path, got {text!r}")
    return Path(text)


def seed(text: str) -> int:
    """A seed, which is no number below 0."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number of 0 or more, got {text!r}")
    return int(text)


class Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """--help with each flag's default, where it has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)
