"""Files that a command writes: new ones, whole or not at all; numbers that it reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from minipose.errors import UserError
from minipose.storage import atomic, expect_folder
from minipose.training.checkpoint import not_finite


def expect_new(path: Path, endings: tuple[str, ...]) -> None:
    """Raises UserError if a file cannot be made there: before anything is computed."""
    if path.suffix not in endings:
        raise UserError(f"{path}: expected a file {' or '.join(endings)}")
    if path.exists() or path.is_symlink():
        raise UserError(f"{path}: is there already; remove it, or choose another name")
    expect_folder(path.parent)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise UserError where the system refuses to write a file, under whatever name."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from None


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; see ``storage.atomic``. Raises UserError if that is impossible."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as partial:
            yield partial


def expect_file(path: Path, what: str) -> None:
    """Raises UserError if there is no such file."""
    if not path.is_file():
        raise UserError(
            f"{path}: {'a folder' if path.is_dir() else 'no such file'}, expected {what}"
        )


def expect_finite(path: Path, state: Mapping[str, np.ndarray]) -> None:
    """Raises UserError if a parameter or buffer holds NaN or an infinity."""
    bad = not_finite(state)
    if bad is not None:
        raise UserError(f"{path}: {bad} holds numbers that are not finite")
