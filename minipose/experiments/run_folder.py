"""The folder that a run owns, and ``config.toml`` in it, which says what the run is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minipose.errors import UserError
from minipose.experiments.settings import Choices, declared, read_toml
from minipose.storage import remove_abandoned, write_text


def claim(folder: Path, settings: Choices, recipe: Choices, resume: bool) -> None:
    """Make the run folder, or see to it that an existing one is meant to be continued.

    A choice that an earlier run's file lacks had its default then.

    Raises
    ------
    UserError
        If the folder holds a run with other choices.
    """
    path = folder / "config.toml"
    choices = declared(type(settings), type(recipe))
    now = _plain({**asdict(settings), **asdict(recipe), "out": folder})
    if path.exists():
        before = _plain({n: c.default for n, c in choices.items()}) | read_toml(path)
        numbers = [n for n, c in choices.items() if c.metadata["affects_numbers"]]
        changed = sorted(n for n in numbers if before.get(n) != now.get(n))
        if resume and changed:
            raise UserError(
                f"{folder}: cannot resume, {changed[0]} was {before.get(changed[0])} and is now "
                f"{now.get(changed[0])}"
            )
        if not resume and (folder / "last.npz").exists() and changed:
            raise UserError(
                f"{folder}: holds a run with another {changed[0]} ({before.get(changed[0])}); "
                "choose another --out, or remove the folder"
            )
    folder.mkdir(parents=True, exist_ok=True)
    remove_abandoned(folder)
    write_toml(path, now)


def write_toml(path: Path, values: Mapping[str, Any]) -> None:
    """Write flat settings (numbers, texts, true and false, lists of them) as TOML."""
    # TOML's numbers, truth values, lists and basic strings are written like JSON's.
    write_text(path, "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As they come back from a file: lists, paths as texts, and nothing that is not given."""
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    return {
        name: str(v) if isinstance(v, Path) else v for name, v in plain.items() if v is not None
    }
