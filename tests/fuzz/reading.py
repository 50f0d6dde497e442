"""Damaged files read in a process of their own, which may crash, hang, or take all memory."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minipose.errors import UserError
from minipose.lifetime import end_with_parent
from tests.fuzz.damage import damaged
from tests.fuzz.kinds import KINDS, Kind

SECONDS, MEMORY = 10.0, 1.5e9  # of the processor, and bytes: what reading one file may take
PATIENCE = 300.0  # s in which a process that only waits has to go on; others use the machine, too
MOST_MEMORY = 8 * 2**30  # of addresses: the machine is shared
REFUSED, READ = "refused", "read"


@dataclass(frozen=True)
class Outcome:
    """What became of a file: "refused" by a line, "read", or what must not happen, in words."""

    number: int
    what: str


def read_damaged(name: str, numbers: range, seed: int, folder: Path) -> Iterator[Outcome]:
    """Damage and read the files of these numbers; each time the process ends, another goes on."""
    numbers = list(numbers)
    while numbers:
        done = 0
        for outcome in _in_a_process(name, numbers, seed, folder):
            done += 1
            yield outcome
        numbers = numbers[done:]


def _in_a_process(name: str, numbers: list[int], seed: int, folder: Path) -> Iterator[Outcome]:
    """Outcomes as far as one process goes; the last may be its own end."""
    incoming, outgoing = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            end_with_parent(parent)
            os.close(incoming)
            _work(KINDS[name], name, numbers, seed, folder, outgoing)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(outgoing)
    seen = 0
    try:
        with os.fdopen(incoming, "rb", buffering=0) as pipe:
            rest = b""
            since, used = time.perf_counter(), _processor_time(child)
            while True:
                ready, _, _ = select.select([pipe], [], [], 1.0)
                if not ready:
                    busy = _processor_time(child) - used
                    if max(busy / SECONDS, (time.perf_counter() - since) / PATIENCE) > 1:
                        yield Outcome(numbers[seen], f"hung for more than {SECONDS:.0f} s")
                        return
                    continue
                chunk = os.read(incoming, 65536)
                since, used = time.perf_counter(), _processor_time(child)
                if not chunk:
                    break
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield Outcome(*json.loads(line))
                    seen += 1
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if seen < len(numbers):
        yield Outcome(numbers[seen], f"ended its interpreter (status {status})")


def _processor_time(process: int) -> float:
    """Seconds for which a process, and those that it has waited for, have computed."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _work(
    kind: Kind, name: str, numbers: list[int], seed: int, folder: Path, outgoing: int
) -> None:
    warnings.simplefilter("ignore")  # libraries warn of odd tags and types
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    place = folder / name.replace("/", "-") / kind.file
    shutil.rmtree(folder / name.replace("/", "-"), ignore_errors=True)
    place.parent.mkdir(parents=True)
    kind.write(place)
    sound = place.read_bytes()
    expected = _plain(kind.read(place)) if kind.exact else None
    before = _peak()
    for number in numbers:
        rng = np.random.default_rng([seed, *name.encode(), number])
        place.write_bytes(damaged(sound, place.suffix or place.name, rng))
        start = time.process_time()
        what = _read(kind, place, expected)
        spent = time.process_time() - start
        if spent > SECONDS:
            what = f"took {spent:.0f} s"
        if _peak() - before > MEMORY:
            what, before = f"took {(_peak() - before) / 1e9:.1f} GB", _peak()
        os.write(outgoing, json.dumps([number, what]).encode() + b"\n")


def _read(kind: Kind, place: Path, expected: Any) -> str:
    try:
        found = kind.read(place)
    except UserError as error:
        lines = str(error).strip().count("\n") + 1
        return REFUSED if lines == 1 and len(str(error)) < 700 else f"{lines} lines: {error}"[:300]
    except ModuleNotFoundError:
        raise
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"a traceback: {type(error).__name__}: {error} ({where.name})"[:300]
    if not kind.nan and not _finite(found):
        return "accepted a number that is not finite"
    if kind.exact and not _same(_plain(found), expected):
        return "accepted other content"
    return READ


def _peak() -> float:
    """Most memory so far, of this process or of one that read for it."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whose) * 1024.0


def _finite(found: Any) -> bool:
    if isinstance(found, np.ndarray) and found.dtype.kind in "fc":
        return bool(np.isfinite(found).all())
    if isinstance(found, float):
        return bool(np.isfinite(found))
    if isinstance(found, dict):
        return all(map(_finite, found.values()))
    return all(map(_finite, found)) if isinstance(found, (list, tuple)) else True


def _plain(found: Any) -> Any:
    """With copies of arrays, which are compared later."""
    if isinstance(found, np.ndarray):
        return found.copy()
    if isinstance(found, dict):
        return {k: _plain(v) for k, v in found.items()}
    return [_plain(v) for v in found] if isinstance(found, (list, tuple)) else found


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, np.ndarray):
        return isinstance(found, np.ndarray) and np.array_equal(found, expected)
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_same(found[k], expected[k]) for k in found)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return found == expected
