"""Jobs in processes that must get on: one that hangs or crashes on a file is lost, the rest is not.

A library in C can loop for ever over a damaged file, or end its process; nothing inside that
process can stop it. So each job keeps a note: a timer that needs no interpreter writes to it, and
ends the process, once there has been no progress for ``SECONDS``; so does a crash. Whoever started
the processes finds the note, does without that job's result, and goes on with the others.
"""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO, TypeVar

from data_tools.processes import start
from minipose.errors import UserError

Job, Result = TypeVar("Job"), TypeVar("Result")

SECONDS = 120.0  # without progress; a frame takes milliseconds, all poses of a take a few seconds


class _Timer:
    """This process's timer, if a job is under way."""

    note: TextIO | None = None
    seconds = SECONDS
    since = 0.0


def still_working() -> None:
    """Say, from inside a job, that there is progress; outside of one it does nothing."""
    if _Timer.note is not None and time.monotonic() - _Timer.since > _Timer.seconds / 20:
        _wind()


def _wind() -> None:
    _Timer.since = time.monotonic()
    faulthandler.dump_traceback_later(_Timer.seconds, exit=True, file=_Timer.note)


@contextmanager
def _timed(note: Path, seconds: float) -> Iterator[None]:
    with note.open("w") as file:
        _Timer.note, _Timer.seconds = file, seconds
        faulthandler.enable(file)
        _wind()
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()
            _Timer.note = None
    note.unlink()


def _do(work: Callable[[Job], Result], job: Job, note: Path, seconds: float) -> Result:
    with _timed(note, seconds):
        return work(job)


def in_order(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    notes: Sequence[Path],
    workers: int,
    lost: Callable[[Job, str], Result],
) -> Iterator[Result]:
    """Results of all jobs, in order.

    Parameters
    ----------
    work : does a job; calls ``still_working`` now and then
    notes : a path for each job's note; none is left at the end
    lost : what takes the place of the result of a job that hung or crashed, told in words

    Raises
    ------
    BrokenProcessPool
        If a process ended for another reason: it was killed from outside.
    """
    done, missing = 0, {}
    while done < len(jobs):
        rest = [k for k in range(done, len(jobs)) if k not in missing]
        pool = start(max(1, min(workers, len(rest))))
        try:
            todo = [jobs[k] for k in rest], [notes[k] for k in rest]
            results = pool.map(_do, repeat(work), *todo, repeat(SECONDS))
            while done < len(jobs):
                result = missing[done] if done in missing else next(results)
                done += 1
                yield result
        except BrokenProcessPool:
            why = {k: _why(notes[k]) for k in rest}
            if not any(why.values()):
                raise
            missing |= {k: lost(jobs[k], words) for k, words in why.items() if words}
        finally:
            pool.shutdown(cancel_futures=True)  # who is interrupted stops here


def _why(note: Path) -> str:
    """What became of a job by its note, which is removed; "" if nothing did."""
    try:
        text = note.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    note.unlink()
    if not text:
        return ""
    if text.startswith("Timeout"):
        return f"its reader made no progress for {SECONDS:g} s"
    return "its reader crashed"


def apart(work: Callable[[Job], Result], job: Job, path: Path) -> Result:
    """The result of one job that is done in a process of its own.

    Raises
    ------
    UserError
        If it hangs or crashes on ``path``; or whatever the job raises.
    """

    def lost(_: Job, why: str) -> Result:
        raise UserError(f"{path}: {why}")

    with TemporaryDirectory() as folder:
        try:
            return next(in_order(work, [job], [Path(folder, "note")], 1, lost))
        except BrokenProcessPool:
            raise UserError(f"{path}: its reader was ended from outside (out of memory?)") from None
