"""One command in a process of its own, which is killed at a file operation or at some moment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minipose.lifetime import end_with_parent

MARK = "TORTURE_ID"  # in the environment of a process and of all that it begins
OF_THE_KERNEL = 0x00200000  # a flag of threads that have no environment
GRACE = 10.0  # s that processes may take to end after the one that began them

# What an audit hook sees of files; of ``open`` only what may write counts.
OPERATIONS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"}


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status (negative: a signal), what it printed, and the time."""

    status: int
    printed: str
    seconds: float
    operations: int = 0


def run(
    command: Callable[[], int],
    folder: Path,
    mark: str,
    at_operation: int | None = None,
    after: float | None = None,
    limit: float = 1800.0,
) -> Ended:
    """Fork, go to ``folder`` and call ``command``; its return value is the exit status.

    The fork saves the imports, which take longer than most commands here.

    Parameters
    ----------
    mark : in the environment of the process, to find what it leaves behind
    at_operation : kill it just before this operation on files, counted from 1
    after : kill it after so many seconds
    limit : seconds after which it counts as hanging, and is killed; others use the machine, too
    """
    output, counts = folder.parent / f"{folder.name}.out", folder.parent / f"{folder.name}.count"
    counts.unlink(missing_ok=True)
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        _become(command, folder, mark, at_operation, output, counts)
    end = start + (limit if after is None else after)
    status = None
    while status is None:
        done, how = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(how)
        elif time.perf_counter() > end:
            os.kill(child, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if after is None:
                status = -signal.SIGALRM  # it hung
        else:
            time.sleep(0.005)
    seconds = time.perf_counter() - start
    count = int(counts.read_text()) if counts.exists() else 0
    return Ended(status, output.read_text(errors="replace"), seconds, count)


def orphans(mark: str, grace: float = GRACE) -> list[str]:
    """The commands of processes with this mark that still live after ``grace`` seconds."""
    end = time.perf_counter() + grace
    while (found := _marked(mark)) and time.perf_counter() < end:
        time.sleep(0.05)
    return found


def _marked(mark: str) -> list[str]:
    wanted, found = f"{MARK}={mark}".encode(), []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with contextlib.suppress(OSError):
                if wanted in environment(place).split(b"\0"):
                    state = (place / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z":
                        name = (place / "cmdline").read_bytes().replace(b"\0", b" ")
                        found.append(name.decode(errors="replace")[:200])
    return found


def environment(process: Path) -> bytes:
    """Of a process in /proc. While a program is loaded into it, it has none: that is waited for."""
    for _ in range(50):
        found = (process / "environ").read_bytes()
        state, *rest = (process / "stat").read_text().rpartition(")")[2].split()
        if found or state == "Z" or int(rest[5]) & OF_THE_KERNEL:
            break
        time.sleep(0.01)
    return found


def _become(
    command: Callable[[], int],
    folder: Path,
    mark: str,
    at_operation: int | None,
    output: Path,
    counts: Path,
) -> None:
    """The child: it never returns."""
    status = 70
    try:
        parent = os.getppid()
        end_with_parent(parent)
        os.setsid()
        os.environ[MARK] = mark
        with open(output, "wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout = open(1, "w", closefd=False)
        sys.stderr = open(2, "w", closefd=False)
        os.chdir(folder)
        seen = _count_operations(at_operation)
        try:
            status = command()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        counts.write_text(str(seen[0]))
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _count_operations(kill_at: int | None) -> list[int]:
    """Count what this process does with files from now on; at one of them it is killed."""
    seen, own = [0], os.getpid()

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            _, mode, flags = arguments
            writes = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            if not writes and not (isinstance(mode, str) and set(mode) & set("wax+")):
                return
        elif event not in OPERATIONS:
            return
        if os.getpid() != own:
            return
        seen[0] += 1
        if seen[0] == kill_at:
            os.kill(own, signal.SIGKILL)

    sys.addaudithook(hook)
    return seen
