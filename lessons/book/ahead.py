"""Lessons whose outputs are not kept are run ahead of their pages, several at a time.

Sphinx reads one page after another, and MyST-NB would run its lesson then. A lesson keeps little
more than one processor busy, and no page needs another's outputs. So what is to be run is run
before, and put into MyST-NB's own cache, where it finds the outputs when the page is read.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from lessons import course
from lessons.book import pages
from minipose.errors import UserError
from minipose.processors import processors

MOST = 4  # lessons at a time: one takes up to 0.6 GB of memory
COLOUR = re.compile(r"\x1b\[[\d;]*m")
# What measures by the clock needs the machine to itself. A job does: its log says images a second.
TIMED = re.compile(r'\bkit\.(processor_)?seconds\b|\bmain\(\["train"')
THREADS = ("MINIPOSE_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class LessonFailed(Exception):
    """Which lesson, its cell, and what that raised."""


class Loop(asyncio.SelectorEventLoop):
    """An event loop that Ctrl-C ends, with all kernels.

    The handler that each notebook asks for would end the kernel of the last one only.
    """

    def add_signal_handler(self, *_: object) -> None:
        raise RuntimeError("Ctrl-C is handled for all notebooks together")


def before_pages(app: Any, env: Any, names: list[str]) -> None:
    """Sphinx: these pages are to be read. A lesson that fails ends the build, with status 1."""
    config = app.config
    if config.nb_execution_mode != "cache":
        return
    cache = get_cache(config.nb_execution_cache_path)
    paths = [Path(env.doc2path(name)) for name in names]
    lessons = [course.read(path) for path in paths if path.suffix == ".py"]
    lessons.sort(key=lambda lesson: -lesson.budget)  # so that none is still running at the end
    notebooks = {one.path: pages.read(one.path.read_text(encoding="utf-8")) for one in lessons}
    try:
        run(stale(notebooks, cache), cache, config.nb_execution_timeout)
    except (LessonFailed, UserError) as error:
        sys.exit(f"error: {error}")  # of other exceptions Sphinx says more about itself


def stale(
    notebooks: dict[Path, NotebookNode], cache: JupyterCacheAbstract
) -> dict[Path, NotebookNode]:
    """Those whose outputs the cache does not have."""

    def is_kept(notebook: NotebookNode) -> bool:
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            return False
        return True

    return {path: notebook for path, notebook in notebooks.items() if not is_kept(notebook)}


def run(
    notebooks: dict[Path, NotebookNode],
    cache: JupyterCacheAbstract,
    timeout: int,
    threads: int | None = None,
) -> None:
    """Run notebooks in this order, as many at a time as there are processors, and keep the outputs.

    Those that measure seconds are run last, one at a time, with the machine to themselves. The
    others share the processors, which changes none of their numbers: minipose's are the same for
    any number of threads.

    Parameters
    ----------
    timeout : s, for a cell
    threads : of all lessons together, default: as many as there are ``processors``

    Raises
    ------
    LessonFailed
        If one stops with an error. None is begun after it; what runs beside it goes on to its end,
        and what has been run is kept.
    """
    threads = threads or processors()
    alone = {path: notebook for path, notebook in notebooks.items() if is_timed(notebook)}
    shared = {path: notebook for path, notebook in notebooks.items() if path not in alone}
    places = max(1, min(MOST, threads, len(shared)))
    if notebooks:
        print(f"lessons to run: {len(notebooks)}, {places} at a time", flush=True)
    done = 0

    def keep(path: Path, seconds: float) -> None:
        nonlocal done
        data = {"execution_seconds": seconds}
        bundle = CacheBundleIn(notebooks[path], str(path), data=data)
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        done += 1
        print(f"[{done}/{len(notebooks)}] {path.stem} run: {seconds:.1f} s", flush=True)

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_run(shared, places, timeout, threads // places, keep))
        runner.run(_run(alone, 1, timeout, threads, keep))


def is_timed(notebook: NotebookNode) -> bool:
    """Whether a notebook measures how long something takes."""
    return any(cell.cell_type == "code" and TIMED.search(cell.source) for cell in notebook.cells)


async def _run(
    notebooks: dict[Path, NotebookNode],
    places: int,
    timeout: int,
    threads: int,
    keep: Callable[[Path, float], None],
) -> None:
    """Run notebooks, one in each place at a time; ``keep`` is called as each is done."""
    waiting, failed = list(notebooks), []
    environment = {**os.environ}
    if places > 1:  # the user's MINIPOSE_THREADS is for all lessons together, BLAS's for each
        environment = dict.fromkeys(THREADS, str(threads)) | environment
        environment["MINIPOSE_THREADS"] = str(threads)

    async def in_one_place() -> None:
        while waiting and not failed:
            path = waiting.pop(0)
            where = {"metadata": {"path": str(path.parent)}}
            client = NotebookClient(notebooks[path], timeout=timeout, resources=where)
            client.record_timing = False  # in the cells' metadata, by which the cache knows them
            start = time.perf_counter()
            try:
                await client.async_execute(env=environment)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                failed.append(LessonFailed(f"{path}: {COLOUR.sub('', str(error))}"))
            else:
                keep(path, time.perf_counter() - start)

    await asyncio.gather(*(in_one_place() for _ in range(places)))
    if failed:
        raise failed[0]
