"""Settings of a run, from flags, file and defaults; and the folder that the run owns."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from minipose.config import read_config, write_config
from minipose.errors import UserError


def settings_of(
    args: argparse.Namespace, known: set[str], defaults: dict[str, Any]
) -> dict[str, Any]:
    """Flags over the configuration file over defaults; paths as texts.

    Raises
    ------
    UserError
        If the configuration file is missing, broken, or holds unknown keys.
    """
    settings = dict(defaults)
    if args.config:
        settings |= read_config(args.config, known)
    settings |= {k: v for k, v in vars(args).items() if k in known and v is not None}
    for name, value in settings.items():
        if isinstance(value, Path):
            settings[name] = str(value)
    return settings


def claim(folder: Path, config: dict[str, Any], known: set[str], resume: bool) -> None:
    """Make the run folder, or make sure that an existing one is meant to be continued.

    Raises
    ------
    UserError
        If the folder holds a run with other settings.
    """
    path = folder / "config.toml"
    if path.exists():
        before = read_config(path, known)
        now = {k: list(v) if isinstance(v, tuple) else v for k, v in config.items()}
        now = {k: v for k, v in now.items() if v is not None}
        changed = sorted(k for k in before.keys() | now if before.get(k) != now.get(k))
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
    write_config(path, config)
