"""Run a reader's file against its checks; whatever goes wrong ends as one sentence."""

from __future__ import annotations

import importlib
import os
import re
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lessons.workbook.clock import Stopped, at_most
from lessons.workbook.judge import Wrong
from lessons.workbook.pages import Exercise, all_exercises

SECONDS = 5.0  # of the processor, for a part that names no limit of its own
DONE, YOURS, WRONG, WAITS = "done", "your turn", "wrong", "waits"
STOPPED = ": stopped "

# How NumPy says that two matrices do not fit.
GUFUNC = re.compile(r"Input operand \d has a mismatch .+\(size (\d+) is different from (\d+)\)")

HINTS = {  # what is said -> what it means here
    r"'(Value|Tensor)' object has no attribute": ": its number or array is in .data",
    r"unsupported operand .*'(Value|Tensor)'": ": its number or array is in .data",
    r"'(int|float)' object has no attribute 'data'": ": a number stands where a Value should",
    r"'NoneType' object is not callable": ": a value that was given has the rule None",
    r"'NoneType' object is not subscriptable": ": is a `return` missing?",
    r"for [-+*/@]+=?: 'NoneType'": ": it is None there, nothing has been put in yet",
}


@dataclass(frozen=True)
class Result:
    """What became of one part of an exercise."""

    part: str
    verdict: str
    message: str = ""


def examine(exercise: Exercise, folder: Path) -> list[Result]:
    """The verdict on each part of an exercise, from the reader's file in ``folder``."""
    checks = importlib.import_module(f"lessons.workbook.checks.{exercise.name}")
    with package(folder):
        try:
            with at_most(SECONDS):
                mine = importlib.import_module(f"mine.{exercise.name}")
        except BaseException as error:
            return [_judged("the file", error, exercise, folder)]
        results: dict[Callable, Result] = {}
        for check in checks.PARTS:
            needed = [results[each] for each in getattr(check, "needs", ())]
            missing = [each.part for each in needed if each.verdict != DONE]
            waits = Result(check.__name__.strip("_"), WAITS, f"for {', '.join(missing)}")
            endless = any(STOPPED in each.message for each in needed)
            result = waits if endless else _one(check, mine, exercise, folder)
            results[check] = waits if missing and result.verdict == WRONG else result
        return list(results.values())


def _one(
    check: Callable[[types.ModuleType], None],
    mine: types.ModuleType,
    exercise: Exercise,
    folder: Path,
) -> Result:
    name = check.__name__.strip("_")
    try:
        with at_most(getattr(check, "seconds", SECONDS)), np.errstate(all="ignore"):
            check(mine)
    except BaseException as error:
        return _judged(name, error, exercise, folder)
    return Result(name, DONE)


@contextmanager
def package(folder: Path) -> Iterator[None]:
    """Make ``mine`` the package of that folder, read afresh; leave no trace of it."""
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _forget()
    mine = types.ModuleType("mine")
    mine.__path__ = [str(folder)]
    sys.modules["mine"] = mine
    importlib.invalidate_caches()
    try:
        yield
    finally:
        _forget()
        sys.dont_write_bytecode = written


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


# --- What went wrong, in a sentence ---------------------------------------------------------------


def _judged(name: str, error: BaseException, exercise: Exercise, folder: Path) -> Result:
    if isinstance(error, Wrong):
        return Result(name, WRONG, str(error))
    if isinstance(error, KeyboardInterrupt):
        raise error
    if isinstance(error, SyntaxError):
        text = (error.text or "").strip()
        where = _named(Path(error.filename or exercise.of(folder)), error.lineno)
        return Result(name, WRONG, f"{where}: {error.msg}" + (f": {text}" if text else ""))
    own = [frame for frame in traceback.walk_tb(error.__traceback__) if _is_in(frame[0], folder)]
    if not own and isinstance(error, AttributeError) and isinstance(error.obj, types.ModuleType):
        where = _named(exercise.of(folder))
        return Result(name, WRONG, f"{where} has no {error.name}: it stands in {exercise.shown}")
    if not own:
        kind = type(error).__name__
        return Result(name, WRONG, f"what came back cannot be judged: {kind}: {error}")
    frame, line = own[-1]
    path = Path(frame.f_code.co_filename)
    where = f"{_named(path, line)}, in {frame.f_code.co_name}"
    if isinstance(error, NotImplementedError):
        if path.name == exercise.of(folder).name:
            return Result(name, YOURS, f"line {line}")
        return Result(name, YOURS, f"it needs {_other(path)} first ({_named(path, line)})")
    if isinstance(error, Stopped):
        return Result(name, WRONG, f"{where}{STOPPED}{error}")
    if isinstance(error, SystemExit):
        return Result(name, WRONG, f"{where}: it ends the program (exit or quit)")
    if isinstance(error, RecursionError):
        return Result(name, WRONG, f"{where}: it calls itself without end")
    hint = next((h for pattern, h in HINTS.items() if re.search(pattern, str(error))), "")
    shapes = [sorted(re.findall(r"\d+", each)) for each in re.findall(r"\([\d, ]+\)", str(error))]
    if len(shapes) == 2 and shapes[0] == shapes[1]:
        hint = ": the same lengths in another order, transpose"
    given = _shapes(frame)
    said = GUFUNC.sub(r"the inner lengths differ, \2 and \1", str(error)).strip()
    message = f"{where}: {type(error).__name__}: {said}{hint}"
    return Result(name, WRONG, message + (f" (there {given})" if given else ""))


def _is_in(frame: types.FrameType, folder: Path) -> bool:
    return Path(frame.f_code.co_filename).is_relative_to(folder)


def _named(path: Path, line: int | None = None) -> str:
    """A reader's file, from where they stand: lessons/mine/graph.py:12."""
    shown = os.path.relpath(path)
    place = path if shown.startswith("..") else shown
    return f"{place}:{line}" if line else str(place)


def _other(path: Path) -> str:
    for exercise in all_exercises():
        if exercise.name == path.stem:
            return f"your {exercise.name} (make check N={exercise.number})"
    return path.name


def _shapes(frame: types.FrameType) -> str:
    """The arrays that the function had: "x is (4, 2), weight (3, 2)"."""
    shown = []
    for name, value in frame.f_locals.items():
        value = getattr(value, "data", value) if hasattr(value, "rule") else value
        if isinstance(value, np.ndarray):
            shown.append(f"{name} is {value.shape}")
    return ", ".join(shown[:5])
