"""User errors, reported in one line instead of a traceback."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import sys
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A command line that reports wrong usage in one line, without a list of all flags."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse unknown flags here, where --help lists the known ones of this very command."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end with 2."""
        self.exit(2, f"error: {message} ({self.prog} --help lists all)\n")


EXTRAS = {
    "jobs": ("scipy", "PIL", "h5py", "matplotlib", "tqdm"),
    "h36m": ("cdflib",),
    "video": ("av",),
    "heic": ("pillow_heif",),
    "cluster": ("mpi4py",),
    "onnx": ("onnx",),
    "bench": ("torch",),
}


def missing_package(error: ModuleNotFoundError) -> str:
    """How to install a package that an extra holds. Any other failed import is raised again."""
    package = str(error.name).partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return f"{package} is not installed: python -m pip install -e '.[{extra}]'"
    raise error


def counted(number: int, noun: str) -> str:
    """A number of things, as messages say it.

    >>> counted(0, "frame"), counted(1, "frame"), counted(2, "frame")
    ('0 frames', '1 frame', '2 frames')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def line_of(error: Exception) -> str:
    """What the command line says of an error: the system's own name the file, then the reason."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        names = [os.fsdecode(n) for n in (error.filename, error.filename2) if n is not None]
        return f"{' -> '.join(names)}: {error.strerror.lower()}"
    return str(error)


def print_any_name() -> None:
    """Let output hold what its encoding lacks, such as a name that is no UTF-8: as ``\\udce9``.

    Else the line that names one file would end the work on all.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # and no stand-in of a notebook
            stream.reconfigure(errors="backslashreplace")


def to_be_sent(error: BaseException) -> BaseException:
    """For another process: the error, or one with its words if it cannot be pickled.

    That one is reported in the same way.
    """
    try:
        if str(pickle.loads(pickle.dumps(error))) == str(error):
            return error
    except Exception:  # whatever its class makes of it
        pass
    if isinstance(error, ValueError | OSError):
        return UserError(line_of(error))
    return RuntimeError(f"{type(error).__name__}: {error}")


class UserError(ValueError):
    """What was given, what was expected, and where. The command line prints it and exits with 1."""


class Diverged(UserError):
    """The loss of a training became infinite or NaN."""


class Interrupted(KeyboardInterrupt):
    """Training was told to stop; a checkpoint has been written. The exit status is 130."""
