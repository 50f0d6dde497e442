"""The ranks that a launcher has started: who they are, who speaks for them, and how they end."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import time
import traceback
from collections.abc import Callable

from minipose.errors import UserError, missing_package
from minipose.training.communicator import ALONE, Communicator, launched

RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")  # which of them this is
PATIENCE = 1.0  # s in which rank 0 reports what has failed on all ranks


@functools.lru_cache
def world(device: str = "cpu") -> Communicator:
    """All processes that ``mpirun`` has started together with this one; without it, this one."""
    if launched() == 1:
        return ALONE
    if device == "cuda":
        from minipose.training.communicator_nccl import NCCLCommunicator

        return NCCLCommunicator()
    from minipose.training.communicator_mpi import MPICommunicator

    return MPICommunicator()


def expect_work_for_all(ranks: Communicator, comparison: str | None, batch: int) -> None:
    """Say what ranks do with a batch, or why they cannot share the work.

    Raises
    ------
    UserError
        If there are several trainings to share out, or more ranks than samples in a batch.
    """
    if ranks.size == 1:
        return
    if comparison:
        raise UserError(
            f"--compare {comparison} is several trainings, {ranks.size} processes share one: "
            "start it without mpirun"
        )
    if batch < ranks.size:
        raise UserError(
            f"{ranks.size} processes cannot share a batch of {batch}: expected --batch of at least "
            f"{ranks.size}"
        )
    print(f"{ranks.size} processes with {ranks.threads} threads each share a batch of {batch}")


def expect_the_same(ranks: Communicator, **choices: object) -> None:
    """Ranks that begin with other data or choices would wait for each other without an end.

    Raises
    ------
    UserError
        Naming the first choice that is not rank 0's.
    """
    first, *others = ranks.gather(choices)
    for rank, own in enumerate(others, 1):
        for name, value in own.items():
            if value != first[name]:
                raise UserError(
                    f"rank {rank} has {name} {value}, rank 0 {first[name]}: "
                    "expected the same data and choices on all"
                )


def everywhere(main: Callable[[], int]) -> int:
    """Run a program on every rank; rank 0 alone prints. Returns the exit status.

    A rank that fails ends them all. What fails on all of them is said once, by rank 0.
    """
    if launched() == 1:
        return main()
    try:
        ranks = world()
    except (UserError, ModuleNotFoundError) as error:
        if any(os.environ.get(name) == "0" for name in RANKS):
            found = error if isinstance(error, UserError) else missing_package(error)
            print(f"error: {found}", file=sys.stderr)
        return 1
    if ranks.rank == 0:
        status = _status(main)
    else:
        said = io.StringIO()
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            with contextlib.redirect_stderr(said):
                status = _status(main)
        if status:
            time.sleep(PATIENCE)
            last = said.getvalue().strip().splitlines()
            print(f"rank {ranks.rank}: {last[-1] if last else status}", file=sys.stderr)
    if status:
        sys.stdout.flush()
        sys.stderr.flush()
        ranks.fail(status)
    return status


def _status(main: Callable[[], int]) -> int:
    """What a program returns, or how it ends otherwise."""
    try:
        return main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
