"""A source disk that is gone ends a build: it is no fault of the files, which would be left out."""

from __future__ import annotations

import os
from pathlib import Path

from minipose.datasets.guard import CannotRead, said_by_the_disk
from minipose.errors import UserError
from minipose.refusals import CannotWrite


class SourceGone(UserError):
    """The source's disk gives no more files."""


def expect_disk(error: BaseException, path: Path | None = None) -> None:
    """Whatever went wrong with a file, was it the file?

    Also what the error was raised in place of is looked at: readers say in words of their own what
    the system told them.

    Parameters
    ----------
    path : of the file, where the error may not name it

    Raises
    ------
    SourceGone
        If it was the disk, or the file is gone together with all that lay beside it.
    CannotWrite
        If it was the disk that is written to.
    """
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, SourceGone | CannotWrite):
            raise behind
        said = _said(behind, path)
        if said:
            raise SourceGone(
                f"{said}: is its disk still there? Nothing is lost: run the same command again "
                "when it is"
            ) from None
        behind = behind.__context__


def _said(error: BaseException, path: Path | None) -> str:
    """A disk's error in words; "" for all others."""
    if isinstance(error, CannotRead):
        return str(error)
    if not isinstance(error, OSError):
        return ""
    named = None if error.filename is None else Path(os.fsdecode(error.filename))
    if reason := said_by_the_disk(error):
        return f"{named or path or 'a file of the source'}: {reason}"
    if isinstance(error, FileNotFoundError) and named and not _holds_anything(named.parent):
        return f"{named.parent}: empty or gone, although files were found there"
    return ""


def _holds_anything(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False
