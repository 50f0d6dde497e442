"""Configuration files: TOML in, TOML out."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

from minipose.errors import UserError


def read_config(path: str | os.PathLike, known: set[str]) -> dict[str, Any]:
    """The settings of a TOML file.

    Raises
    ------
    UserError
        If the file is missing, is not TOML, or holds a key that nothing here understands.
    """
    try:
        with open(path, "rb") as file:
            values = tomllib.load(file)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable TOML file ({error})") from None
    unknown = sorted(set(values) - known)
    if unknown:
        raise UserError(
            f"{path}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    return values


def write_config(path: str | os.PathLike, values: dict[str, Any]) -> None:
    """Write flat settings (numbers, texts, flags, lists of them) as TOML; None is left out."""
    path = Path(path)
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text("\n".join(lines) + "\n")
    os.replace(partial, path)


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(value)  # TOML's numbers, flags and basic strings are written like JSON's
