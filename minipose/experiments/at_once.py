"""Several trainings at the same time, each in a process with its share of the processors.

Two processes that train one network wait for each other: one of them also makes the batches and
moves the weights. Two trainings with a processor each do not, and their numbers are the same.

Without ``minipose.fast`` products run on BLAS's own threads, and each process has as many of those
as there are processors: NumPy has no way to change that once it is loaded. The command begun with
``OPENBLAS_NUM_THREADS=1`` gives each training one.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import wait
from typing import Any

from minipose.errors import Interrupted, UserError, to_be_sent
from minipose.lifetime import end_with_parent, signals_later
from minipose.processors import processors
from minipose.training.interrupts import led
from minipose.training.parts import on_threads, ready_to_fork

Task = Callable[[], None]
STOPPED = "stopped; all trainings are kept, go on with --resume"


def possible(asked: int, device: str, ranks: int) -> int:
    """How many trainings at once: as many as ``asked``, or as there are processors if that is 0.

    One where they would share a GPU, or several ranks train together, or a process cannot be forked
    safely.
    """
    if device != "cpu" or ranks > 1 or sys.platform != "linux":
        return 1
    return asked or processors()


def do(tasks: Mapping[str, Task], at_once: int) -> None:
    """Do all tasks, in order, so many at a time; lines that one prints begin with its name.

    Raises
    ------
    Interrupted
        After Ctrl-C or SIGTERM, which those that run then have obeyed.
    Exception
        What the first task that failed has raised; the others that ran then were stopped.
    """
    at_once = min(at_once, len(tasks))
    if at_once < 2:
        for number, (name, task) in enumerate(tasks.items(), start=1):
            print(f"[{number}/{len(tasks)}] {name}", flush=True)
            task()
        return
    threads = max(1, processors() // at_once)
    waiting = enumerate(tasks.items(), start=1)
    with _ended([]) as running:
        while True:
            for number, (name, task) in waiting:
                print(f"[{number}/{len(tasks)}] {name}", flush=True)
                _begin(running, name, task, threads)
                if len(running) == at_once:
                    break
            if not running:
                return
            ready = wait([process.pipe for process in running])
            for process in [each for each in running if each.pipe in ready]:
                running.remove(process)
                process.expect_done()


@contextlib.contextmanager
def _ended(running: list[_Process]) -> Iterator[list[_Process]]:
    """In the end none of these processes runs: they are asked to stop, and have time to save."""
    try:
        yield running
    except KeyboardInterrupt:
        _stop(running)
        raise Interrupted(STOPPED) from None
    finally:
        _stop(running)


def _begin(running: list[_Process], name: str, task: Task, threads: int) -> None:
    """Start one more; a signal waits until it is one of those that will be stopped."""
    with signals_later():
        running.append(_Process(name, task, threads))


def _stop(running: list[_Process]) -> None:
    for process in running:
        process.stop()
    for process in running:
        process.process.join()
    running.clear()


class _Process:
    """A copy of this process that does one task."""

    def __init__(self, name: str, task: Task, threads: int) -> None:
        self.name = name
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        ready_to_fork()
        self.process = context.Process(target=_serve, args=(self.pipe, theirs, name, task, threads))
        self.process.start()
        theirs.close()

    def stop(self) -> None:
        """As a polite kill does: it saves, and ends; what it has to say is not heard any more."""
        self.process.terminate()
        self.pipe.close()

    def expect_done(self) -> None:
        """Wait; raises what the task raised."""
        try:
            outcome = self.pipe.recv()
        except EOFError:
            outcome = None
        self.process.join()
        if outcome is not None:
            error, place = outcome
            raise error from (_Traceback(f"\n{place}") if place else None)
        if self.process.exitcode:
            raise UserError(
                f"{self.name}: its process was ended from outside (status "
                f"{self.process.exitcode}; out of memory?): go on with --resume"
            )


def _serve(pipe: Any, mine: Any, name: str, task: Task, threads: int) -> None:
    """What the process does; it begins with signals blocked."""
    pipe.close()
    sys.stdout, sys.stderr = _Named(name, sys.stdout), _Named(name, sys.stderr)
    outcome: tuple[BaseException, str] | None = None
    try:
        end_with_parent()
        with led(), on_threads(threads):
            task()
    except KeyboardInterrupt as stopped:
        outcome = Interrupted(str(stopped)), ""
    except BaseException as error:
        outcome = to_be_sent(error), "".join(traceback.format_exception(error))
    with contextlib.suppress(OSError):  # nobody reads: the first process will notice, too
        sys.stdout.end()
        sys.stderr.end()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        mine.send(outcome)


class _Traceback(Exception):
    """Where in the process an error was raised, as the cause of the same error here."""


class _Named(io.TextIOBase):
    """Whole lines only, each with a name in front: those of several processes do not mix."""

    def __init__(self, name: str, out: Any) -> None:
        self.name, self.out, self.begun = name, out, ""

    def write(self, text: str) -> int:
        *lines, self.begun = (self.begun + text).split("\n")
        if lines:
            self.out.write("".join(f"{self.name}: {line}\n" for line in lines))
            self.out.flush()
        return len(text)

    def flush(self) -> None:
        """Lines go out as they end."""

    def end(self) -> None:
        """The last line goes out, too, if nothing ended it."""
        if self.begun:
            self.write("\n")
